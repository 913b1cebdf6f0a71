"""An author's generation label beside what the traces in the code say, in words for a page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from curation.domain.agreement import agreement
from curation.domain.bbj import Evidence
from curation.domain.bbj.conformance import Conformance
from curation.domain.markdown import ExampleDoc

WORDS = {"conforms": ("good", "agrees"), "differs": ("warn", "differs"), "cannot tell": ("", "cannot tell")}
TITLES = {"": "", "before": "Before", "after": "After"}
MOST_TRACES = 60  # shown of a part
LONGEST_PIECE = 60  # characters between two traces


@dataclass(frozen=True)
class TracedLine:
    """A line of the file. `pieces` are its text, each with whether it is a trace; long ones are cut with …"""

    number: int
    pieces: tuple[tuple[str, bool], ...]
    traces: tuple[Evidence, ...]


@dataclass(frozen=True)
class JudgedPart:
    """`chip` is a class of studio.css and `word` stands in it."""

    title: str
    chip: str
    word: str
    said: Conformance
    lines: tuple[TracedLine, ...]
    more: int  # traces that are not shown


def judged_parts(doc: ExampleDoc) -> list[JudgedPart]:
    """One a label: two of a migration; none of an example without code."""
    texts = doc.text.split("\n")
    parts = []
    for part in agreement(doc).parts:
        shown, more = part.said.evidence[:MOST_TRACES], part.said.evidence[MOST_TRACES:]
        by_line = groupby(shown, key=lambda trace: trace.line)
        lines = [traced_line(number, texts[number - 1], tuple(traces)) for number, traces in by_line]
        parts.append(
            JudgedPart(TITLES[part.part], *WORDS[part.said.verdict], part.said, tuple(lines), len(more))
        )
    return parts


def traced_line(number: int, text: str, traces: tuple[Evidence, ...]) -> TracedLine:
    pieces = []
    done = len(text) - len(text.lstrip())
    for trace in traces:
        if trace.column - 1 < done:
            continue  # one trace inside another, such as a style name in a script
        pieces += [(_short(text[done : trace.column - 1]), False), (_short(trace.text), True)]
        done = trace.end - 1
    pieces.append((_short(text[done:]), False))
    return TracedLine(number, tuple(piece for piece in pieces if piece[0]), traces)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_PIECE else f"{text[:LONGEST_PIECE]}…"
