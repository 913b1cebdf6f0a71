"""What the editor shows beside a text while it is written: suggested labels, length, previews."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from curation.domain import markdown
from curation.domain.composing import CannotSplit, Pieces, split
from curation.domain.label_advice import LabelAdvice, advise, label_signature, with_advice
from curation.services import measuring
from curation.views.labels import TITLES, WORDS, TracedLine, traced_line
from curation.views.rendering import markdown_html

ANY_PATH = "strings/new.md"  # of a new example that has none yet
PREVIEWED = ("expected", "explanation")
MOST_TRACES = 8  # of one label; the page of the example shows more


@dataclass(frozen=True)
class ShownTrace:
    where: str  # "Main.bbj, line 2", "line 2"
    line: TracedLine


@dataclass(frozen=True)
class ShownAdvice:
    """`chip` is a class of studio.css, `word` stands in it; both "" when no label is written yet."""

    title: str
    labels: tuple[str, ...]
    written: tuple[str, ...]
    chip: str
    word: str
    unsure: bool
    traces: tuple[ShownTrace, ...]
    more: int


def live_context(text: str, *, path: str, accepted: str) -> dict[str, Any]:
    """What _editor_advice.html and the previews need.

    Args:
        accepted: The labels when their author last accepted a suggestion (label_signature).
    """
    context = {"previews": {}, "advices": [], "accept": "", "signature": "", **_length(text, path)}
    try:
        pieces = split(text)
    except CannotSplit:
        return context
    advices = advise(pieces)
    fields = {name: list(value) for advice in advices for name, value in advice.accepted.items()}
    return {
        **context,
        "previews": {piece: markdown_html(getattr(pieces, piece)) for piece in PREVIEWED},
        "advices": [_shown(advice, pieces) for advice in advices],
        "accept": json.dumps(fields) if fields else "",
        "offered": ", ".join(dict.fromkeys(", ".join(value) for value in fields.values())),
        "signature": label_signature(with_advice(pieces, advices)),
        "is_accepted": bool(accepted) and accepted == label_signature(pieces),
    }


def _length(text: str, path: str) -> dict[str, Any]:
    doc = markdown.parse(text.replace("\0", ""), path=path or ANY_PATH).doc
    if doc is None:
        return {"length": None, "length_says": "Counted once the errors are mended."}
    try:
        return {"length": measuring.length_of(doc), "length_says": ""}
    except measuring.NotMeasured as reason:
        return {"length": None, "length_says": str(reason)}


def _shown(advice: LabelAdvice, pieces: Pieces) -> ShownAdvice:
    chip, word = WORDS[advice.verdict] if advice.verdict else ("", "")
    shown = advice.traces[:MOST_TRACES]
    return ShownAdvice(
        title=TITLES[advice.part],
        labels=advice.labels,
        written=advice.written,
        chip=chip,
        word=word,
        unsure=advice.unsure,
        traces=tuple(
            ShownTrace(_where(pieces, file, line), _traced(pieces, file, line, [one.found for one in traces]))
            for (file, line), traces in groupby(shown, key=lambda one: (one.file, one.found.line))
        ),
        more=len(advice.traces) - len(shown),
    )


def _traced(pieces: Pieces, file: int, line: int, traces: list[Any]) -> TracedLine:
    return traced_line(line, pieces.code[file].code.split("\n")[line - 1], tuple(traces))


def _where(pieces: Pieces, file: int, line: int) -> str:
    if len(pieces.code) == 1:
        return f"line {line}"
    return f"{pieces.code[file].name or f'Program {file + 1}'}, line {line}"
