"""One action on many examples: choose it, look at the plan, do it, undo it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.domain.bulk import Plan
from curation.forms.bulk import FORMS, NEEDED, REVIEWERS, TEXT, VERDICT, ActionForm, SelectionForm
from curation.models import AuditEntry, Example
from curation.services import bulk_editing, undoing
from curation.views import places
from studio.http import SignedInRequest

MOST_SHOWN = 50  # examples of one list on a page
ADDRESSES = {
    TEXT: "bulk_text",
    VERDICT: "bulk_verdict",
    REVIEWERS: "bulk_reviewers",
    NEEDED: "bulk_needed",
}


@require_safe
def bulk_choose(request: SignedInRequest) -> HttpResponse:
    """What can be done to the ticked examples, or to all that the list shows."""
    return _choose(request, SelectionForm(request.GET))


@require_POST
def bulk_text(request: SignedInRequest) -> HttpResponse:
    return _act(request, TEXT)


@require_POST
def bulk_verdict(request: SignedInRequest) -> HttpResponse:
    return _act(request, VERDICT)


@require_POST
def bulk_reviewers(request: SignedInRequest) -> HttpResponse:
    return _act(request, REVIEWERS)


@require_POST
def bulk_needed(request: SignedInRequest) -> HttpResponse:
    return _act(request, NEEDED)


@require_safe
def bulk_done(request: SignedInRequest, entry_id: int) -> HttpResponse:
    """What an action did, and what taking it back did."""
    entry = get_object_or_404(AuditEntry, pk=entry_id, action__in=bulk_editing.ACTIONS)
    undone = AuditEntry.objects.filter(undoes=entry).first()
    ids = entry.detail["examples"]
    context = {
        "entry": entry,
        "told": bulk_editing.told(entry),
        "examples": Example.objects.filter(pk__in=ids[:MOST_SHOWN]).order_by("path"),
        "more": max(len(ids) - MOST_SHOWN, 0),
        "undone": undone,
        "left_alone": undone.detail.get("left_alone", [])[:MOST_SHOWN] if undone else [],
        "may_undo": undone is None and entry.actor == request.user,
    }
    return render(request, "curation/bulk_done.html", context)


@require_POST
def bulk_undo(request: SignedInRequest, entry_id: int) -> HttpResponse:
    entry = get_object_or_404(AuditEntry, pk=entry_id, action__in=bulk_editing.ACTIONS)
    try:
        undone = undoing.undo(entry, by=request.user)
    except undoing.CannotUndo as error:
        messages.error(request, str(error))
    else:
        changed, left = len(undone.detail["changed"]), len(undone.detail["left_alone"])
        said = f"{changed:,} changed back" + (f", {left:,} left alone: see why below." if left else ".")
        messages.success(request, said)
    return redirect(places.keep(request, reverse("bulk_done", args=[entry.pk])))


def _act(request: SignedInRequest, family: str) -> HttpResponse:
    selection, form = SelectionForm(request.POST), FORMS[family](request.POST)
    if not (form.is_valid() and selection.is_valid()):
        return _choose(request, selection, family, form)
    asked: dict[str, Any] = {"action": form.cleaned_data["action"], "value": form.value(), "by": request.user}
    digest = form.cleaned_data["digest"]
    try:
        asked["ids"] = selection.ids(request.user)
        if not digest:
            return _preview(request, family, selection, form, bulk_editing.plan(**asked))
        entry = bulk_editing.carry_out(**asked, digest=digest)
    except bulk_editing.PlanChanged as changed:
        return _preview(request, family, selection, form, changed.plan, str(changed))
    except bulk_editing.Refused as refused:
        form.add_error(None, str(refused))
        return _choose(request, selection, family, form)
    return redirect(places.keep(request, reverse("bulk_done", args=[entry.pk])))


def _choose(
    request: SignedInRequest, selection: SelectionForm, family: str = "", form: ActionForm | None = None
) -> HttpResponse:
    ids: Sequence[int] = []
    refused = ""
    if selection.is_valid():
        try:
            asked = selection.ids(request.user)
            ids = list(Example.objects.filter(pk__in=asked).values_list("pk", flat=True))  # what is there
        except bulk_editing.Refused as error:
            refused = str(error)
    context = {
        "selection": selection,
        "examples": Example.objects.filter(pk__in=ids[:MOST_SHOWN]).order_by("path"),
        "count": len(ids),
        "more": max(len(ids) - MOST_SHOWN, 0),
        "refused": refused,
        "filters": selection.filters().active() if selection.is_valid() else [],
        "forms": {
            name: form if form and name == family else kind(initial={}) for name, kind in FORMS.items()
        },
        "most": bulk_editing.MOST,
    }
    return render(request, "curation/bulk_choose.html", context, status=422 if form else 200)


def _preview(
    request: SignedInRequest,
    family: str,
    selection: SelectionForm,
    form: ActionForm,
    plan: Plan,
    changed: str = "",
) -> HttpResponse:
    kind = bulk_editing.KINDS[plan.action]
    context = {
        "plan": plan,
        "says": kind.says.format(plan.value),
        "shown": plan.planned[:MOST_SHOWN],
        "more": max(len(plan.planned) - MOST_SHOWN, 0),
        "total": len(plan.planned) + len(plan.kept),
        "reasons": [
            {"why": why, "count": len(rows), "shown": rows[:MOST_SHOWN]} for why, rows in plan.kept_by_reason
        ],
        "changed": changed,
        "address": reverse(ADDRESSES[family]),
        "selection": selection,
        "hidden": form.hidden(),
    }
    return render(request, "curation/bulk_preview.html", context, status=422 if changed else 200)
