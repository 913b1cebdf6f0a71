"""Where in the list of examples a page was opened from: the list's own query string, carried as ?list=….

So one comes back to the same page of the same filters, also after an edit or a verdict, and in as many tabs
as one likes. The way back is made of the list's address and of words that it knows; it leads nowhere else.
"""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from curation.forms.examples import ExampleFilterForm

NAMES = (*ExampleFilterForm.base_fields, "after", "before")
LONGEST = 1000  # characters


def known(query: QueryDict) -> QueryDict:
    """What the list understands of a query string, in one order."""
    kept = QueryDict(mutable=True)
    for name in NAMES:
        if value := query.get(name, "").replace("\0", "").strip():
            kept[name] = value
    return kept


def kept(request: HttpRequest) -> str | None:
    """The query string of the list that this page was opened from; None when it was not."""
    words = request.GET.get("list")
    return None if words is None else known(QueryDict(words[:LONGEST])).urlencode()


def keep(request: HttpRequest, address: str) -> str:
    """An address of the studio that carries the place on, where there is one."""
    query = kept(request)
    if query is None:
        return address
    return f"{address}{'&' if '?' in address else '?'}list={quote(query, safe='')}"


def context(request: HttpRequest) -> dict[str, str]:
    """For every template: `list_query` ends an address that carries the place on; `list_address` leads back.

    To `list_address` a page adds "at=…" with the id of the example that is to be marked there.
    """
    query = kept(request)
    if query is None:
        return {"list_query": "", "list_address": ""}
    return {
        "list_query": keep(request, ""),
        "list_address": f"{reverse('example_list')}?{query}{'&' if query else ''}",
    }
