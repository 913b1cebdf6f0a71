"""Test tasks: their marks, what there is of them, which are one's own, and the sets that were frozen."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain.tasks import HOLDOUT, MARKS, POOLS, TRIAGE, Change, Member, changes
from curation.models import Example, Revision, Task, TaskSet
from curation.models.examples import DISCARDED, ExampleQuerySet
from curation.services import auditing


def newest_set() -> TaskSet | None:
    """The set that models are scored on now, and that no text may come close to."""
    return TaskSet.objects.order_by("-pk").first()


class MarkStays(Exception):
    """Nothing was changed; the message says why."""


def tasks(pool: str = "") -> ExampleQuerySet:
    """The test tasks of one pool or of both, in path order."""
    rows: ExampleQuerySet = Example.everything.filter(pool__in=[pool] if pool else POOLS)
    return rows.order_by("path")


@transaction.atomic
def mark(*, task: Example, mark: str, by: User) -> bool:
    """Say what the checker has to say about the right answer of this task. Whether that is a change.

    Raises:
        MarkStays: the task is approved, and only a maintainer changes what a reviewer agreed to.
        ValueError: `mark` is none of MARKS, or this is no test task.
    """
    if mark not in MARKS or not task.pool:
        raise ValueError(f'"{mark}" is none of {", ".join(MARKS)}, or {task.path} is no test task')
    current = Example.everything.select_for_update(of=("self",)).get(pk=task.pk)
    if current.mark == mark:
        return False
    if current.status == "approved" and not by.groups.filter(name="maintainer").exists():
        raise MarkStays(
            f"{current.path} is approved as {current.mark}. Ask a maintainer to mark it {mark}, or change "
            "its text: then it is reviewed again."
        )
    before, current.mark = current.mark, mark
    current.save(update_fields=["mark"])
    auditing.record(actor=by, action="task.mark", subject=current, mark=mark, before=before)
    return True


@dataclass(frozen=True)
class Total:
    """How many tasks there are of one kind, and how many of them are approved."""

    generations: list[str]
    type: str
    topic: str  # "" where no tag is one
    tasks: int
    approved: int


@dataclass(frozen=True)
class Totals:
    """What there is in a pool: all that is told of the holdout.

    Attributes:
        kinds: Per generation, type and topic, without what is rejected.
        by_status: How many stand where; a status that none has is left out.
    """

    kinds: list[Total]
    by_status: dict[str, int]

    @property
    def tasks(self) -> int:
        return sum(total.tasks for total in self.kinds)

    @property
    def approved(self) -> int:
        return self.by_status.get("approved", 0)


def totals(pool: str) -> Totals:
    """Count the tasks of a pool, by one question to an index."""
    kinds: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    by_status: Counter[str] = Counter()
    columns = ("generation_label", "type", "topic", "status")
    for label, kind, topic, status in tasks(pool).order_by().values_list(*columns):
        by_status[status] += 1
        if status not in DISCARDED:
            kinds[label, kind, topic][status] += 1
    return Totals(
        [
            Total(label.split(), kind, topic, counted.total(), counted["approved"])
            for (label, kind, topic), counted in sorted(kinds.items())
        ],
        dict(sorted(by_status.items())),
    )


def own_holdout(user: User) -> ExampleQuerySet:
    """The holdout tasks that this person wrote at: nobody else is told their names."""
    written = Revision.objects.filter(author=user, example__pool=HOLDOUT).order_by().values("example")
    return tasks(HOLDOUT).filter(pk__in=written)


def triage() -> ExampleQuerySet:
    """The triage pool, which everybody may read."""
    return tasks(TRIAGE).select_related("written_by")


@dataclass(frozen=True)
class Version:
    """A frozen set and what changed since the one before it, in counts a pool."""

    task_set: TaskSet
    changes: list[Change]
    first: bool


def members_of(task_set: TaskSet) -> list[Member]:
    """What the digest of a set stands for."""
    columns = ("pool", "path", "content_hash", "mark")
    return [Member(*row) for row in task_set.tasks.order_by().values_list(*columns)]


def versions(most: int) -> list[Version]:
    """The newest sets, newest first. Takes two questions to the database."""
    sets = list(TaskSet.objects.select_related("created_by").order_by("-pk")[: most + 1])
    members: dict[int, list[Member]] = {one.pk: [] for one in sets}
    columns = ("task_set", "pool", "path", "content_hash", "mark")
    for task_set, *row in Task.objects.filter(task_set__in=members).order_by().values_list(*columns):
        members[task_set].append(Member(*row))
    before = [*sets[1:], None]
    return [
        Version(one, changes(members[earlier.pk] if earlier else [], members[one.pk]), earlier is None)
        for one, earlier in zip(sets[:most], before, strict=False)
    ]
