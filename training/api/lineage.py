"""Lineage: examples, dataset versions, runs, models and scores, both ways."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from curation.api.shapes import ApiRequest, ById, Id, Page, page_of
from curation.models import Example, Snapshot
from training.api.evaluations import PoolOut
from training.services import tracing

router = Router(tags=["lineage"])


class FailureOut(Schema):
    """A failed attempt from which an example was drafted."""

    attempt: int
    task: str
    outcome: str
    evaluation: int
    run: int
    snapshot: int
    snapshot_name: str
    example: int
    path: str
    revision: int = Field(description="the first one that was written because of it")


class RunTrace(Schema):
    run: int
    state: str
    recipe_name: str
    models: list[int] = Field(description="ids of its finished models, as in /artifacts")
    evaluation: int | None = Field(description="the newest one that is finished")
    pools: list[PoolOut]


class VersionOut(Schema):
    snapshot: int
    name: str
    revision: int
    split: str
    runs: list[RunTrace] = Field(description=f"the newest {tracing.RUNS_A_VERSION}")
    more_runs: int


class ExampleLineage(Page[VersionOut]):
    """The dataset versions that hold the example, newest first."""

    example: int
    path: str
    came_from: list[FailureOut]


class AnsweredOut(Schema):
    """A failure of the version's models, and an example that was written because of it."""

    attempt: int
    task: str
    outcome: str
    evaluation: int
    run: int
    example: int
    path: str
    first_snapshot: int | None = Field(description="the first version that holds the example")


class SnapshotLineage(Page[FailureOut]):
    """The version's examples that came from failures, newest first, a page at a time."""

    snapshot: int
    name: str
    runs: list[RunTrace] = Field(description=f"the newest {tracing.RUNS_OF_VERSION}")
    answered: list[AnsweredOut] = Field(description=f"of the newest {tracing.FAILURES_SHOWN} failures")


@router.get(
    "/lineage/examples/{example_id}",
    response=ExampleLineage,
    summary="Where an example went, and the failures it came from",
)
def lineage_example(
    request: ApiRequest, response: HttpResponse, example_id: Id, page: Query[ById]
) -> dict[str, Any]:
    example = get_object_or_404(Example, pk=example_id)
    found = page_of(request, response, tracing.standings_of(example), "-snapshot_id", page)
    return found | {
        "items": [_version(standing) for standing in tracing.traced(found["items"])],
        "example": example.pk,
        "path": example.path,
        "came_from": [_failure(one) for one in tracing.failures_behind(example)],
    }


@router.get(
    "/lineage/snapshots/{snapshot_id}",
    response=SnapshotLineage,
    summary="What became of a dataset version, and the failures its examples came from",
)
def lineage_snapshot(
    request: ApiRequest, response: HttpResponse, snapshot_id: Id, page: Query[ById]
) -> dict[str, Any]:
    frozen = get_object_or_404(Snapshot.objects.defer("manifest", "report"), pk=snapshot_id)
    rows = tracing.from_failures(frozen).select_related("example").defer("text", "findings")
    found = page_of(request, response, rows, "-pk", page)
    failures = tracing.failures_of(frozen)[: tracing.FAILURES_SHOWN]
    return found | {
        "items": [_failure(one) for one in tracing.taught(found["items"], frozen)],
        "snapshot": frozen.pk,
        "name": frozen.name,
        "runs": [tracing.as_dict(run) for run in tracing.runs_of(frozen)],
        "answered": [_answered(one) for one in tracing.answered(list(failures))],
    }


def _version(standing: tracing.Standing) -> dict[str, Any]:
    entry = standing.entry
    return {
        "snapshot": entry.snapshot_id,
        "name": entry.snapshot.name,
        "revision": entry.revision.number,
        "split": entry.split,
        "runs": [tracing.as_dict(run) for run in standing.runs],
        "more_runs": standing.more_runs,
    }


def _failure(taught: tracing.Taught) -> dict[str, Any]:
    attempt, run = taught.attempt, taught.attempt.evaluation.run
    return {
        "attempt": attempt.pk,
        "task": attempt.task.path,
        "outcome": attempt.outcome,
        "evaluation": attempt.evaluation_id,
        "run": run.pk,
        "snapshot": run.snapshot_id,
        "snapshot_name": run.snapshot.name,
        "example": taught.revision.example_id,
        "path": taught.revision.example.path,
        "revision": taught.revision.number,
    }


def _answered(one: tracing.Answered) -> dict[str, Any]:
    return {
        "attempt": one.attempt.pk,
        "task": one.attempt.task.path,
        "outcome": one.attempt.outcome,
        "evaluation": one.attempt.evaluation_id,
        "run": one.attempt.evaluation.run_id,
        "example": one.example.pk,
        "path": one.example.path,
        "first_snapshot": one.first.pk if one.first else None,
    }
