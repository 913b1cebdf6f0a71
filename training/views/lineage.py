"""Where an example went and came from, and the same of a dataset version."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from curation.models import Example, Snapshot
from curation.views.paging import page_of, whole_numbers
from studio.http import SignedInRequest
from training.services import tracing
from training.views import words

VERSIONS_A_PAGE = 6  # a score takes some milliseconds, and each version shows two


@require_safe
def lineage_example(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = get_object_or_404(Example, pk=example_id)
    page = page_of(
        tracing.standings_of(example), "-snapshot_id", whole_numbers(request.GET), size=VERSIONS_A_PAGE
    )
    context = {
        "example": example,
        "came_from": tracing.failures_behind(example),
        "page": page,
        "standings": [(standing, run_rows(standing.runs)) for standing in tracing.traced(page.rows)],
    }
    return render(request, "training/lineage_example.html", context)


@require_safe
def lineage_snapshot(request: SignedInRequest, snapshot_id: int) -> HttpResponse:
    frozen = get_object_or_404(Snapshot.objects.defer("manifest", "report"), pk=snapshot_id)
    page = page_of(
        tracing.from_failures(frozen).select_related("example").defer("text", "findings"),
        "-pk",
        whole_numbers(request.GET),
    )
    runs, failures = tracing.runs_of(frozen), tracing.failures_of(frozen)
    context = {
        "snapshot": frozen,
        "runs": run_rows(runs),
        "more_runs": frozen.runs.count() - len(runs),
        "page": page,
        "taught": tracing.taught(page.rows, frozen),
        "answered": tracing.answered(list(failures[: tracing.FAILURES_SHOWN])),
        "more_failures": max(0, failures.count() - tracing.FAILURES_SHOWN),
    }
    return render(request, "training/lineage_snapshot.html", context)


def run_rows(runs: list[tracing.TracedRun]) -> list[dict[str, Any]]:
    return [{"traced": run, "chip": words.state_chip(run.run.state)} for run in runs]
