"""Who is to judge an example: which reviewers were asked, and how many of them it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from curation.models import Assignment, Example, Revision
from curation.services import auditing, owning, standing

MOST_AT_ONCE = 10_000  # examples × reviewers of one action
MOST_NEEDED = 5
BATCH = 500
REVIEWER_GROUPS = ("reviewer", "maintainer")
Item = TypeVar("Item")
Pair = tuple[int, int]  # ids of an example and of a reviewer


class NotAssigned(Exception):
    """Nothing was assigned; the message says why."""


@dataclass(frozen=True)
class Assigned:
    """How many pairs of example and reviewer are new, were there, and are left out as their own work."""

    added: int
    there: int
    own: int


def reviewers() -> QuerySet[User]:
    """Whom one can ask for a verdict."""
    people = User.objects.filter(is_active=True, groups__name__in=REVIEWER_GROUPS)
    return people.distinct().order_by("username")


def askable(example: Example) -> list[User]:
    """Whom one can still ask about this example: no author of it, and nobody who was asked already."""
    asked = example.assignments.values("reviewer")
    others = reviewers().exclude(pk__in=asked)
    writers = owning.writers_of(example)
    return [user for user in others if user.pk not in writers]


@transaction.atomic
def assign(*, examples: Collection[int], to: Sequence[User], by: User) -> Assigned:
    """Ask these reviewers for a verdict on each of these examples (ids), but on nobody's own work.

    Raises:
        NotAssigned: too many at once, or one of them is no reviewer.
    """
    if len(examples) * len(to) > MOST_AT_ONCE:
        raise NotAssigned(f"{len(examples) * len(to):,} at once are too many: at most {MOST_AT_ONCE:,}.")
    able = set(reviewers().filter(pk__in=[user.pk for user in to]).values_list("pk", flat=True))
    if unable := [user.get_username() for user in to if user.pk not in able]:
        raise NotAssigned(f"{', '.join(unable)} cannot review: the account has no such role.")
    own: set[Pair] = set()
    known: list[int] = []
    for part in _parts(sorted(set(examples))):
        known += Example.everything.filter(pk__in=part).values_list("pk", flat=True)
        written = Revision.objects.filter(example__in=part, author__in=able)
        own.update(written.values_list("example", "author").distinct())
    wanted = {(example, user.pk) for example in known for user in to}
    there = present(wanted)
    new = sorted(wanted - own - there)
    if new:
        add(new, by=by)
        _record("assignment.add", new, by)
    return Assigned(len(new), len(there), len((wanted & own) - there))


@transaction.atomic
def unassign(*, examples: Collection[int], to: Sequence[User], by: User) -> int:
    """Take that question back from these reviewers. Returns from how many pairs of example and reviewer."""
    gone = sorted(present((example, user.pk) for example in examples for user in to))
    if gone:
        remove(gone)
        _record("assignment.remove", gone, by)
    return len(gone)


def present(pairs: Iterable[Pair]) -> set[Pair]:
    """Those of these pairs that are assigned."""
    wanted = set(pairs)
    users = {user for _, user in wanted}
    found: set[Pair] = set()
    for part in _parts(sorted({example for example, _ in wanted})):
        rows = Assignment.objects.filter(example__in=part, reviewer__in=users)
        found.update(rows.values_list("example", "reviewer"))
    return found & wanted


def add(pairs: Collection[Pair], *, by: User) -> None:
    """Assign without a word in the audit log: the caller writes it."""
    Assignment.objects.bulk_create(
        [Assignment(example_id=example, reviewer_id=user, assigned_by=by) for example, user in pairs],
        ignore_conflicts=True,
        batch_size=BATCH,
    )


def remove(pairs: Collection[Pair]) -> None:
    """The opposite, as silent."""
    for user in {user for _, user in pairs}:
        for part in _parts(sorted(example for example, asked in pairs if asked == user)):
            Assignment.objects.filter(example__in=part, reviewer=user).delete()


@transaction.atomic
def require_reviews(*, examples: Collection[int], needed: int, by: User) -> int:
    """Say how many reviewers have to judge each of these examples. Returns for how many that is a change.

    Raises:
        NotAssigned: `needed` is not from 1 to MOST_NEEDED.
    """
    if not 1 <= needed <= MOST_NEEDED:
        raise NotAssigned(f"{needed} reviewers an example: write a number from 1 to {MOST_NEEDED}.")
    locked = standing.lock(examples)
    before = {pk: row.reviews_needed for pk, row in locked.items() if row.reviews_needed != needed}
    if before:
        set_needed(dict.fromkeys(before, needed))
        auditing.record(
            actor=by,
            action="example.reviews_needed",
            subject=locked[next(iter(before))] if len(before) == 1 else None,
            needed=needed,
            before=sorted(before.items()),
        )
    return len(before)


def set_needed(needed: Mapping[int, int]) -> None:
    """The same without a word in the audit log, for examples that the caller has locked."""
    for number in set(needed.values()):
        for part in _parts(sorted(pk for pk in needed if needed[pk] == number)):
            Example.everything.filter(pk__in=part).update(reviews_needed=number)
    standing.refresh(needed)


def _record(action: str, pairs: Sequence[Pair], by: User) -> None:
    examples = {example for example, _ in pairs}
    one = Example.everything.get(pk=examples.pop()) if len(examples) == 1 else None
    people = User.objects.filter(pk__in={user for _, user in pairs}).order_by("username")
    names = list(people.values_list("username", flat=True))
    auditing.record(actor=by, action=action, subject=one, reviewers=names, pairs=pairs)


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
