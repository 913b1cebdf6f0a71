"""Training runs: checking, starting, following and cancelling them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.problems import Mistake, Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, Id, Page, job_key, page_of
from curation.models import Snapshot
from studio.http import download
from training.domain import recipe as recipes
from training.models import Run
from training.models.runs import STATES
from training.services import (
    cancelling,
    launching,
    preflighting,
    probing,
    queueing,
    reproducing,
    resuming,
    scoring,
)

router = Router(tags=["runs"])
Recipe = Literal[*recipes.RECIPE_NAMES]  # type: ignore[valid-type]


Values = Annotated[
    dict[str, dict[str, bool | int | float | str]],
    Field(description='over the recipe\'s own: {"instruct": {"epochs": 2}}; `/run-preflight` lists them all'),
]


class RunFilters(ById):
    state: Literal["", *(state for state, _ in STATES)] = ""  # type: ignore[valid-type]
    snapshot: Id | None = None
    group: Annotated[str, StringConstraints(pattern=PLAIN, max_length=80)] = ""


class PreflightIn(Schema):
    snapshot: Id
    recipe: Recipe = "rehearsal"


class SumOut(Schema):
    """(parts) x times + besides = total, in bytes."""

    what: str
    parts: dict[str, int]
    times: float
    besides: dict[str, int]
    total_bytes: int
    there_bytes: int | None = Field(description="null: not known here")
    sentence: str


class PreflightOut(Schema):
    blocking: list[str]
    warnings: list[str]
    facts: dict[str, str]
    leaks: list[str] = Field(description="how near the version's sides and the test tasks come to each other")
    sums: list[SumOut] = Field(description="disk, and GPU memory of either training stage")
    probe: int | None = Field(description="what was measured of it, see /probes; null: nothing yet")
    recipe: dict[str, Any] = Field(description="every value of every stage")


class RunIn(Body):
    snapshot: Id
    recipe: Recipe = "rehearsal"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 13
    values: Values = {}
    replicates: Annotated[int, Field(ge=1, le=launching.MOST_REPLICATES)] = Field(
        1, description="so many runs as one group, with seeds that follow; the answer is the first of them"
    )


class RunRow(Schema):
    id: int
    snapshot: int
    snapshot_name: str
    recipe_name: str
    seed: int
    group: str = Field(description="of runs that differ in the seed alone; empty for others")
    state: str
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure_code: str
    failure_message: str


class StageOut(Schema):
    name: str
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    failure_code: str
    failure_message: str


class EventOut(Schema):
    at: datetime
    who: str
    what: str


class RunOut(RunRow):
    recipe: dict[str, Any]
    code_version: str
    stages: list[StageOut]
    events: list[EventOut] = Field(description="the newest hundred, newest first")
    evaluations: list[int]
    ahead: int = Field(description="runs that are taken before this one, while it waits")
    worker_problem: str = Field(description="why it may wait for long; empty when it does not")


@router.get("/runs", response=Page[RunRow], summary="List runs, newest first")
def run_list(request: ApiRequest, response: HttpResponse, asked: Query[RunFilters]) -> dict[str, Any]:
    rows = Run.objects.select_related("snapshot", "requested_by").defer(
        "snapshot__manifest", "snapshot__report"
    )
    wanted = {"state": asked.state, "snapshot": asked.snapshot, "group": asked.group}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    found = page_of(request, response, rows, "-pk", asked)
    return found | {"items": [_row(run) for run in found["items"]]}


@router.get("/run-preflight", response={200: PreflightOut, 404: Problem}, summary="What would stop a run")
def run_preflight(request: ApiRequest, asked: Query[PreflightIn]) -> dict[str, Any]:
    snapshot = snapshot_of(asked.snapshot)
    found = preflighting.check(snapshot=snapshot, recipe_name=asked.recipe)
    probe = probing.of(snapshot, found.recipe)
    return {
        **vars(found),
        "facts": dict(found.facts),
        "sums": [one.as_dict() for one in found.sums],
        "probe": probe.pk if probe else None,
    }


@router.post("/runs", response={201: RunOut, 404: Problem, 409: Problem, 422: Problem}, summary="Start a run")
def run_start(request: ApiRequest, response: HttpResponse, payload: RunIn) -> Status[dict[str, Any]]:
    """It waits for a worker of the queue `gpu`; what would make it fail is refused at once."""
    check_values(payload.recipe, payload.values)
    run, *_ = launching.launch_replicates(
        replicates=payload.replicates,
        snapshot=snapshot_of(payload.snapshot),
        recipe_name=payload.recipe,
        author=request.user,
        seed=payload.seed,
        overrides=payload.values,
        idempotency_key=job_key(request) or uuid4().hex,
    )
    response["Location"] = reverse("api:run_get", args=[run.pk])
    return Status(201, _out(run))


@router.get("/runs/{run_id}", response=RunOut, summary="Follow a run")
def run_get(request: ApiRequest, run_id: Id) -> dict[str, Any]:
    return _out(_run(run_id))


@router.get(
    "/runs/{run_id}/bundle",
    response={200: Any},
    summary="Download what it takes to do a run again",
    openapi_extra={"responses": {200: {"content": {"application/zip": {"schema": {}}}}}},
)
def run_bundle(request: ApiRequest, run_id: Id) -> HttpResponseBase:
    """A .zip for `manage.py reproduce`."""
    run = _run(run_id)
    file, size_bytes = reproducing.write_bundle(run)
    return download(
        request, file, name=f"run-{run.pk}.zip", size_bytes=size_bytes, content_type="application/zip"
    )


@router.post("/runs/{run_id}/cancel", response={202: RunOut, 409: Problem}, summary="Cancel a run")
def run_cancel(request: ApiRequest, run_id: Id) -> Status[dict[str, Any]]:
    """At once while it waits; a running one stops within seconds."""
    cancelling.request_cancel(run=_run(run_id), by=request.user)
    return Status(202, _out(_run(run_id)))


@router.post(
    "/runs/{run_id}/keep",
    response={202: RunOut, 409: Problem},
    summary="End the stage that trains, and keep it",
)
def run_keep(request: ApiRequest, run_id: Id) -> Status[dict[str, Any]]:
    """The run goes on with the adapter as it is after the present step."""
    cancelling.request_keep(run=_run(run_id), by=request.user)
    return Status(202, _out(_run(run_id)))


@router.post(
    "/runs/{run_id}/resume", response={201: RunOut, 409: Problem}, summary="Go on where a run has stopped"
)
def run_resume(request: ApiRequest, response: HttpResponse, run_id: Id) -> Status[dict[str, Any]]:
    """A new run that skips what the stopped one has finished. Asked twice it is the same one."""
    following = resuming.resume(run=_run(run_id), by=request.user)
    response["Location"] = reverse("api:run_get", args=[following.pk])
    return Status(201, _out(following))


def check_values(recipe_name: str, values: dict[str, dict[str, Any]]) -> None:
    """Name every wrong one."""
    if wrong := recipes.problems(recipes.with_overrides(recipes.named(recipe_name), values)):
        mistakes = [Mistake(place="body.values", code="recipe", message=sentence) for sentence in wrong]
        raise Refusal("invalid", " ".join(wrong), mistakes)


def snapshot_of(snapshot_id: int) -> Snapshot:
    found = Snapshot.objects.filter(pk=snapshot_id).first()
    if found is None:
        raise Refusal("not-found", f"There is no dataset version {snapshot_id}.")
    return found


def _run(run_id: int) -> Run:
    return get_object_or_404(Run.objects.select_related("snapshot", "requested_by"), pk=run_id)


def _row(run: Run) -> dict[str, Any]:
    names = ("recipe_name", "seed", "group", "state", "failure_code", "failure_message")
    row = {name: getattr(run, name) for name in (*names, "created_at", "started_at", "finished_at")}
    return row | {
        "id": run.pk,
        "snapshot": run.snapshot_id,
        "snapshot_name": run.snapshot.name,
        "requested_by": run.requested_by.get_username(),
    }


def _out(run: Run) -> dict[str, Any]:
    waits = run.state == "queued"
    return _row(run) | {
        "recipe": run.recipe,
        "code_version": run.code_version,
        "stages": list(run.stages.all()),
        "events": list(run.events.order_by("-pk")[:100]),
        "evaluations": list(run.evaluations.values_list("pk", flat=True)),
        "ahead": queueing.ahead_of(run) if waits else 0,
        "worker_problem": scoring.worker_problem() if waits else "",
    }
