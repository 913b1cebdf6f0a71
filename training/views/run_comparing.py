"""Two or more runs side by side: what they were asked for, their curves, their data, their scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from studio.http import SignedInRequest
from training.domain import lifecycle, metrics
from training.domain.run_diff import differences
from training.forms.runs import CompareForm
from training.models import Run
from training.services import scoring, staging
from training.views import bars, curves, words

SERIES = {"loss": "training loss", "eval_loss": "validation loss"}
STAGE_WORDS = {"pretrain": "Stage 1", "instruct": "Stage 2"}


@require_GET
def run_compare(request: SignedInRequest) -> HttpResponse:
    """?run= for each of the runs, in the order of their numbers."""
    form = CompareForm(request.GET)
    if not form.is_valid():
        for problem in form.errors.get("run", []):
            messages.error(request, str(problem))
        return redirect("run_list")
    runs = sorted(form.cleaned_data["run"], key=lambda run: run.pk)
    context = {
        "runs": [_column(run) for run in runs],
        "differences": differences([_asked(run) for run in runs]),
        "charts": _charts(runs),
        "data": _data(runs),
    }
    return render(request, "training/run_compare.html", context)


def _column(run: Run) -> dict[str, Any]:
    newest = run.evaluations.filter(finished_at__isnull=False).order_by("-pk").first()
    return {
        "run": run,
        "chip": words.state_chip(run.state),
        "took": words.elapsed(run.started_at, run.finished_at),
        "scored": scoring.scored(newest) if newest else None,
        "pools": bars.with_bars(scoring.scored(newest).pools) if newest else [],
    }


def _asked(run: Run) -> dict[str, Any]:
    """All that decides what a run makes."""
    return {
        "dataset version": run.snapshot.name,
        "digest": run.snapshot.digest[:12],
        "seed": run.seed,
        "code": run.code_version,
        "recipe": run.recipe,
    }


def _charts(runs: list[Run]) -> list[curves.Chart]:
    drawn = []
    for stage in lifecycle.TRAINING_STAGES:
        found = [(run, metrics.curves(staging.stage_folder(run.pk, stage).metrics()[0])) for run in runs]
        for name, label in SERIES.items():
            series = [(f"run {run.pk}", of.get(name, [])) for run, of in found]
            if chart := curves.chart(f"{STAGE_WORDS[stage]}, {label}", series):
                drawn.append(chart)
    return drawn


def _data(runs: list[Run]) -> list[tuple[Any, Any]]:
    """Each pair of neighbouring dataset versions among the runs, the older one first."""
    versions = {run.snapshot_id: run.snapshot for run in runs}
    return list(pairwise(versions[key] for key in sorted(versions)))
