"""Checking that what was frozen is still what it was: every digest and every hash, from the texts up.

Each check yields all that it finds. Texts are read in chunks, and one manifest at a time is in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max

from curation.domain import markdown, snapshot
from curation.domain.tasks import digest
from curation.models import (
    ChatRecord,
    CorpusFile,
    CorpusProgram,
    GeneralExample,
    Revision,
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    SnapshotGeneral,
    Task,
    TaskSet,
)
from curation.services import converting, guarding, posing

CHUNK = 500  # texts in memory

Rows = Iterator[tuple[str, tuple[str, ...]]]  # path, and what the manifest says about it


@dataclass(frozen=True)
class Trouble:
    """`place` is what a person would look for; `says` is a sentence."""

    place: str
    says: str

    def __str__(self) -> str:
        return f"{self.place}: {self.says}"


def triggers() -> Iterator[Trouble]:
    """The database refuses to change these rows."""
    for name in guarding.missing():
        yield Trouble(name, "The database lacks this trigger. Run: python3 manage.py migrate")


def revisions() -> Iterator[Trouble]:
    """The text of every revision has its hash."""
    rows = Revision.objects.order_by("pk").values_list("example__path", "number", "text", "content_hash")
    for path, number, text, content_hash in rows.iterator(chunk_size=CHUNK):
        if markdown.content_hash(text) != content_hash:
            yield Trouble(f"{path}, revision {number}", "The text does not match its hash any more.")


def corpus_files() -> Iterator[Trouble]:
    """The same of raw programs."""
    rows = CorpusFile.objects.order_by("pk").values_list("path", "pk", "text", "content_hash")
    for path, pk, text, content_hash in rows.iterator(chunk_size=CHUNK):
        if markdown.content_hash(text) != content_hash:
            yield Trouble(f"corpus/{path}, row {pk}", "The text does not match its hash any more.")


def programs() -> Iterator[Trouble]:
    """The list of programs says what their newest versions say."""
    newest = dict(CorpusFile.objects.order_by().values_list("path").annotate(Max("number")))
    names = ("licence", "source", "included")
    columns = ("path", "versions", "head__number", *names, *(f"head__{name}" for name in names))
    rows = CorpusProgram.objects.order_by("pk").values_list(*columns)
    for path, versions, number, *said in rows.iterator(chunk_size=2000):
        if not versions == number == newest.pop(path, 0) or said[:3] != said[3:]:
            says = "The list says something else than its newest version. Run: python3 manage.py reindex"
            yield Trouble(f"corpus/{path}", says)
    for path in newest:
        yield Trouble(f"corpus/{path}", "It is missing in the list. Run: python3 manage.py reindex")


def conversations() -> Iterator[Trouble]:
    """The same of conversations."""
    for record in ChatRecord.objects.order_by("pk").iterator(chunk_size=CHUNK):
        if converting.record_hash(record) != record.content_hash:
            yield Trouble(str(record), "Its texts do not match their hash any more.")


def general_code() -> Iterator[Trouble]:
    """The same of general code."""
    for example in GeneralExample.objects.order_by("pk").iterator(chunk_size=CHUNK):
        if converting.record_hash(example) != example.content_hash:
            yield Trouble(str(example), "Its texts do not match their hash any more.")


def task_sets() -> Iterator[Trouble]:
    """The text of every test task has its hash, and the tasks of a set have its digest."""
    for task_set in TaskSet.objects.order_by("pk"):
        tasks = Task.objects.filter(task_set=task_set).order_by("pk")
        for task in tasks.iterator(chunk_size=CHUNK):
            if markdown.content_hash(task.text) != task.content_hash:
                yield Trouble(f"{task_set}, task {task.path}", "The text does not match its hash any more.")
        if digest(posing.members_of(task_set)) != task_set.digest:
            yield Trouble(f"{task_set}", "Its tasks are not those of its digest any more.")


def versions() -> Iterator[Trouble]:
    """The manifest of every version has its digest, and its rows are those of the manifest."""
    for frozen in Snapshot.objects.order_by("pk").defer("report").iterator(chunk_size=1):
        yield from _version(frozen)


CHECKS = {
    "triggers": triggers,
    "revisions": revisions,
    "raw programs": corpus_files,
    "list of raw programs": programs,
    "conversations": conversations,
    "general code": general_code,
    "test tasks": task_sets,
    "dataset versions": versions,
}


def _version(frozen: Snapshot) -> Iterator[Trouble]:
    place = f"dataset version {frozen.name}"
    if snapshot.digest_of(frozen.manifest) != frozen.digest:
        yield Trouble(place, "The manifest does not match the digest any more.")
    try:
        manifest = json.loads(frozen.manifest)
        listed = {
            kind: {row["path"]: tuple(row[name] for name in names) for row in manifest.get(kind, [])}
            for kind, names in _NAMED.items()
        }
    except (ValueError, KeyError, TypeError):
        yield Trouble(place, "The manifest cannot be read any more, so its rows were not compared.")
        return
    yield from _compared(f"{place}, examples", listed["examples"], _entries(frozen))
    yield from _compared(f"{place}, raw programs", listed["corpus"], _programs(frozen))
    yield from _compared(f"{place}, conversations", listed["conversations"], _talks(frozen))
    yield from _compared(f"{place}, general code", listed["general"], _general(frozen))


_NAMED = {
    "examples": ("content_hash", "split", "cluster", "content_hash"),  # of the revision, too
    "corpus": ("content_hash", "split"),
    "conversations": ("content_hash", "split"),
    "general": ("content_hash", "licence", "source"),
}


def _entries(frozen: Snapshot) -> Rows:
    rows = SnapshotEntry.objects.filter(snapshot=frozen).order_by("pk")
    columns = ("path", "content_hash", "split", "cluster", "revision__content_hash")
    for path, *said in rows.values_list(*columns).iterator(chunk_size=2000):
        yield path, tuple(said)


def _programs(frozen: Snapshot) -> Rows:
    rows = SnapshotCorpusFile.objects.filter(snapshot=frozen).order_by("pk")
    named = rows.annotate(path=F("corpus_file__path"), content_hash=F("corpus_file__content_hash"))
    for path, *said in named.values_list("path", "content_hash", "split").iterator(chunk_size=2000):
        yield path, tuple(said)


def _talks(frozen: Snapshot) -> Rows:
    rows = SnapshotConversation.objects.filter(snapshot=frozen).select_related("record").order_by("pk")
    for row in rows.iterator(chunk_size=CHUNK):
        yield row.record.path, (row.record.content_hash, row.split)


def _general(frozen: Snapshot) -> Rows:
    rows = SnapshotGeneral.objects.filter(snapshot=frozen).select_related("example").order_by("pk")
    for row in rows.iterator(chunk_size=CHUNK):
        yield row.example.path, (row.example.content_hash, row.example.licence, row.example.source)


def _compared(place: str, listed: Mapping[str, tuple[Any, ...]], rows: Rows) -> Iterator[Trouble]:
    left = dict(listed)
    for path, said in rows:
        wanted = left.pop(path, None)
        if wanted is None:
            yield Trouble(f"{place}, {path}", "Its row is not in the manifest.")
        elif wanted != said:
            yield Trouble(f"{place}, {path}", "Its row says something else than the manifest.")
    for path in left:
        yield Trouble(f"{place}, {path}", "The manifest names it, and it has no row.")
