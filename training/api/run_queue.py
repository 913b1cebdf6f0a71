"""The queue of training runs: what runs, what is next, and moving a run in it. Cancelling is at the run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, Body, Id
from training.models import Run
from training.services import queueing

router = Router(tags=["runs"])


class RunsNowOut(Schema):
    run: int
    gpu: str = Field(description="host:GPU numbers, or host:all")
    stage: str = Field(description="empty between two stages")
    stages_done: int
    stages: int
    step: int
    of: int = Field(description="steps of the stage; 0 while that is not known")
    left_s: float | None = Field(description="seconds that the stage still takes, at its pace")
    silent: bool = Field(description="its worker does not answer; another one takes it over within minutes")
    cancel_requested: bool


class GuestOut(Schema):
    gpu: str = Field(description="host:GPU numbers, or host:all")
    who: str = Field(description="such as an evaluation from a shell; it comes before the runs that wait")


class WaitsOut(Schema):
    run: int
    number: int = Field(description="1 is taken first")
    not_before: datetime | None = Field(description="until then those behind it go first")
    starts_in_s: float | None = Field(description="if each takes as long as the last runs of its recipe")


class QueueOut(Schema):
    running: list[RunsNowOut]
    guests: list[GuestOut] = Field(description="what else has a GPU, or gets it next")
    waiting: list[WaitsOut] = Field(description=f"the first {queueing.MOST_SHOWN}, in order")
    waiting_in_all: int
    problems: list[str] = Field(description="why nothing is taken though something waits")


class MoveIn(Body):
    before: Id | None = Field(description="the waiting run that it is taken before; null: after all of them")


class MovedOut(Schema):
    run: int
    number: int = Field(description="1 is taken first")


@router.get("/run-queue", response=QueueOut, summary="What trains now, and what is next")
def run_queue(request: ApiRequest) -> dict[str, Any]:
    queue = queueing.look()
    names = ("gpu", "stage", "stages_done", "stages", "step", "of", "left_s", "silent")
    running = [
        {name: getattr(now, name) for name in names}
        | {"run": now.run.pk, "cancel_requested": now.run.cancel_requested_at is not None}
        for now in queue.running
    ]
    waiting = [
        {"run": one.run.pk, "number": one.number, "not_before": one.later, "starts_in_s": one.starts_in_s}
        for one in queue.waiting
    ]
    return {
        "running": running,
        "guests": [{"gpu": gpu, "who": who} for gpu, who in queue.guests],
        "waiting": waiting,
        "waiting_in_all": queue.of,
        "problems": queue.problems,
    }


@router.post(
    "/runs/{run_id}/move", response={200: MovedOut, 404: Problem, 409: Problem}, summary="Move a waiting run"
)
def run_move(request: ApiRequest, run_id: Id, payload: MoveIn) -> dict[str, int]:
    """Before another one that waits, or to the end. Asked twice it is moved once."""
    run = get_object_or_404(Run, pk=run_id)
    return {"run": run.pk, "number": queueing.move(run=run, before=payload.before, by=request.user)}
