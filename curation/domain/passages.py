"""A message cut into passages: fences, quotes, BBj that stands there bare, and prose.

What is BBj is decided line by line by the grammar of the offline check, which refuses English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from curation.domain.bbj import check

Kind = Literal["fence", "quote", "code", "prose"]

# Possessive, so that a hostile line is given up in one pass.
_FENCE = re.compile(r"^ {0,3}(`{3,}+|~{3,}+)[ \t]*+([^\s`]*+)[^`\n]*+$")
_QUOTE = re.compile(r"^ {0,3}> ?")
_ENDS_LIKE_A_SENTENCE = re.compile(r"[A-Za-z)\"'][.?]$")  # not "!", which ends the name of an object
_REM = re.compile(r"^\s*(?:\d+\s+)?rem(?:\s|$)", re.IGNORECASE)
_SIGN = re.compile(r"[=\"($'!%]|^\s*rem\s", re.IGNORECASE)
_LABEL = re.compile(r"^\s*(\w+):\s*$")
_WORD = re.compile(r"\w+")
_LABEL_OR_NUMBER = re.compile(r"^\s*(?:\w+:|\d+)\s*$")
_LONGEST_STATEMENT = 2_000  # characters; nobody wrote a longer line, and judging one costs time

# What a line alone cannot know: these say something about the program that it stands in.
_OF_THE_WHOLE_PROGRAM = frozenset(
    (
        "undefined-label",
        "number-in-unnumbered-program",
        "method-outside-class",
        "field-outside-class",
        "unclosed-class",
        "statement-in-class",
    )
)


@dataclass(frozen=True)
class Passage:
    """Lines [first, last] of a text, counted from 0.

    Attributes:
        body: The text without fence lines and without the signs of a quote; no final line break.
        tag: What stands behind the opening fence.
        closed: False for a fence that the text never closes.
    """

    kind: Kind
    first: int
    last: int
    body: str
    tag: str = ""
    closed: bool = True


@lru_cache(maxsize=4)  # the checks and the conversion ask for the same answer one after the other
def passages(text: str) -> tuple[Passage, ...]:
    """All of `text`, in order; blank lines belong to the passage before them. Never raises."""
    found: list[Passage] = []
    lines = text.split("\n")
    at = plain_from = 0
    while at < len(lines):
        if mark := _FENCE.match(lines[at]):
            found += _bare(lines, plain_from, at)
            end = _closing(lines, at + 1, mark[1])
            last = len(lines) - 1 if end is None else end
            body = "\n".join(lines[at + 1 : len(lines) if end is None else end])
            found.append(Passage("fence", at, last, body, mark[2], end is not None))
        elif _QUOTE.match(lines[at]):
            found += _bare(lines, plain_from, at)
            last = at
            while last + 1 < len(lines) and _QUOTE.match(lines[last + 1]):
                last += 1
            body = "\n".join(_QUOTE.sub("", line) for line in lines[at : last + 1])
            found.append(Passage("quote", at, last, body))
        else:
            at += 1
            continue
        at = plain_from = last + 1
    found += _bare(lines, plain_from, len(lines))
    return tuple(found)


def is_bbj(code: str) -> bool:
    """Whether most lines of a text are BBj statements, and one of them says more than a word could."""
    lines = [line for line in code.split("\n") if line.strip()]
    statements = [line for line in lines if _counts(line)]
    return bool(lines) and 2 * len(statements) > len(lines) and any(map(_SIGN.search, statements))


def _closing(lines: Sequence[str], start: int, fence: str) -> int | None:
    for at in range(start, len(lines)):
        mark = _FENCE.match(lines[at])
        if mark and mark[1].startswith(fence) and not mark[2]:
            return at
    return None


def _bare(lines: Sequence[str], start: int, end: int) -> Iterator[Passage]:
    """Lines outside fences and quotes: runs of two or more statements are code, the rest is prose.

    One statement is code only as a paragraph of its own, or below a line that ends with a colon.
    """
    at = prose_from = start
    while at < end:
        last, statements = _run(lines, at, end)
        signs = any(_SIGN.search(line) for line in lines[at : last + 1])
        above = lines[at - 1].rstrip() if at > start else ""
        apart = above[-1:] in ("", ":") and (last + 1 >= end or not lines[last + 1].strip())
        if signs and (statements > 1 or (statements == 1 and apart)):
            first, last = _with_labels(lines, at, last, prose_from, end)
            yield from _prose(lines, prose_from, first)
            yield Passage("code", first, last, "\n".join(lines[first : last + 1]))
            at = prose_from = last + 1
        else:
            at = max(last, at) + 1
    yield from _prose(lines, prose_from, end)


def _run(lines: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """(last line, number of statements) of the run that begins here; labels and blanks may stand inside."""
    last, statements = start - 1, 0
    for at in range(start, end):
        line = lines[at]
        if _counts(line):
            last, statements = at, statements + 1
        elif not statements or not (not line.strip() or _LABEL_OR_NUMBER.match(line) or line.startswith(":")):
            break
    return last, statements


def _with_labels(lines: Sequence[str], first: int, last: int, start: int, end: int) -> tuple[int, int]:
    """The run with the labels around it that it names: "menu:" belongs to GOTO menu, "Note:" to nothing."""
    words = set(_WORD.findall("\n".join(lines[first : last + 1]).casefold()))

    def belongs(line: str) -> bool:
        label = _LABEL.match(line)
        return label is not None and label[1].casefold() in words

    for at in range(first - 1, start - 1, -1):
        if belongs(lines[at]):
            first = at
        elif lines[at].strip():
            break
    for at in range(last + 1, end):
        if belongs(lines[at]):
            last = at
        elif lines[at].strip():
            break
    return first, last


def _prose(lines: Sequence[str], start: int, end: int) -> Iterator[Passage]:
    if body := "\n".join(lines[start:end]).strip("\n"):
        yield Passage("prose", start, end - 1, body)


def _counts(line: str) -> bool:
    return bool(line.strip()) and not _LABEL_OR_NUMBER.match(line) and _is_statement(line)


@lru_cache(maxsize=4096)
def _is_statement(line: str) -> bool:
    if len(line) > _LONGEST_STATEMENT:
        return False
    if _REM.match(line):
        return True
    if _ENDS_LIKE_A_SENTENCE.search(line.rstrip()):
        return False
    return not any(f.certain and f.code not in _OF_THE_WHOLE_PROGRAM for f in check(line))
