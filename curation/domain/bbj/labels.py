"""Which labels a program uses, and whether they exist. Only references that can be nothing else count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curation.domain.bbj.grammar import Reading
from curation.domain.bbj.lexer import LABEL, LINE_NUMBER, NAME, LogicalLine
from curation.domain.bbj.structure import Found
from curation.domain.bbj.words import RESERVED, SYSTEM_VARIABLES

_SWITCHES = frozenset({"on", "off"})  # SETESC OFF
_NO_LABELS = RESERVED - SYSTEM_VARIABLES


def problems(read: Sequence[tuple[LogicalLine, Reading]]) -> Iterator[Found]:
    """References to labels and line numbers that do not exist, and labels that may not be called so.

    A label counts as defined wherever it stands, also in another method: the check claims what it can know.
    """
    names: set[str] | None = None
    numbers: set[str] = set()
    for line, reading in read:
        for at in reading.labels:
            if line.tokens[at].text.lower() in _NO_LABELS:
                yield line, at, "reserved-word", ""
        for at in reading.targets:
            if names is None:
                lines = [line for line, _ in read]
                names, numbers = _defined_labels(lines), _line_numbers(lines)
            token = line.tokens[at]
            if token.kind == NAME:
                name = token.text.lower()
                if name not in names and name not in _SWITCHES:
                    yield line, at, "undefined-label", ""
            elif numbers and token.text.lstrip("0") not in numbers:
                yield line, at, "undefined-line-number", ""


def _defined_labels(lines: Sequence[LogicalLine]) -> set[str]:
    """Names in front of a colon. Those in masks and templates are taken too, to be on the safe side."""
    names = set()
    for line in lines:
        if ":" not in line.text:
            continue
        tokens = line.tokens
        for index, token in enumerate(tokens[:-1]):
            if token.kind == LABEL or (token.kind == NAME and tokens[index + 1].text == ":"):
                names.add(token.text.lower())
    return names


def _line_numbers(lines: Sequence[LogicalLine]) -> set[str]:
    firsts = (line.tokens[0] for line in lines if line.tokens)
    return {first.text.lstrip("0") for first in firsts if first.kind == LINE_NUMBER}
