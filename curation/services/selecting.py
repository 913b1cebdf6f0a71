"""Choosing what goes into a dataset version: approved examples that a filter matches, and what else goes in.

What is chosen is named without its text: of 100,000 examples, texts are read in chunks and let go again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from curation.domain.search_words import asked_words
from curation.models import ChatRecord, CorpusFile, CorpusProgram, Revision
from curation.models.examples import ExampleQuerySet
from curation.services import choosing, finding, searching

One = TypeVar("One")
CHUNK = 500  # texts of one question to the database
FILTERS = ("q", "type", "topic", "generation", "difficulty", "tag")  # as the list of examples has them


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which approved examples, as in finding.Filters, and what beside them. Empty means: any."""

    q: str = ""
    path: str = ""  # what the path begins with
    type: str = ""
    topic: str = ""
    generation: str = ""
    difficulty: str = ""
    tag: str = ""
    conversations: bool = True  # those that somebody chose

    @property
    def narrowed(self) -> dict[str, Any]:
        """What differs from taking everything, by name."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    @property
    def policy(self) -> str | dict[str, Any]:
        """As the manifest says it. One word for everything: older versions keep their digest."""
        return {"status": "approved", **self.narrowed} if self.narrowed else "approved"


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class ChosenExample:
    """The present revision of an approved example."""

    revision: int
    example: int
    path: str
    content_hash: str
    type: str
    topic: str
    label: str  # its generations as words
    verdict: str  # what the traces say about the label
    writer: int  # who wrote the present text


@dataclass(frozen=True, slots=True)
class ChosenText:
    """A text that is no example; `path` is what the manifest calls it."""

    pk: int
    path: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class ChosenProgram(ChosenText):
    """A raw program, on the terms of its newest version; `since` grows with the day it came."""

    licence: str
    source: str
    since: int


@dataclass(frozen=True)
class Chosen:
    """What a version would hold. Two of them are equal exactly when they hold the same rows."""

    examples: tuple[ChosenExample, ...]  # each kind in path order
    corpus: tuple[ChosenProgram, ...]
    conversations: tuple[ChosenText, ...]

    @property
    def in_order(self) -> list[ChosenExample | ChosenText]:
        """One kind after the other: the order of clusters and sides in a plan."""
        return [*self.examples, *self.corpus, *self.conversations]


def choose(selection: Selection = EVERYTHING) -> Chosen:
    """What is approved and matches now."""
    talks = choosing.chosen_conversations() if selection.conversations else []
    return Chosen(
        tuple(_examples(selection)),
        tuple(_corpus()),
        tuple(ChosenText(talk.pk, talk.path, talk.content_hash) for talk in talks),
    )


def revisions_of(examples: Sequence[ChosenExample]) -> Iterator[tuple[ChosenExample, Revision]]:
    """Each example with its revision, in the order given, CHUNK texts at a time."""
    for part in _parts(examples):
        rows = Revision.objects.in_bulk([one.revision for one in part])
        yield from ((one, rows[one.revision]) for one in part)


def programs_of(corpus: Sequence[ChosenText]) -> Iterator[tuple[ChosenText, CorpusFile]]:
    """The same of raw programs."""
    for part in _parts(corpus):
        rows = CorpusFile.objects.in_bulk([one.pk for one in part])
        yield from ((one, rows[one.pk]) for one in part)


def records_of(conversations: Sequence[ChosenText]) -> Iterator[tuple[ChosenText, ChatRecord]]:
    """The same of conversations."""
    for part in _parts(conversations):
        rows = ChatRecord.objects.in_bulk([one.pk for one in part])
        yield from ((one, rows[one.pk]) for one in part)


def _parts(chosen: Sequence[One]) -> Iterator[Sequence[One]]:
    return (chosen[start : start + CHUNK] for start in range(0, len(chosen), CHUNK))


def count(selection: Selection) -> int:
    """About how many examples match: of a path at most a few too many."""
    return _matching(selection).order_by().count()


def has_common_words(selection: Selection) -> bool:
    """Whether it searches for words that very many texts hold, so that counting takes a while."""
    words = asked_words(selection.q)
    return bool(words) and searching.is_common(words)


def _matching(selection: Selection) -> ExampleQuerySet:
    asked = {name: getattr(selection, name) for name in FILTERS}
    rows = finding.find_examples(finding.Filters(status="approved", **asked))
    return rows.filter(path__startswith=selection.path) if selection.path else rows


def _examples(selection: Selection) -> list[ChosenExample]:
    columns = ("head", "pk", "path", "content_hash", "type", "topic", "generation_label", "label_verdict")
    rows = _matching(selection).filter(head__isnull=False).values_list(*columns, "head__author")
    found = (ChosenExample(*row) for row in rows.iterator(chunk_size=2000))
    # SQLite minds no case in LIKE, so the path is looked at once more.
    kept = (one for one in found if one.path.startswith(selection.path))
    return sorted(kept, key=lambda example: example.path)


def _corpus() -> list[ChosenProgram]:
    columns = ("head_id", "path", "head__content_hash", "licence", "source", "pk")
    rows = CorpusProgram.objects.filter(included=True).order_by().values_list(*columns)
    return sorted((ChosenProgram(*row) for row in rows), key=lambda program: program.path)
