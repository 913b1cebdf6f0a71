"""Before a dataset version is frozen: what it would give, and the jobs of a worker for very many texts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.problems import Problem, Refusal
from curation.api.reports import Gate, Leaks, Stratum
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, Id, Page, job_key, page_of
from curation.domain import blend
from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.models import FreezeJob
from curation.services import freezing, planning, snapshotting
from curation.services.gating import GateReport
from curation.services.selecting import Selection

router = Router(tags=["dataset versions"])


Short = Annotated[str, StringConstraints(pattern=PLAIN, max_length=200)]
GeneralShare = Annotated[
    int,
    Field(ge=0, le=blend.MOST_PER_MILLE, description="general code in all rows that are trained on"),
]


class PlanOut(Schema):
    digest: str
    may_freeze: bool = Field(description="nothing blocks; warnings may still have to be waived")
    to_waive: list[str] = Field(description="the codes of warnings that need a waiver")
    counts: dict[str, Any]
    gates: list[Gate]
    leaks: Leaks
    strata: list[Stratum]


class FreezeJobRow(Schema):
    id: int
    state: Literal["queued", "running", "checked", "done", "failed", "cancelled"] = Field(
        description="checked: it ended without a version, because you only looked or something is in the way"
    )
    looks_only: bool
    name: str
    stage: str = Field(description="what the worker does now, in words")
    done: int
    total: int = Field(description="0: nobody knows")
    snapshot: int | None = Field(description="the version that it made, or that holds the same content")
    failure_code: str = Field(
        description="empty, holdout, refused (by another gate), warnings, changed, name-taken, lost, bug"
    )
    failure_message: str
    requested_by: str
    created_at: datetime
    finished_at: datetime | None


class FreezeJobOut(FreezeJobRow):
    plan: PlanOut | None = Field(description="what it found; null as long as it reads")


class SelectionIn(Schema):
    """Which approved examples go in, as in the list of examples; what is left out means any."""

    q: Short = Field("", description="each word of two letters or more begins a word of path, title or text")
    path: Short = Field("", description="what the path begins with")
    type: Literal["", *TYPES] = ""  # type: ignore[valid-type]
    topic: Literal["", *TOPICS] = ""  # type: ignore[valid-type]
    generation: Literal["", "all", *GENERATIONS] = ""  # type: ignore[valid-type]
    difficulty: Literal["", *DIFFICULTIES] = ""  # type: ignore[valid-type]
    tag: Short = ""
    conversations: bool = Field(True, description="with the conversations that somebody chose")


class PlanIn(SelectionIn):
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = snapshotting.SEED
    validation_per_mille: Annotated[int, Field(ge=0, le=1000)] = snapshotting.VALIDATION_PER_MILLE
    general_per_mille: GeneralShare = 0


class FreezeLookIn(Body, PlanIn):
    """What to look at."""


@router.get(
    "/snapshot-plan", response={200: PlanOut, 409: Problem}, summary="What freezing a few texts would give"
)
def snapshot_plan(request: ApiRequest, asked: Query[PlanIn]) -> dict[str, Any]:
    """409: they are too many to wait for; POST /freeze-jobs has a worker look at them."""
    chosen = with_selection(asked.dict())
    if not freezing.is_quick(chosen["selection"]):
        raise Refusal("conflict", "These are too many texts to wait for: POST /freeze-jobs looks at them.")
    plan = planning.plan_snapshot(**chosen)
    return _plan(plan.digest, plan.gates, plan.report)


@router.post(
    "/freeze-jobs", response={202: FreezeJobOut}, summary="Have a worker look at what would be frozen"
)
def freeze_look(request: ApiRequest, response: HttpResponse, payload: FreezeLookIn) -> Status[dict[str, Any]]:
    """Freezes nothing. Ask until `state` is checked, then freeze what you saw: `seen` of POST /snapshots."""
    return queued(request, response, {**with_selection(payload.dict()), "waivers": {}, "looks_only": True})


@router.get("/freeze-jobs", response=Page[FreezeJobRow], summary="List what workers freeze or look at")
def freeze_jobs(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    rows = FreezeJob.objects.select_related("requested_by").defer("report")
    found = page_of(request, response, rows, "-pk", page)
    return found | {"items": [_row(job) for job in found["items"]]}


@router.get(
    "/freeze-jobs/{freeze_id}", response=FreezeJobOut, summary="Read how far it is, and what it found"
)
def freeze_job(request: ApiRequest, freeze_id: Id) -> dict[str, Any]:
    return _out(_job(freeze_id))


@router.post("/freeze-jobs/{freeze_id}/cancel", response=FreezeJobOut, summary="Stop freezing")
def freeze_cancel(request: ApiRequest, freeze_id: Id) -> dict[str, Any]:
    """Nothing is frozen then. What is frozen already stays as it is."""
    freezing.cancel(_job(freeze_id), by=request.user)
    return _out(_job(freeze_id))


def queued(request: ApiRequest, response: HttpResponse, asked: dict[str, Any]) -> Status[dict[str, Any]]:
    chosen = {name: asked.pop(name) for name in ("selection", "general_per_mille")}
    job = freezing.request(
        **chosen, wish=freezing.Wish(**asked), by=request.user, idempotency_key=job_key(request)
    )
    response["Location"] = reverse("api:freeze_job", args=[job.pk])
    return Status(202, _out(job))


def with_selection(asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, the filters as one Selection."""
    filters = {name: asked.pop(name) for name in SelectionIn.model_fields}
    return {**asked, "selection": Selection(**filters)}


def _job(freeze_id: int) -> FreezeJob:
    return get_object_or_404(FreezeJob.objects.select_related("requested_by"), pk=freeze_id)


def _row(job: FreezeJob) -> dict[str, Any]:
    others = {"id": job.pk, "snapshot": job.snapshot_id, "requested_by": job.requested_by.get_username()}
    names = FreezeJobRow.model_fields.keys() - others.keys()
    return others | {name: getattr(job, name) for name in names}


def _out(job: FreezeJob) -> dict[str, Any]:
    plan = _plan(job.digest, freezing.gates_of(job), job.report) if job.report else None
    return _row(job) | {"plan": plan}


def _plan(digest: str, gates: GateReport, report: dict[str, Any]) -> dict[str, Any]:
    return {
        "digest": digest,
        "may_freeze": not gates.blocking,
        "to_waive": [gate.code for gate in gates.open_warnings],
        **report,
    }
