"""Settling what reviewers disagree about, with their verdicts side by side."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.forms.reviews import ReviewForm
from curation.models import Example
from curation.services import looking, reserving, reviewing
from curation.views.examples import example_context
from curation.views.opening import open_to_judge
from curation.views.paging import id_in
from curation.views.panels import label_choices, panel_context
from studio.http import SignedInRequest


@require_safe
def dispute_next(request: SignedInRequest) -> HttpResponse:
    """One example that this person may settle; ?after= names the one before it."""
    after = id_in(request.GET.get("after", "")) or 0
    waiting = reserving.disputed_for(request.user).select_related("head__author")
    example = waiting.filter(pk__gt=after).first() or waiting.first()
    if example is None:
        return render(request, "curation/dispute_done.html")
    return _page(request, example)


@require_safe
def dispute_page(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_to_judge(request, example_id)
    if reviewing.status_of(example) != "disputed":
        messages.info(request, f"Nobody disagrees about {example.path} any more.")
        return redirect("example_page", example.pk)
    return _page(request, example)


@require_POST
def dispute_settle(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_to_judge(request, example_id)
    form = ReviewForm(request.POST)
    if form.is_valid():
        try:
            reviewing.record_review(
                example=example, reviewer=request.user, adjudicates=True, **form.cleaned_data
            )
        except reviewing.ReasonMissing as error:
            form.add_error("reason", str(error))
        except reviewing.Refused as error:
            form.add_error(None, str(error))
    if form.errors:
        return _page(request, open_to_judge(request, example_id), form)
    messages.success(request, f"{example.path} is settled.")
    return redirect(f"{reverse('dispute_next')}?after={example.pk}")


def _page(request: SignedInRequest, example: Example, form: ReviewForm | None = None) -> HttpResponse:
    assert example.head
    looking.look(example, request.user, "settling what reviewers disagree about")
    panel = panel_context(request, example, form=form)
    present = [row for row in panel["shown"].reviews if row.content_hash == example.content_hash]
    last_words = {row.reviewer_id: row for row in reversed(present)}  # the newest of each reviewer
    waiting = reserving.disputed_for(request.user)
    context = {
        **example_context(example, example.head),
        **panel,
        "said": [row for row in last_words.values() if row.verdict != "withdrawn"],
        "votes": label_choices(example, ""),
        "number": waiting.filter(pk__lte=example.pk).count(),
        "of": waiting.count(),
    }
    return render(request, "curation/dispute_page.html", context, status=422 if form else 200)
