"""Judging examples: on the example's own page, or one after the other on the review screen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, replace_url

from curation.forms.reviews import CommentForm, FixForm, ReviewForm, UndoForm
from curation.models import AuditEntry, Example
from curation.services import amending, looking, reserving, reviewing, undoing
from curation.views import places
from curation.views.examples import example_context, page_context
from curation.views.opening import open_to_judge
from curation.views.paging import id_in
from curation.views.panels import IN_QUEUE, against, panel_context
from studio.http import SignedInRequest


@require_safe
def review_next(request: SignedInRequest) -> HttpResponse:
    """One example that waits for this reviewer; ?id= names it, ?after= and ?before= a neighbour."""
    if request.method == "HEAD":  # to look whether the page is there opens nothing
        return HttpResponse()
    example = _asked_for(request)
    if example is None:
        context = {"undoable": _undoable(request), "disputes": reserving.disputed_for(request.user).count()}
        return render(request, _template(request, "review_done"), context)
    return screen(request, example)


@require_POST
def review_example(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_to_judge(request, example_id)
    form = ReviewForm(request.POST)
    if form.is_valid():
        try:
            reviewing.record_review(example=example, reviewer=request.user, **form.cleaned_data)
        except reviewing.ReasonMissing as error:
            form.add_error("reason", str(error))
        except reviewing.Refused as error:
            form.add_error(None, str(error))
    if form.errors:
        return refused(request, example, form=form)
    verdict = dict(form.fields["verdict"].choices)[form.cleaned_data["verdict"]]  # type: ignore[attr-defined]
    return _go_on(request, example, f"{example.path}: {verdict}.")


@require_POST
def review_fix(request: SignedInRequest, example_id: int) -> HttpResponse:
    """Fix and approve: another label is written into the text at once, the rest is mended in the editor."""
    example = open_to_judge(request, example_id)
    form = FixForm(request.POST)
    if not form.is_valid():
        return refused(request, example, form=form)
    vote = form.cleaned_data["generations"] or example.generation_label.split()
    if set(vote) == set(example.generation_label.split()):
        return _open_editor(request, example, form)
    try:
        amending.relabel(
            example=example,
            reviewer=request.user,
            generations=vote,
            content_hash=form.cleaned_data["content_hash"],
        )
    except reviewing.Refused as error:
        form.add_error(None, str(error))
        return refused(request, example, form=form)
    label = ", ".join(vote)
    return _go_on(request, example, f"{example.path}: relabelled {label}. Another reviewer confirms it.")


def _open_editor(request: SignedInRequest, example: Example, form: FixForm) -> HttpResponse:
    try:
        draft = amending.begin(example=example, reviewer=request.user)
    except reviewing.Refused as error:
        form.add_error(None, str(error))
        return refused(request, example, form=form)
    editor = reverse("draft_edit", args=[draft.pk])
    return HttpResponseClientRedirect(editor) if request.htmx else redirect(editor)


@require_POST
def review_undo(request: SignedInRequest) -> HttpResponse:
    """Take back what this reviewer did last, and show that example again."""
    form = UndoForm(request.POST)
    entry = AuditEntry.objects.filter(pk=form.cleaned_data["entry"]).first() if form.is_valid() else None
    if entry is None:
        messages.error(request, "There is nothing to undo: reload the page.")
        return redirect("review_next")
    try:
        undoing.undo(entry, by=request.user)
        messages.success(request, f"Undone: {undoing.told(entry)}.")
    except undoing.CannotUndo as error:
        messages.error(request, str(error))
    examples = undoing.examples_of(entry)
    place = f"?id={examples[0]}" if len(examples) == 1 else ""
    return redirect(f"{reverse('review_next')}{place}")


def screen(
    request: SignedInRequest,
    example: Example,
    *,
    form: FixForm | None = None,
    comment: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The review screen with this example."""
    assert example.head
    looking.look(example, request.user, "review")
    late = str(form["content_hash"].value() or "") if form and form.is_bound else ""
    context = {
        **example_context(example, example.head),
        **panel_context(request, example, form=form, comment=comment, in_queue=True),
        "place": reserving.place_in_queue(request.user, example),
        "against": against(example, request.user, late),
        "elsewhere": reserving.open_elsewhere(example, request.user),
        "undoable": _undoable(request),
        "disputes": reserving.disputed_for(request.user).count(),
    }
    response = render(request, _template(request, "review"), context, status=status)
    return replace_url(response, f"{reverse('review_next')}?id={example.pk}") if request.htmx else response


def refused(
    request: SignedInRequest,
    example: Example,
    *,
    form: FixForm | None = None,
    comment: CommentForm | None = None,
) -> HttpResponse:
    """The same place again, with what was typed and why it was not taken."""
    example = open_to_judge(request, example.pk)
    if request.POST.get("from") == IN_QUEUE:
        _reserve(request, example)
        return screen(request, example, form=form, comment=comment, status=422)
    if request.htmx:
        context = panel_context(request, example, form=form, comment=comment)
        return render(request, "curation/_review_panel.html", context, status=422)
    looking.look(example, request.user, "read its page")
    context = page_context(request, example, form, comment)
    return render(request, "curation/example_page.html", context, status=422)


def back(request: SignedInRequest, example: Example) -> HttpResponse:
    """The same example again, on the page that the request came from."""
    if request.POST.get("from") == IN_QUEUE:
        return redirect(f"{reverse('review_next')}?id={example.pk}")
    if request.htmx:
        return render(
            request, "curation/_review_panel.html", panel_context(request, open_to_judge(request, example.pk))
        )
    return redirect(places.keep(request, reverse("example_page", args=[example.pk])))


def _go_on(request: SignedInRequest, example: Example, says: str) -> HttpResponse:
    """After a decision: the next example of the queue, or the page where it was made."""
    if request.POST.get("from") != IN_QUEUE:
        return back(request, example)
    messages.success(request, says)
    return redirect(f"{reverse('review_next')}?after={example.pk}")


def _asked_for(request: SignedInRequest) -> Example | None:
    example_id, after, before = (id_in(request.GET.get(name, "")) for name in ("id", "after", "before"))
    if example_id is not None:
        try:
            example = looking.for_judging(request.user, example_id)
        except Example.DoesNotExist:
            return None
        _reserve(request, example)
        return example
    return reserving.take_next(request.user, after=after, before=before)


def _reserve(request: SignedInRequest, example: Example) -> None:
    """This example instead of the one that was open before; also where it is not free to be had."""
    if not reserving.take(request.user, example):
        reserving.release(request.user)


def _undoable(request: SignedInRequest) -> dict[str, Any] | None:
    entry = undoing.last_undoable(request.user)
    return {"entry": entry.pk, "says": undoing.told(entry)} if entry else None


def _template(request: SignedInRequest, name: str) -> str:
    """The fragment for htmx, but for its reload of a page that it has forgotten."""
    swapped = request.htmx and not request.htmx.history_restore_request
    return f"curation/_{name}.html" if swapped else f"curation/{name}.html"
