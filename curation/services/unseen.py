"""Whether a frozen version is apart from test tasks that are newer than it.

A version was compared with the set of tasks that was the newest one when it was frozen. What came later is
compared here, unless the version has too many texts for somebody who waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import QuerySet

from curation.domain import markdown
from curation.models import Snapshot, Task, TaskSet
from curation.services import deduplicating, leaks, posing
from curation.services.deduplicating import Compared
from curation.services.exports import frozen_texts
from curation.services.leaks import Close

AT_ONCE = 300  # texts of a version that are compared while somebody waits: some tenths of a second, once


@dataclass(frozen=True)
class Unseen:
    """
    Attributes:
        task_set: The newest set, "" where there is none.
        new: How many of its tasks the version was not compared with when it was frozen.
        near: Texts of the version that are too close to one of those. Tasks of the holdout have no name here.
        compared: Whether that was looked at.
    """

    task_set: str
    new: int
    near: tuple[Close, ...] = ()
    compared: bool = True


def of(snapshot: Snapshot, *, compared_with: str) -> Unseen:
    """
    Args:
        compared_with: The name of the task set in the version's leak report.
    """
    newest = posing.newest_set()
    if newest is None or newest.name == compared_with:
        return Unseen(newest.name if newest else "", 0)
    new = _new(newest, compared_with).count()
    if not new:
        return Unseen(newest.name, 0)
    if _texts(snapshot) > AT_ONCE:
        return Unseen(newest.name, new, compared=False)
    try:
        return Unseen(newest.name, new, _near(snapshot.digest, newest.digest, compared_with))
    except ValueError:  # a text that no rules of this studio let pass; other checks tell more
        return Unseen(newest.name, new, compared=False)


def _new(newest: TaskSet, compared_with: str) -> QuerySet[Task]:
    known = Task.objects.filter(task_set__name=compared_with).values("content_hash")
    return newest.tasks.exclude(content_hash__in=known)


def _texts(snapshot: Snapshot) -> int:
    rows = (snapshot.entries, snapshot.corpus_files, snapshot.conversations, snapshot.general)
    return sum(some.count() for some in rows)


@lru_cache(maxsize=32)
def _near(snapshot_digest: str, task_set_digest: str, compared_with: str) -> tuple[Close, ...]:
    """Neither version nor set ever changes, so this holds for as long as the process lives."""
    snapshot = Snapshot.objects.defer("manifest", "report").get(digest=snapshot_digest)
    rows = _new(TaskSet.objects.get(digest=task_set_digest), compared_with)
    docs = [(task, markdown.parse(task.text, path=task.path).doc) for task in rows]
    tasks = [deduplicating.compared_example(doc, task.content_hash) for task, doc in docs if doc]
    texts = list(_compared(snapshot))
    found = deduplicating.near_across(texts, tasks)
    return tuple(
        Close(texts[one.i].path, leaks.named(tasks[one.j].path), one.score, one.rule)
        for one in sorted(found, key=lambda one: -one.score)
    )


def _compared(snapshot: Snapshot) -> Iterator[Compared]:
    for path, text in frozen_texts.examples(snapshot, *frozen_texts.SPLITS):
        yield deduplicating.compared_example(markdown.read_again(text, path=path), "")
    for split in frozen_texts.SPLITS:
        for path, text in frozen_texts.programs(snapshot, split):
            yield deduplicating.compared_program(f"corpus/{path}", text, "")
    for chosen in snapshot.conversations.select_related("record"):
        record = chosen.record
        yield deduplicating.compared_conversation(record.path, "", prompt=record.prompt, answer=record.answer)
    for taken in snapshot.general.select_related("example"):
        yield deduplicating.compared_general(taken.example)
