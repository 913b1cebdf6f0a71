"""Finding examples: one search for the page, the commands and, later, the API."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from curation.models import Example
from curation.models.examples import ExampleQuerySet
from curation.services import surveying

STATUSES = ("needs_review", "approved", "changes_requested", "rejected", "set_aside")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty means: any. The search words may stand anywhere in title, path or text, in any order."""

    q: str = ""
    status: str = ""
    type: str = ""
    generation: str = ""
    topic: str = ""
    difficulty: str = ""
    near: str = ""  # anything: only those that have near-duplicates about which nobody has decided


def find_examples(filters: Filters) -> ExampleQuerySet:
    """The examples that match, with their status annotated, in path order."""
    rows = _matching(filters)
    return rows.with_status_in(filters.status) if filters.status else rows.with_status()


def status_counts(filters: Filters) -> dict[str, int]:
    """How many examples of each status match the other filters."""
    rows = _matching(filters)
    return {status: rows.with_status_in(status).count() for status in STATUSES}


def _matching(filters: Filters) -> ExampleQuerySet:
    """What matches whatever its status is."""
    rows: ExampleQuerySet = Example.objects.order_by("path")
    for word in filters.q.split()[:12]:
        rows = rows.filter(Q(title__icontains=word) | Q(path__icontains=word) | Q(head__text__icontains=word))
    for field in ("type", "topic", "difficulty"):
        if value := getattr(filters, field):
            rows = rows.filter(**{field: value})
    if filters.generation:
        # The list is stored as JSON: a quoted member is found in its text on SQLite and PostgreSQL alike.
        rows = rows.alias(labels=Cast("generations", TextField())).filter(
            labels__contains=f'"{filters.generation}"'
        )
    if filters.near:
        rows = rows.filter(pk__in=surveying.ids_with_near())
    return rows


def status_of_row(example: Example) -> str:
    """The status of an example that find_examples returned; the rule of curation.domain.review.status."""
    if getattr(example, "has_rejection", False):
        return "rejected"
    if getattr(example, "is_set_aside", False):
        return "set_aside"
    if getattr(example, "has_request", False):
        return "changes_requested"
    return "approved" if getattr(example, "has_approval", False) else "needs_review"
