"""Which example a reviewer is shown next, and that nobody else is shown it meanwhile.

The queue of a reviewer: what is assigned to them, then what a reviewer mended, then the rest; each in the
order of ids. An example is reserved from when it is opened until its reviewer judges it, opens another one,
or RESERVED has passed by the clock of the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now

from curation.models import Assignment, Example, OpenVerdict, Reservation, Revision
from curation.models.examples import ExampleQuerySet
from curation.services import reviewing

RESERVED = timedelta(minutes=15)
MOST_AHEAD = 30  # examples that are tried in turn: more than there are reviewers who ask at once
ATTEMPTS = 3  # of that


def waiting_for(user: User) -> ExampleQuerySet:
    """Examples whose present text this user may judge and has not: not their work, not left to others.

    Each question about the user is asked once, not of every row (docs/decisions/0025-turns-in-review.md).
    """
    rows = _without(Example.everything.with_status_in("needs_review"), _written_by(user))
    rows = _without(rows, _judged_by(user))
    others = Assignment.objects.exclude(reviewer=user).order_by()
    if not others.exists():
        return rows
    left = others.exclude(example__in=_assigned_to(user)).values("example")
    enough = (
        left.filter(example__reviews_needed__gt=1)
        .annotate(reviewers=Count("pk"))
        .filter(reviewers__gte=F("example__reviews_needed"))
    )
    return rows.exclude(
        Q(reviews_needed=1, pk__in=left) | Q(reviews_needed__gt=1, pk__in=enough.values("example"))
    )


def _without(rows: ExampleQuerySet, ids: QuerySet[Any, Any]) -> ExampleQuerySet:
    """The rows without those. A list of nothing is left out: asking it costs a look at every row."""
    return rows.exclude(pk__in=ids) if ids.exists() else rows


def disputed_for(user: User) -> ExampleQuerySet:
    """Examples about which reviewers disagree and which this user may settle."""
    rows = _without(Example.everything.with_status_in("disputed"), _written_by(user))
    return _without(rows, _judged_by(user)).order_by("pk")


def _written_by(user: User) -> QuerySet[Revision, Any]:
    """More than curation.services.owning says: also whose change was taken back is not asked unasked."""
    return Revision.objects.filter(author=user).order_by().values("example")


def _judged_by(user: User) -> QuerySet[OpenVerdict, Any]:
    return OpenVerdict.objects.filter(reviewer=user).order_by().values("example")


def _assigned_to(user: User) -> QuerySet[Assignment, Any]:
    return Assignment.objects.filter(reviewer=user).order_by().values("example")


def take_next(user: User, *, after: int | None = None, before: int | None = None) -> Example | None:
    """Reserve the next example of this user's queue and let go of the one they had.

    Args:
        after: Go on behind this example, and round to the start.
        before: Go back to the one in front of this example, and round to the end.
    """
    for _ in range(ATTEMPTS):
        tried = 0
        for example in _ahead(user, after, before):
            tried += 1
            if _room(user, example) and take(user, example):
                return Example.everything.select_related("head__author").get(pk=example.pk)
        if not tried:
            break
    release(user)
    return None


def _ahead(user: User, after: int | None, before: int | None) -> Iterator[Example]:
    """What is free, the next one first: more than one, since all who ask at once are told of the same."""
    free = waiting_for(user).exclude(pk__in=_reserved_by_others(user))
    mine = Q(pk__in=_assigned_to(user))
    # `in`, since Django writes "endorsed = True" so that SQLite does not find it in the index.
    tiers = [
        free.filter(mine),
        *(free.exclude(mine).filter(endorsed__in=[mended]) for mended in (True, False)),
    ]
    here = after if before is None else before
    if here is None:
        ways = tiers
    else:
        at = _tier_of(user, here)
        if before is None:
            ahead = tiers[at].filter(pk__gt=here)
            ways = [ahead, *tiers[at + 1 :], *tiers[: at + 1]]
        else:
            ahead = tiers[at].filter(pk__lt=here)
            ways = [ahead, *reversed(tiers[:at]), *reversed(tiers[at:])]
    order = "pk" if before is None else "-pk"
    for way in ways:
        yield from way.order_by(order)[:MOST_AHEAD]


def _tier_of(user: User, example_id: int) -> int:
    if Assignment.objects.filter(reviewer=user, example=example_id).exists():
        return 0
    mended = Example.everything.filter(pk=example_id).values_list("endorsed", flat=True)
    return 1 if any(mended) else 2


def _reserved_by_others(user: User) -> list[int]:
    """Ids of the examples that others have open, as many as are still needed. At most one a reviewer."""
    rows = (
        Reservation.objects.filter(until__gt=Now())
        .exclude(reviewer=user)
        .values("example", "example__verdict_count", "example__reviews_needed")
        .annotate(open=Count("pk"))
    )
    return [
        row["example"]
        for row in rows
        if row["example__verdict_count"] + row["open"] >= row["example__reviews_needed"]
    ]


@transaction.atomic
def take(user: User, example: Example) -> bool:
    """Reserve this example instead of the one this user had, or renew that. False when it is not free."""
    current = Example.everything.select_for_update(of=("self",)).get(pk=example.pk)
    if current.status != "needs_review" or not _room(user, current) or not reviewing.may_judge(user, current):
        return False
    Reservation.objects.bulk_create(
        [Reservation(example=current, reviewer=user, until=Now() + RESERVED)],
        update_conflicts=True,
        unique_fields=["reviewer"],
        update_fields=["example", "until"],
    )
    return True


def _room(user: User, example: Example) -> bool:
    """Whether a verdict is still needed besides those that are given, and by those who have it open."""
    return example.verdict_count + len(open_elsewhere(example, user)) < example.reviews_needed


def release(user: User) -> None:
    """Let go of whatever this user has open."""
    Reservation.objects.filter(reviewer=user).delete()


def open_elsewhere(example: Example, user: User) -> list[Reservation]:
    """Who else has this example on the screen, those that opened it first in front."""
    rows = Reservation.objects.filter(example=example, until__gt=Now()).exclude(reviewer=user)
    return list(rows.select_related("reviewer"))


@dataclass(frozen=True)
class Place:
    number: int  # 1-based; 0 when the example does not wait for this user
    of: int


def place_in_queue(user: User, example: Example) -> Place:
    """ "3 of 47": where this example stands among those that wait for this user."""
    assigned = _assigned_to(user)
    mine = Q(pk__in=assigned if assigned.exists() else [])
    mended = Q(endorsed=True)
    here = Q(pk__lte=example.pk)
    before = (mine & here, mine | mended & here, mine | mended | here)[_tier_of(user, example.pk)]
    counts = waiting_for(user).aggregate(
        waits=Count("pk", filter=Q(pk=example.pk)), number=Count("pk", filter=before), of=Count("pk")
    )
    return Place(counts["number"] if counts["waits"] else 0, counts["of"])
