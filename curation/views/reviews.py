"""Judging examples: on the example's own page, or one after the other."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.forms.reviews import ReviewForm
from curation.models import Example
from curation.services import reserving, reviewing
from curation.views import places
from curation.views.examples import example_context, page_context, panel_context
from studio.http import SignedInRequest

IN_QUEUE = "queue"  # the value of the hidden field `from` on the review screen


@require_safe
def review_next(request: SignedInRequest) -> HttpResponse:
    """One example that waits for this reviewer; ?id= names it, ?after= and ?before= a neighbour."""
    example = _asked_for(request)
    if example is None:
        return render(request, "curation/review_done.html")
    return _screen(request, example)


@require_POST
def review_example(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = get_object_or_404(Example.objects.select_related("head__author"), pk=example_id)
    in_queue = request.POST.get("from") == IN_QUEUE
    form = ReviewForm(request.POST)
    if form.is_valid():
        try:
            reviewing.record_review(example=example, reviewer=request.user, **form.cleaned_data)
        except reviewing.ReasonMissing as error:
            form.add_error("reason", str(error))
        except reviewing.Refused as error:
            form.add_error(None, str(error))
            example = Example.objects.select_related("head__author").get(pk=example_id)
    status = 422 if form.errors else 200
    if in_queue:
        if form.errors:
            return _screen(request, example, form)
        verdict = dict(form.fields["verdict"].choices)[form.cleaned_data["verdict"]]  # type: ignore[attr-defined]
        messages.success(request, f"{example.path}: {verdict}.")
        return redirect(f"{reverse('review_next')}?after={example.pk}")
    if request.htmx:
        bound = form if form.errors else None
        context = panel_context(request, example, bound)
        return render(request, "curation/_review_panel.html", context, status=status)
    if form.errors:
        return render(request, "curation/example_page.html", page_context(request, example, form), status=422)
    return redirect(places.keep(request, reverse("example_page", args=[example.pk])))


def _asked_for(request: SignedInRequest) -> Example | None:
    example_id, after, before = (_id(request.GET.get(name, "")) for name in ("id", "after", "before"))
    if example_id is not None:
        return Example.objects.select_related("head__author").filter(pk=example_id).first()
    if before is not None:
        return reserving.take_next(request.user, before=before)
    return reserving.take_next(request.user, after=after)


def _id(word: str) -> int | None:
    """An id from the query string; anything that is none means: not asked for."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None


def _screen(request: SignedInRequest, example: Example, form: ReviewForm | None = None) -> HttpResponse:
    assert example.head
    context = {
        **example_context(example, example.head),
        **panel_context(request, example, form),
        "place": reserving.place_in_queue(request.user, example),
        "in_queue": IN_QUEUE,
    }
    return render(request, "curation/review.html", context, status=422 if form else 200)
