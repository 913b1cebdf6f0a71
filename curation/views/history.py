"""An example's history: its revisions, any two of them side by side, one of them, and bringing one back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.domain.changes import change
from curation.forms.history import CompareForm, RestoreForm
from curation.models import Revision
from curation.services import revising
from curation.views import places
from curation.views.diffing import shown_diff
from curation.views.examples import example_context
from curation.views.opening import open_example
from curation.views.paging import page_of, whole_numbers
from studio.http import SignedInRequest

PAGE_SIZE = 20  # each row reads two texts


@require_safe
def revision_list(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_example(request, example_id, why="read its history")
    page = page_of(revising.revisions_of(example), "-number", whole_numbers(request.GET), size=PAGE_SIZE)
    context = {"example": example, "page": page, "rows": [revising.told(row) for row in page.rows]}
    return render(request, "curation/revision_list.html", context)


@require_safe
def revision_page(request: SignedInRequest, example_id: int, number: int) -> HttpResponse:
    example = open_example(request, example_id, why=f"read revision {number}")
    revision = get_object_or_404(Revision.objects.select_related("author"), example=example, number=number)
    return render(request, "curation/revision_page.html", example_context(example, revision))


@require_safe
def revision_compare(request: SignedInRequest, example_id: int) -> HttpResponse:
    """?left= and ?right= are numbers of revisions."""
    example = open_example(request, example_id, why="read its history")
    form = CompareForm(request.GET)
    chosen = set(form.cleaned_data.values()) if form.is_valid() else set()
    found = {row.number: row for row in revising.revisions_of(example).filter(number__in=chosen)}
    if not chosen or len(found) < len(chosen):
        messages.error(request, "Choose two revisions of this example to compare.")
        return redirect("revision_list", example.pk)
    left, right = found[form.cleaned_data["left"]], found[form.cleaned_data["right"]]
    context = {
        "example": example,
        "left": left,
        "right": right,
        "sides": [left, right],
        "older": next((row for row in (left, right) if row.content_hash != example.content_hash), None),
        "diff": shown_diff(left.text, right.text),
        "change": change(left.text, right.text),
    }
    return render(request, "curation/revision_compare.html", context)


@require_POST
def revision_restore(request: SignedInRequest, example_id: int, number: int) -> HttpResponse:
    example = open_example(request, example_id, why=f"restored revision {number}")
    get_object_or_404(Revision, example=example, number=number)
    form = RestoreForm(request.POST)
    base_hash = form.cleaned_data["base_hash"] if form.is_valid() else "not sent"
    try:
        made = revising.restore(example=example, number=number, author=request.user, base_hash=base_hash)
    except revising.RestoreRefused as refused:
        messages.error(request, str(refused))
        newest = revising.revisions_of(example).values_list("number", flat=True)[0]
        pair = f"?left={number}&right={newest}"
        return redirect(reverse("revision_compare", args=[example.pk]) + pair)
    if made:
        messages.success(request, f"The text of revision {number} is back, as revision {made.number}.")
    else:
        messages.info(request, f"{example.path} has the text of revision {number} already.")
    return redirect(places.keep(request, reverse("example_page", args=[example.pk])))
