"""What a revision changed, in a few words: for lists of an example's history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curation.domain import markdown
from curation.domain.markdown import ExampleDoc
from curation.domain.token_diff import equal_runs

# Of these both values are said; of the other parts only that they changed.
_LABELS = (("label", "generations"), ("type", "type"), ("difficulty", "difficulty"))
_SIDES = (("from", "from_generation"), ("to", "to_generation"))
_PARTS = (
    ("title", "title"),
    ("tags", "tags"),
    ("task", "description"),
    ("needed version", "requires_version"),
)
_SECTIONS = (("expectation", "expected"), ("explanation", "explanation"))


@dataclass(frozen=True)
class Change:
    words: tuple[str, ...]  # "label all → dwc", "code"; never empty
    added: int  # lines
    removed: int


def change(before: str | None, after: str) -> Change:
    """How `after` differs from `before`, which is None for a first text."""
    if before is None:
        return Change(("first text",), len(_lines(after)), 0)
    old, new = _lines(before), _lines(after)
    same = sum(length for _, _, length in equal_runs(old, new))
    docs = [markdown.parse(text, path="").doc for text in (before, after)]
    words = tuple(_words(docs[0], docs[1])) if docs[0] and docs[1] else ()
    return Change(words or ("text",), len(new) - same, len(old) - same)


def _words(old: ExampleDoc, new: ExampleDoc) -> Iterator[str]:
    for word, field in (*_LABELS, *_SIDES):
        was, now = _said(getattr(old, field)), _said(getattr(new, field))
        if was != now:
            yield f"{word} {was} → {now}"
    if _code(old) != _code(new):
        yield "code"
    for word, field in (*_PARTS, *_SECTIONS):
        if getattr(old, field) != getattr(new, field):
            yield word


def _said(value: str | tuple[str, ...]) -> str:
    return (value if isinstance(value, str) else ", ".join(value)) or "none"


def _code(doc: ExampleDoc) -> list[tuple[str, str, str]]:
    return [(file.name, file.part, file.code) for file in doc.code_files]


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")
