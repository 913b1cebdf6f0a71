"""Starting, listing, following and cancelling training runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from curation.models import Snapshot
from studio.http import SignedInRequest, download
from training.domain import lifecycle, metrics
from training.domain import recipe as recipes
from training.domain.early_warnings import early_warnings
from training.domain.run_folder import RunFolder
from training.forms.recipes import RecipeForm
from training.forms.runs import LogForm, RunFilterForm, StartRunForm
from training.models import Run
from training.services import (
    cancelling,
    launching,
    packaging,
    preflighting,
    probing,
    queueing,
    reproducing,
    resuming,
    scoring,
    staging,
)
from training.views import curves, words
from training.views.timing import timing

RUNS_A_PAGE = 50
LOG_LINES = 12  # what fits without scrolling; the page of the log shows more
LOG_PAGE_LINES = 1000
CURVES = (
    ("learning_rate", "learning rate"),
    ("grad_norm", "gradient norm"),
    ("tokens_per_s", "tokens a second"),
)
STAGE_TITLES = {"pretrain": "Stage 1: continued pretraining", "instruct": "Stage 2: instruction tuning"}


@require_http_methods(["GET", "HEAD", "POST"])
def run_start(request: SignedInRequest) -> HttpResponse:
    """Choose, see what would stop the run, start it. A GET with ?snapshot= shows the checks at once."""
    if request.method == "POST":
        form = StartRunForm(request.POST)
        values = recipe_form(request.POST)
        if form.is_valid() and values.is_valid() and "check" not in request.POST:
            try:
                first, *others = launching.launch_replicates(
                    author=request.user, overrides=values.overrides, **form.cleaned_data
                )
            except launching.PreflightRefused:
                pass  # the page shows the same checks again, with what blocks
            else:
                if problem := launching.broker_problem():
                    messages.warning(request, problem)
                if others:
                    return redirect(f"{reverse('run_list')}?group={quote(first.group)}")
                return redirect("run_page", first.pk)
        good = "check" in request.POST and form.is_valid() and values.is_valid()
        return render(
            request, "training/run_start.html", start_page(form, values), status=200 if good else 422
        )
    form = StartRunForm(initial=chosen(request))
    values = recipe_form({**request.GET.dict(), "recipe_name": form.initial["recipe_name"]})
    return render(request, "training/run_start.html", start_page(form, values))


def recipe_form(sent: Mapping[str, Any]) -> RecipeForm:
    """The values of the recipe that was chosen: its own, or as they were sent if they were shown for it."""
    name = str(sent.get("recipe_name", ""))
    known = name if name in recipes.RECIPE_NAMES else "rehearsal"
    shown = dict(sent.items()) if sent.get("values_of") == known else {}
    return RecipeForm(known, RecipeForm(known).own_values | shown)


def chosen(request: HttpRequest) -> dict[str, Any]:
    """What the URL chooses, over the newest dataset version and the rehearsal recipe."""
    newest = Snapshot.objects.order_by("-pk").values_list("pk", flat=True).first()
    start = {"snapshot": newest, "recipe_name": "rehearsal", "seed": 13, "replicates": 1}
    return start | {name: request.GET[name] for name in start if request.GET.get(name)}


def start_page(form: StartRunForm, values: RecipeForm) -> dict[str, Any]:
    """The form with the checks of what it has chosen, if that can be checked at all."""
    choice = StartRunForm(form.data or {**form.initial, "idempotency_key": "preview"})
    valid = choice.is_valid()
    check = None
    if valid and values.is_valid():
        check = preflighting.check(
            snapshot=choice.cleaned_data["snapshot"],
            recipe_name=choice.cleaned_data["recipe_name"],
            overrides=values.overrides,
        )
    elif not valid and not form.is_bound and form.initial.get("snapshot"):
        form = choice  # a URL with an unknown dataset version or recipe: say so at the field
    probe = probing.of(choice.cleaned_data["snapshot"], check.recipe) if check else None
    return (timing(probe, check.recipe) if check else {}) | {
        "form": form,
        "values": values,
        "check": check,
        "check_of": choice.cleaned_data["snapshot"] if check else None,
        "snapshots_exist": Snapshot.objects.exists(),
    }


@require_GET
def run_list(request: SignedInRequest) -> HttpResponse:
    form = RunFilterForm(request.GET)
    runs = Run.objects.select_related("snapshot", "requested_by").prefetch_related("stages")
    runs = runs.defer("snapshot__manifest", "snapshot__report")  # some 20 MB each for 100,000 examples
    asked = {name: value for name, value in form.cleaned_data.items() if value} if form.is_valid() else {}
    runs = runs.filter(**asked)
    page = Paginator(runs, RUNS_A_PAGE).get_page(request.GET.get("page"))
    open_runs = Run.objects.filter(state__in=("queued", "running"))
    counts = open_runs.aggregate(
        running=Count("pk", filter=Q(state="running")), waiting=Count("pk", filter=Q(state="queued"))
    )
    context = {
        "form": form,
        "of": asked.get("snapshot"),
        "page": page,
        "rows": [run_row(run) for run in page],
        "counts": counts,
        "worker_problem": scoring.worker_problem() if counts["waiting"] else "",
    }
    return render(request, "training/run_list.html", context, status=422 if form.errors else 200)


def run_row(run: Run) -> dict[str, Any]:
    stages = list(run.stages.all())
    now = next((stage for stage in stages if stage.state == "running"), None)
    return {
        "run": run,
        "chip": words.state_chip(run.state),
        "stage": now.name if now else "",
        "done": sum(stage.state == "succeeded" for stage in stages),
        "of": len(stages),
        "took": words.elapsed(run.started_at, run.finished_at),
    }


@require_GET
def run_page(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(Run.objects.select_related("snapshot", "requested_by"), pk=run_id)
    context = live(run) | {
        "recipe_text": json.dumps(run.recipe, indent=2, sort_keys=True, ensure_ascii=False),
    }
    return render(request, "training/run_page.html", context)


@require_GET
def run_live(request: SignedInRequest, run_id: int) -> HttpResponse:
    """The part of the run's page that changes; asked for every two seconds until the run has ended."""
    run = get_object_or_404(Run.objects.select_related("snapshot", "requested_by"), pk=run_id)
    return render(request, "training/_run_live.html", live(run))


@require_GET
def run_log(request: SignedInRequest, run_id: int, stage: str) -> HttpResponse:
    """The end of a stage's log, or with ?q= the lines that hold those words."""
    run = get_object_or_404(Run, pk=run_id)
    folder = _log_folder(run, stage)
    form = LogForm(request.GET)
    words_asked = form.cleaned_data["q"] if form.is_valid() else ""
    context: dict[str, Any] = {
        "run": run,
        "stage": stage,
        "form": form,
        "q": words_asked,
        "most": LOG_PAGE_LINES,
    }
    if words_asked:
        context["matches"], context["found"] = folder.log_matches(words_asked, most=LOG_PAGE_LINES)
    else:
        context["log"] = folder.log_tail(LOG_PAGE_LINES)
    return render(request, "training/run_log.html", context, status=422 if form.errors else 200)


@require_GET
def run_log_download(request: SignedInRequest, run_id: int, stage: str) -> HttpResponseBase:
    run = get_object_or_404(Run, pk=run_id)
    folder = _log_folder(run, stage)
    if not folder.log_file.is_file():
        raise Http404(f"Nothing was logged by {stage} of run {run.pk}.")
    return download(
        request,
        folder.log_file.open("rb"),
        name=f"run-{run.pk}-{stage}.log.txt",
        size_bytes=folder.log_file.stat().st_size,
        content_type="text/plain; charset=utf-8",
    )


@require_GET
def run_bundle(request: SignedInRequest, run_id: int) -> HttpResponseBase:
    """All that it takes to do the run again."""
    run = get_object_or_404(Run.objects.select_related("snapshot"), pk=run_id)
    file, size_bytes = reproducing.write_bundle(run)
    return download(
        request, file, name=f"run-{run.pk}.zip", size_bytes=size_bytes, content_type="application/zip"
    )


def _log_folder(run: Run, stage: str) -> RunFolder:
    if stage not in lifecycle.STAGES:
        raise Http404(f"A run has no stage {stage}.")
    return staging.stage_folder(run.pk, stage)


@require_POST
def run_cancel(request: SignedInRequest, run_id: int) -> HttpResponse:
    return _asked(request, run_id, cancelling.request_cancel)


@require_POST
def run_keep(request: SignedInRequest, run_id: int) -> HttpResponse:
    """Stop and keep: the stage that trains ends now, and the run goes on with what it has learnt."""
    return _asked(request, run_id, cancelling.request_keep)


def _asked(request: SignedInRequest, run_id: int, ask: Callable[..., Run]) -> HttpResponse:
    """The run's page again after a request to its supervisor, with the reason where it came too late."""
    run = get_object_or_404(Run, pk=run_id)
    try:
        ask(run=run, by=request.user)
    except (cancelling.AlreadyFinished, cancelling.NothingToKeep) as error:
        if request.htmx:
            return render(request, "training/_run_live.html", live(run) | {"problem": str(error)}, status=422)
        messages.warning(request, str(error))
    if request.htmx:
        return render(request, "training/_run_live.html", live(run))
    return redirect("run_page", run.pk)


@require_POST
def run_resume(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(Run, pk=run_id)
    try:
        following = resuming.resume(run=run, by=request.user)
    except (resuming.CannotResume, launching.PreflightRefused) as error:
        messages.warning(request, str(error))
        return redirect("run_page", run.pk)
    messages.success(request, f"Run {following.pk} goes on where run {run.pk} stopped.")
    return redirect("run_page", following.pk)


def live(run: Run) -> dict[str, Any]:
    """Everything on the run's page that may have changed two seconds later, read afresh."""
    run.refresh_from_db()
    stages = list(run.stages.all())
    current = next((s for s in stages if s.state in ("running", "failed", "cancelled")), None)
    if current is None:
        current = next((s for s in reversed(stages) if s.state == "succeeded"), None)
    waiting = run.state == "queued"
    return {
        "run": run,
        "ended": run.state in lifecycle.TERMINAL,
        "chip": words.state_chip(run.state),
        "took": words.elapsed(run.started_at, run.finished_at),
        "ahead": queueing.ahead_of(run) if waiting else 0,
        "may_keep": any(s.state == "running" and s.name in lifecycle.TRAINING_STAGES for s in stages),
        "may_resume": run.state in resuming.RESUMABLE,
        "gone_on_as": run.gone_on_as.first(),
        "worker_problem": scoring.worker_problem() if waiting else "",
        "stages": [stage_row(run, stage) for stage in stages],
        "trainings": [row for name in STAGE_TITLES if (row := training_row(run, name))["losses"]],
        "gpu": gpu_row(run, current.name) if current and current.state == "running" else None,
        "log_stage": current.name if current else "",
        "log": staging.stage_folder(run.pk, current.name).log_tail(LOG_LINES) if current else "",
        "artifacts": packaging.newest(run),
        "evaluations": [scoring.scored(evaluation) for evaluation in run.evaluations.all()],
        "events": run.events.order_by("-pk")[:100],
    }


def gpu_row(run: Run, stage: str) -> dict[str, Any] | None:
    """How full and busy each GPU of the worker's machine is; None where there is none."""
    noted = staging.stage_folder(run.pk, stage).gpu_loads()
    if not noted:
        return None
    loads = [
        {**load, "used": f"{load['used_bytes'] / 1e9:.1f}", "total": f"{load['total_bytes'] / 1e9:.1f}"}
        for load in noted["loads"]
    ]
    return {"loads": loads, "at": datetime.fromisoformat(noted["at"])}


def stage_row(run: Run, stage: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "stage": stage,
        "chip": words.state_chip(stage.state),
        "took": words.elapsed(stage.started_at, stage.finished_at) if stage.state != "queued" else "",
    }
    if stage.state == "running":
        now, left = queueing.progress(run.pk, stage.name)
        if now and now.of:
            row |= {"step": now.step, "of": now.of, "left": words.duration(left) if left is not None else ""}
    return row


def training_row(run: Run, stage: str) -> dict[str, Any]:
    """What the metrics of a training stage show: curves, and what they say is going wrong."""
    points, _ = staging.stage_folder(run.pk, stage).metrics()
    drawn = metrics.curves(points)
    losses = [("training loss", drawn.get("loss", [])), ("validation loss", drawn.get("eval_loss", []))]
    others = [
        curves.chart(label.capitalize(), [(label, drawn.get(name, []))], size=curves.SMALL)
        for name, label in CURVES
    ]
    return {
        "stage": stage,
        "losses": curves.chart(STAGE_TITLES[stage], losses),
        "others": [chart for chart in others if chart],
        "warnings": early_warnings(points),
    }
