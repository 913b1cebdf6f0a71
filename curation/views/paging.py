"""Pages by key: where the last row stood, never how many rows were skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    previous: str  # query string of the page before, or ""
    next: str


def page_of(rows: QuerySet[Row], key: str, query: QueryDict, *, size: int = PAGE_SIZE) -> Page[Row]:
    """One page of `rows` by the unique text field `key`, at ?after= or ?before= of the query string.

    A key that no row has is a place like any other, so every query string gives a page.
    """
    after, before = (query.get(name, "").replace("\0", "")[:500] for name in ("after", "before"))
    if before and not after:
        found = list(rows.filter(**{f"{key}__lt": before}).order_by(f"-{key}")[: size + 1])
        more_before, more_after = len(found) > size, True
        shown = found[:size][::-1]
    else:
        ahead = rows.filter(**{f"{key}__gt": after}) if after else rows
        found = list(ahead.order_by(key)[: size + 1])
        more_before, more_after = bool(after), len(found) > size
        shown = found[:size]
    if not shown:
        return Page([], _with(query) if after or before else "", "")
    return Page(
        shown,
        _with(query, before=getattr(shown[0], key)) if more_before else "",
        _with(query, after=getattr(shown[-1], key)) if more_after else "",
    )


def _with(query: QueryDict, **place: Any) -> str:
    changed = query.copy()
    for name in ("after", "before"):
        changed.pop(name, None)
    for name, value in place.items():
        changed[name] = value
    return "?" + changed.urlencode()
