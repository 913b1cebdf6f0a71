"""Saved views of the list: kept, renamed, shared, deleted, and counted when somebody looks."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.forms.examples import ExampleFilterForm
from curation.forms.saved_views import ChangeViewForm, SaveViewForm
from curation.models import SavedView
from curation.services import bookmarking, finding
from studio.http import SignedInRequest

MOST_SHOWN = 12  # above the list
MOST_LISTED = 200  # on the page of all views


@require_http_methods(["GET", "HEAD", "POST"])
def view_list(request: SignedInRequest) -> HttpResponse:
    """All that this person sees; a POST saves the present filters of the list as a new one."""
    if request.method == "POST":
        form = SaveViewForm(request.POST)
        if not form.is_valid():
            return _page(request, form)
        try:
            view = bookmarking.save(owner=request.user, **form.cleaned_data)
        except bookmarking.NotSaved as error:
            form.add_error("name", str(error))
            return _page(request, form)
        messages.success(request, f'Saved as "{view.name}".')
        return redirect(f"{reverse('example_list')}?{view.query}")
    return _page(request)


@require_safe
def view_counts(request: SignedInRequest) -> HttpResponse:
    """How many examples each view shows now; asked for by the list once it stands there."""
    counts = [
        (view.pk, finding.count_examples(_filters(view.query).filters(request.user)))
        for view in bookmarking.visible_to(request.user)[:MOST_SHOWN]
    ]
    return render(request, "curation/_view_counts.html", {"counts": counts})


@require_POST
def view_change(request: SignedInRequest, view_id: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=view_id, owner=request.user)
    form = ChangeViewForm(request.POST)
    if form.is_valid():
        try:
            bookmarking.change(view=view, **form.cleaned_data)
        except bookmarking.NotSaved as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f'Changed "{view.name}".')
            return redirect("view_list")
    return _page(request, changed=(view.pk, form))


@require_POST
def view_delete(request: SignedInRequest, view_id: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=view_id, owner=request.user)
    bookmarking.delete(view)
    messages.success(request, f'Deleted the view "{view.name}". No example was changed.')
    return redirect("view_list")


def _page(
    request: SignedInRequest,
    form: SaveViewForm | None = None,
    changed: tuple[int, ChangeViewForm] | None = None,
) -> HttpResponse:
    """All views; with what was typed wrongly, and why."""
    own, others = [], []
    for view in bookmarking.visible_to(request.user)[:MOST_LISTED]:
        row = {"view": view, "words": _filters(view.query).active()}
        if view.owner_id != request.user.pk:
            others.append(row)
        elif changed and changed[0] == view.pk:
            own.append(row | {"form": changed[1]})
        else:
            own.append(row | {"form": ChangeViewForm(initial={"name": view.name, "shared": view.shared})})
    words = _filters(form.data.get("query", "")).active() if form else []
    context = {"own": own, "others": others, "form": form, "words": words}
    return render(request, "curation/view_list.html", context, status=422 if form or changed else 200)


def _filters(query: str) -> ExampleFilterForm:
    return ExampleFilterForm(QueryDict(query))
