"""Freezing a dataset version: a few texts at once, many by a worker, whose progress has a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.forms.snapshots import FreezeForm, SelectionForm
from curation.models import FreezeJob, Snapshot
from curation.services import freezing, gating, planning, selecting, snapshotting
from studio.http import SignedInRequest

CHIPS = {
    "queued": "",
    "running": "busy",
    "checked": "good",
    "done": "good",
    "failed": "bad",
    "cancelled": "warn",
}


@require_http_methods(["GET", "HEAD", "POST"])
def snapshot_freeze(request: SignedInRequest) -> HttpResponse:
    """What freezing now would give, gate by gate, and the form that does it. Filters stand in the address."""
    posted = request.method == "POST"
    asked = SelectionForm(request.POST if posted else request.GET)
    form = FreezeForm(request.POST) if posted else FreezeForm(initial={"name": _next_name()})
    selection = asked.selection()
    is_quick = freezing.is_quick(selection)
    looks_only = "look" in request.POST
    if posted and asked.errors:  # freezing more than was asked for would be worse than freezing nothing
        form.add_error(None, "A filter has a value that is no choice. Choose again, then freeze.")
    if posted and form.is_valid() and not (is_quick and looks_only):
        chosen: dict[str, Any] = {"selection": selection, "general_per_mille": asked.general()}
        try:
            if is_quick:
                return _freeze_now(request, form, chosen)
            job = freezing.request(
                **chosen,
                wish=freezing.Wish(**form.asked(), looks_only=looks_only),
                by=request.user,
                idempotency_key=form.cleaned_data["key"],
            )
            return redirect("freeze_page", job.pk)
        except snapshotting.FreezeRefused as refused:
            form.refused(refused)
    context: dict[str, Any] = {"asked": asked, "chosen": asked.chosen(), "form": form}
    if is_quick:
        plan = planning.plan_snapshot(selection=selection, general_per_mille=asked.general(), **form.split())
        gates = form.waivable(plan.gates.most_urgent_first())
        context |= {"plan": plan, **plan.report, "gates": gates}
    else:
        many = None if selecting.has_common_words(selection) else selecting.count(selection)
        context |= {"many": many}
    if request.htmx:
        return render(request, "curation/_snapshot_plan.html", context)
    return render(request, "curation/snapshot_freeze.html", context, status=422 if form.errors else 200)


def _freeze_now(request: SignedInRequest, form: FreezeForm, chosen: dict[str, Any]) -> HttpResponse:
    known = set(Snapshot.objects.values_list("pk", flat=True))
    frozen = snapshotting.freeze(author=request.user, **chosen, **form.asked())
    if frozen.pk in known:
        messages.info(request, f"{frozen.name} holds exactly this content already; no new version was made.")
    else:
        messages.success(request, f"Frozen as {frozen.name}.")
    return redirect("snapshot_page", frozen.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def freeze_page(request: SignedInRequest, freeze_id: int) -> HttpResponse:
    """A job: how far it is, what it found, and the form that asks for it again."""
    job = _job(freeze_id)
    form = _form_of(job)
    if request.method == "POST":
        form = FreezeForm(request.POST)
        if form.is_valid():
            wish = freezing.Wish(**form.asked(), looks_only="look" in request.POST)
            try:
                freezing.again(job, wish=wish, by=request.user)
                return redirect("freeze_page", job.pk)
            except snapshotting.FreezeRefused as refused:
                form.refused(refused)
    status = 422 if form.errors else 200
    return render(request, "curation/freeze_page.html", _live(job, form), status=status)


@require_safe
def freeze_live(request: SignedInRequest, freeze_id: int) -> HttpResponse:
    """Asked by the page every second while a worker has it."""
    job = _job(freeze_id)
    return render(request, "curation/_freeze_live.html", _live(job, _form_of(job)))


@require_POST
def freeze_cancel(request: SignedInRequest, freeze_id: int) -> HttpResponse:
    job = _job(freeze_id)
    if not freezing.cancel(job, by=request.user):
        messages.info(request, "There was nothing to stop any more.")
    return redirect("freeze_page", job.pk)


def _job(freeze_id: int) -> FreezeJob:
    return get_object_or_404(FreezeJob.objects.select_related("requested_by", "snapshot"), pk=freeze_id)


def _form_of(job: FreezeJob) -> FreezeForm:
    """All that was typed."""
    names = ("seed", "validation_per_mille")
    initial = {"name": job.name or _next_name(), **{name: getattr(job, name) for name in names}}
    return FreezeForm(initial=initial, reasons=job.waivers)


def _next_name() -> str:
    return f"v{Snapshot.objects.count() + 1}"


def _live(job: FreezeJob, form: FreezeForm) -> dict[str, Any]:
    active = job.state in freezing.ACTIVE
    gates = gating.GateReport() if active else freezing.gates_of(job)
    return {
        "job": job,
        "chip": CHIPS[job.state],
        "active": active,
        "silent": freezing.is_silent(job),
        "percent": 100 * job.done // job.total if job.total and active else None,
        "selection": told(freezing.selection_of(job).policy),
        "filters": _filters(job),
        "form": form,
        **job.report,
        "plan": {"digest": job.digest} if job.report else None,
        "gates": form.waivable(gates.most_urgent_first()),
        "blocking": len(gates.blocking),
        "to_waive": len(gates.open_warnings),
    }


def _filters(job: FreezeJob) -> str:
    """The selection as it stands in the address of the page before."""
    filters: dict[str, Any] = dict(job.selection)
    if not filters.pop("conversations", True):
        filters["conversations"] = "no"
    if job.general_per_mille:
        filters["general_per_mille"] = job.general_per_mille
    return urlencode(sorted(filters.items()))


def told(policy: str | dict[str, Any]) -> dict[str, str]:
    """The filters of a selection in words; none where it is everything that was approved."""
    filters = policy if isinstance(policy, dict) else {}
    return {
        name: value if isinstance(value, str) else "with" if value else "without"
        for name, value in sorted(filters.items())
        if name != "status"
    }
