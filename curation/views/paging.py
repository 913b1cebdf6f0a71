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
    """One page of `rows` by the unique field `key`, at ?after= or ?before= of the query string.

    A key that no row has is a place like any other, so every query string gives a page; for a field of
    numbers the query goes through `whole_numbers` first. With "-" before the key the largest comes first.
    """
    after, before = (query.get(name, "").replace("\0", "")[:500] for name in ("after", "before"))
    field = key.removeprefix("-")
    behind, ahead = ("lt", "gt") if key == field else ("gt", "lt")
    if before and not after:
        back = f"-{field}" if key == field else field
        found = list(rows.filter(**{f"{field}__{behind}": before}).order_by(back)[: size + 1])
        more_before, more_after = len(found) > size, True
        shown = found[:size][::-1]
    else:
        rest = rows.filter(**{f"{field}__{ahead}": after}) if after else rows
        found = list(rest.order_by(key)[: size + 1])
        more_before, more_after = bool(after), len(found) > size
        shown = found[:size]
    if not shown:
        return Page([], _with(query) if after or before else "", "")
    return Page(
        shown,
        _with(query, before=getattr(shown[0], field)) if more_before else "",
        _with(query, after=getattr(shown[-1], field)) if more_after else "",
    )


def id_in(word: str) -> int | None:
    """The id that a word of a query string is; None for anything that is none, so no address is an error."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None


def whole_numbers(query: QueryDict) -> QueryDict:
    """The query string with places that are numbers; anything else means: the first page."""
    query = query.copy()
    for name in ("after", "before"):
        word = query.get(name, "")
        if word and id_in(word) is None:
            del query[name]
    return query


def _with(query: QueryDict, **place: Any) -> str:
    changed = query.copy()
    for name in ("after", "before"):
        changed.pop(name, None)
    for name, value in place.items():
        changed[name] = value
    return "?" + changed.urlencode()
