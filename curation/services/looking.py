"""Who may read a holdout task, and the log of every look at one (docs/tasks.md).

Its author and those who may judge it read it where they work, maintainers after giving a reason, and nobody
else. Whoever reads it cannot unread it, so each look is an entry of the audit log, which only grows.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet

from curation.domain.tasks import HOLDOUT
from curation.models import AuditEntry, Example, Revision
from curation.services import assigning, auditing

ACTION = "holdout.look"
MAX_REASON = 300  # characters
UNDECIDED = ("needs_review", "disputed")


class ReasonMissing(Exception):
    """Nothing was shown: a maintainer reads a holdout task with a reason."""


def look(example: Example, viewer: User, why: str) -> None:
    """Note that this person is shown this text now. Nothing is noted of texts that anybody may read."""
    if example.pool == HOLDOUT:
        auditing.record(actor=viewer, action=ACTION, subject=example, why=why)


def opened(viewer: User, example_id: int, *, why: str) -> Example:
    """An example, a triage task, or a holdout task that the viewer wrote at; such a look is noted.

    Raises:
        Example.DoesNotExist: also for a holdout task of others, so that nobody learns which there are.
    """
    example = _with_head(example_id)
    if not may_read(viewer, example):
        raise Example.DoesNotExist
    look(example, viewer, why)
    return example


def for_judging(viewer: User, example_id: int) -> Example:
    """The same for whoever judges it or wrote it. Nothing is noted: call `look` where its text is shown.

    Raises:
        Example.DoesNotExist
    """
    example = _with_head(example_id)
    if not (may_read(viewer, example) or _judges(viewer, example)):
        raise Example.DoesNotExist
    return example


def with_reason(maintainer: User, *, example_id: int, why: str) -> Example:
    """A holdout task, for a maintainer who says why.

    Raises:
        ReasonMissing: nothing is shown.
        Example.DoesNotExist
    """
    example = _with_head(example_id)
    why = why.strip()[:MAX_REASON]
    if example.pool != HOLDOUT:
        raise Example.DoesNotExist
    if not why:
        raise ReasonMissing("Say in a sentence why you have to read it: everybody sees that you did.")
    look(example, maintainer, why)
    return example


def may_read(viewer: User, example: Example) -> bool:
    """Whether it is no holdout task, or one that the viewer wrote a text of, the present one or another."""
    return example.pool != HOLDOUT or Revision.objects.filter(example=example, author=viewer).exists()


def _judges(viewer: User, example: Example) -> bool:
    """Whether a reviewer may or did judge the present text."""
    return viewer.groups.filter(name__in=assigning.REVIEWER_GROUPS).exists() and (
        example.status in UNDECIDED
        or example.reviews.filter(reviewer=viewer, content_hash=example.content_hash).exists()
    )


def _with_head(example_id: int) -> Example:
    return Example.everything.select_related("head__author").get(pk=example_id)


@dataclass(frozen=True)
class Looks:
    """How often the holdout was read, by how many people, and how many of its tasks."""

    looks: int
    people: int
    tasks: int


def counted() -> Looks:
    found = _looks().aggregate(
        looks=Count("pk"), people=Count("actor", distinct=True), tasks=Count("subject_id", distinct=True)
    )
    return Looks(**found)


def newest(most: int) -> QuerySet[AuditEntry]:
    return _looks().select_related("actor").order_by("-pk")[:most]


def _looks() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(action=ACTION).order_by()
