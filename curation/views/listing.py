"""The list of examples: filters and place in the address, counts, one page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curation.forms.examples import STATUS_WORDS, ExampleFilterForm
from curation.models import Comparison, Example, ExampleTag
from curation.services import bookmarking, bulk_editing, finding
from curation.views import places
from curation.views.paging import id_in, page_of
from curation.views.saved_views import MOST_LISTED, MOST_SHOWN
from studio.http import SignedInRequest

MOST_SUGGESTED = 60  # tags, and people


@require_safe
def example_list(request: SignedInRequest) -> HttpResponse:
    """One page; ?at= is the id of an example that one comes back from."""
    form = ExampleFilterForm(request.GET)
    filters = form.filters(request.user)
    rows, counts = finding.find_and_count(filters)
    rows = rows.select_related("written_by").prefetch_related("tags")
    query = places.known(request.GET)
    page = page_of(rows, "path", query)
    chosen = form.chosen()
    views = list(bookmarking.visible_to(request.user)[:MOST_LISTED])
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "counts": counts,
        "most_counted": finding.MOST_COUNTED,
        "tabs": _tabs(chosen, counts),
        "found": counts.of(filters.status),
        "filtered": bool(chosen),
        "here": quote(query.urlencode(), safe=""),
        "place": query.urlencode(),
        "status": filters.status,
        "query": urlencode({name: value for name, value in chosen.items() if name != "status"}),
        "here_again": _came_back(request, page.rows),
        "chosen_query": form.query(),
        "views": views[:MOST_SHOWN],
        "saved_queries": {view.query for view in views},
    }
    if filters.near:
        context["tallied_at"] = Comparison.objects.values_list("tallied_at", flat=True).first()
    if request.htmx:
        return render(request, "curation/_example_table.html", context)
    if done := bulk_editing.last(request.user):
        context["last_bulk"] = {"entry": done, "told": bulk_editing.told(done)}
    context["people"] = User.objects.filter(is_active=True).values_list("username", flat=True)[
        :MOST_SUGGESTED
    ]
    return render(request, "curation/example_list.html", context)


@require_safe
def example_tags(request: SignedInRequest) -> HttpResponse:
    """The commonest tags, for whoever begins to type one."""
    counted = ExampleTag.objects.values_list("tag").annotate(n=Count("pk")).order_by("-n", "tag")
    return render(request, "curation/_tag_options.html", {"tags": counted[:MOST_SUGGESTED]})


def _tabs(chosen: dict[str, str], counts: finding.Counts) -> list[dict[str, Any]]:
    """Each status with how many there are, and the address that shows only those."""
    others = {name: value for name, value in chosen.items() if name != "status"}
    tabs = [("", "all"), *((status, STATUS_WORDS[status]) for status in finding.STATUSES)]
    return [
        {
            "word": word,
            "count": counts.of(status),
            "query": urlencode({**others, **({"status": status} if status else {})}),
            "is_current": chosen.get("status", "") == status,
        }
        for status, word in tabs
    ]


def _came_back(request: SignedInRequest, shown: list[Example]) -> dict[str, Any]:
    """The example that one comes back from, and whether it is still on this page."""
    at = id_in(request.GET.get("at", ""))
    if at is None:
        return {}
    if any(example.pk == at for example in shown):
        return {"id": at, "shown": True}
    example = Example.objects.filter(pk=at).first()
    return {"id": at, "shown": False, "example": example} if example else {}
