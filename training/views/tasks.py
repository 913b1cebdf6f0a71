"""Test tasks: the triage pool in full, the holdout in totals, the frozen sets, the looks at the holdout."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.domain.tasks import HOLDOUT
from curation.models import Example, TaskSet
from curation.services import looking, posing, selecting, writing_back
from curation.services.exporting import ExportRefused
from curation.views.examples import example_context
from curation.views.paging import page_of
from studio.http import SignedInRequest, download
from training.forms.tasks import LookForm, ReasonForm, TaskSetForm
from training.services import assembling

LOOKED_AT_UNASKED = 5_000  # examples, some seconds
MOST_SETS = 20
MOST_LOOKS = 20
STATUS_WORDS = dict(Example.STATUSES)


@require_safe
def task_list(request: SignedInRequest) -> HttpResponse:
    totals = posing.totals(HOLDOUT)
    others = [(STATUS_WORDS[status], n) for status, n in totals.by_status.items() if status != "approved"]
    context: dict[str, Any] = {
        "totals": totals,
        "others": others,
        "own": posing.own_holdout(request.user),
        "page": page_of(posing.triage(), "path", request.GET),
        "versions": posing.versions(MOST_SETS),
        "counted": looking.counted(),
        "looks": looking.newest(MOST_LOOKS),
        "most_looks": MOST_LOOKS,
    }
    return render(request, "training/task_list.html", context)


@require_safe
def holdout_list(request: SignedInRequest) -> HttpResponse:
    """The names of the holdout's tasks, and the forms that ask why somebody has to read one."""
    return _holdout(request)


def _holdout(
    request: SignedInRequest, look: LookForm | None = None, reason: ReasonForm | None = None
) -> HttpResponse:
    context = {"tasks": posing.tasks(HOLDOUT), "form": look or LookForm(), "reason": reason or ReasonForm()}
    status = 422 if look or reason else 200
    return render(request, "training/holdout_list.html", context, status=status)


@require_POST
def task_look(request: SignedInRequest) -> HttpResponse:
    """One task of the holdout, for a maintainer who says why. It is no address: each look asks."""
    form = LookForm(request.POST)
    if not form.is_valid():
        return _holdout(request, look=form)
    try:
        example = looking.with_reason(request.user, **form.cleaned_data)
    except Example.DoesNotExist as error:
        raise Http404("There is no such task.") from error
    assert example.head
    context = {**example_context(example, example.head), "why": form.cleaned_data["why"]}
    return render(request, "training/task_look.html", context)


@require_POST
def task_download(request: SignedInRequest) -> HttpResponseBase:
    """Every approved task as a file of training-data/tasks/; the look at each of the holdout is noted."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _holdout(request, reason=form)
    try:
        file, size_bytes = writing_back.export_tasks(by=request.user, why=form.cleaned_data["why"])
    except ExportRefused as error:
        messages.error(request, str(error))
        return _holdout(request)
    return download(request, file, name="tasks.zip", size_bytes=size_bytes, content_type="application/zip")


@require_http_methods(["GET", "HEAD", "POST"])
def task_set_freeze(request: SignedInRequest) -> HttpResponse:
    """What freezing now would give, gate by gate, and the form that does it."""
    suggested = {"name": f"tasks-{TaskSet.objects.count() + 1}"}
    form = TaskSetForm(request.POST) if request.method == "POST" else TaskSetForm(initial=suggested)
    if request.method == "POST" and form.is_valid():
        newest = TaskSet.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        try:
            frozen = assembling.freeze(author=request.user, **form.cleaned_data)
        except assembling.NameTaken as error:
            form.add_error("name", str(error))
        except assembling.FreezeRefused as error:
            form.add_error(None, str(error))
        else:
            if frozen.pk > newest:
                messages.success(request, f"Frozen as {frozen.name}. The next evaluation uses it.")
            else:
                messages.info(request, f"{frozen.name} holds exactly these tasks; no new set was made.")
            return redirect("task_list")
    context: dict[str, Any] = {"form": form}
    many = selecting.count(selecting.EVERYTHING)
    if request.method == "POST" or "look" in request.GET or many <= LOOKED_AT_UNASKED:
        plan = assembling.plan()
        context |= {"plan": plan, "gates": plan.gates.as_list()}
    else:
        context["many"] = many
    return render(request, "training/task_set_freeze.html", context, status=422 if form.errors else 200)
