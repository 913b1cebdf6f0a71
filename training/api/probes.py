"""Measuring how long a training run would take, with a few of its steps, before it is queued."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import Field

from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, Body, Id
from training.api.runs import Recipe, Values, check_values, snapshot_of
from training.domain.lifecycle import TRAINING_STAGES
from training.domain.training_time import TimedStage
from training.models import Probe
from training.services import probing

router = Router(tags=["runs"])


class ProbeIn(Body):
    snapshot: Id
    recipe: Recipe = "rehearsal"
    values: Values = {}


class TimeOut(Schema):
    steps: int = Field(description="optimizer steps of the whole stage")
    step_s: list[float] = Field(description="seconds of each step that was timed")
    start_s: float = Field(description="from the start of the process to the first step")
    evaluations: int
    evaluation_s: float
    seconds: float = Field(description="the whole stage, without checkpoints")
    least_s: float = Field(description="if all steps were like the quickest of those timed")
    most_s: float
    gpu_used_bytes: int | None


class ProbeOut(Schema):
    id: int
    snapshot: int
    state: str
    stage: str = Field(description="what is measured now")
    done: int
    total: int
    failure_message: str
    machine: str
    created_at: datetime
    finished_at: datetime | None
    times: dict[str, TimeOut] = Field(description="by stage; empty until state is done")


@router.post(
    "/probes",
    response={202: ProbeOut, 404: Problem, 409: Problem, 422: Problem},
    summary="Time a few steps of a run",
)
def probe_start(request: ApiRequest, response: HttpResponse, payload: ProbeIn) -> Status[dict[str, Any]]:
    """A worker of the queue `gpu` does it. What waits or runs already is given back; ask until it is done."""
    check_values(payload.recipe, payload.values)
    probe = probing.request(
        snapshot=snapshot_of(payload.snapshot),
        recipe_name=payload.recipe,
        overrides=payload.values,
        by=request.user,
    )
    response["Location"] = reverse("api:probe_get", args=[probe.pk])
    return Status(202, _out(probe))


@router.get(
    "/probes/{probe_id}", response={200: ProbeOut, 404: Problem}, summary="Read how long a run would take"
)
def probe_get(request: ApiRequest, probe_id: Id) -> dict[str, Any]:
    return _out(get_object_or_404(Probe, pk=probe_id))


@router.post("/probes/{probe_id}/cancel", response=ProbeOut, summary="Stop timing a run")
def probe_cancel(request: ApiRequest, probe_id: Id) -> dict[str, Any]:
    probe = get_object_or_404(Probe.objects.select_related("snapshot"), pk=probe_id)
    probing.cancel(probe, by=request.user)
    probe.refresh_from_db()
    return _out(probe)


def _out(probe: Probe) -> dict[str, Any]:
    names = [name for name in ProbeOut.model_fields if name not in ("id", "snapshot", "times")]
    done = probe.state == "done"
    times = {stage: _time(probe, stage) for stage in TRAINING_STAGES} if done else {}
    row = {name: getattr(probe, name) for name in names}
    return {"id": probe.pk, "snapshot": probe.snapshot_id, "times": times, **row}


def _time(probe: Probe, stage: str) -> dict[str, Any]:
    timed, every = TimedStage.from_result(probe.result[stage]), probe.recipe[stage]["eval_steps"]
    least, most = timed.between(every)
    return {
        **vars(timed),
        "evaluations": timed.evaluations(every),
        "seconds": timed.seconds(every),
        "least_s": least,
        "most_s": most,
    }
