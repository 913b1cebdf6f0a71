"""Test tasks: examples that measure a model and never teach it; and what a set of them is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curation.domain.labels import TOPICS

HOLDOUT, TRIAGE = "holdout", "triage"
POOLS = (HOLDOUT, TRIAGE)  # each is the folder that its tasks lie in
TASK_TYPES = ("completion", "migration")  # whose answer is code

PROGRAM, FRAGMENT, MEANT_TO_FAIL = "program", "fragment", "meant-to-fail"
MARKS = {
    PROGRAM: "a program, to be accepted",
    FRAGMENT: "a fragment, in no score",
    MEANT_TO_FAIL: "meant to fail, to be refused",
}


def pool_of(path: str) -> str:
    """The pool whose folder a path names, "" for the path of an ordinary example."""
    folder, slash, _ = path.partition("/")
    return folder if slash and folder in POOLS else ""


def topic_of(tags: Iterable[str]) -> str:
    """A task lies in the folder of its pool, so its topic is its first tag that is one; "" without."""
    return next((tag for tag in tags if tag in TOPICS), "")


@dataclass(frozen=True, order=True)
class Member:
    """A task inside a set."""

    pool: str
    path: str
    content_hash: str
    mark: str = PROGRAM


def manifest(members: Iterable[Member]) -> str:
    """One spelling a content: canonical JSON. A program's mark is left out, so sets from before marks keep
    their digest."""
    rows = [
        [one.pool, one.path, one.content_hash, *([one.mark] if one.mark != PROGRAM else [])]
        for one in sorted(members)
    ]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def digest(members: Iterable[Member]) -> str:
    """SHA-256 of the manifest, in hex: what a set's name stands for."""
    return hashlib.sha256(manifest(members).encode()).hexdigest()


@dataclass(frozen=True)
class Change:
    """What became of the tasks of one pool since another set, in counts."""

    pool: str
    tasks: int
    added: int = 0
    removed: int = 0
    edited: int = 0
    marked: int = 0  # the text is the same, the mark is another one

    @property
    def words(self) -> str:
        counts = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.edited, "edited"),
            (self.marked, "marked otherwise"),
        ]
        said = [f"{count} {word}" for count, word in counts if count]
        return ", ".join(said) or "unchanged"


def changes(before: Sequence[Member], after: Sequence[Member]) -> list[Change]:
    """One a pool. Counts only: the paths of the holdout's tasks are nobody's reading."""
    old, new = ({one.path: one for one in members} for members in (before, after))
    counted: dict[str, Counter[str]] = {pool: Counter() for pool in POOLS}
    for path in {*old, *new}:
        was, now = old.get(path), new.get(path)
        counted[(now or was).pool][_became(was, now)] += 1  # type: ignore[union-attr]  # one of them is there
    in_pool = Counter(one.pool for one in after)
    return [Change(pool, in_pool[pool], **{k: n for k, n in counted[pool].items() if k}) for pool in POOLS]


def _became(was: Member | None, now: Member | None) -> str:
    if was is None:
        return "added"
    if now is None:
        return "removed"
    if was.content_hash != now.content_hash:
        return "edited"
    return "marked" if was.mark != now.mark else ""
