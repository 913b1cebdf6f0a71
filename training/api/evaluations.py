"""Scores, and the attempts behind them. Of the holdout there are totals only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, ById, Id, Page, page_of
from training.models import Attempt, Evaluation
from training.models.evaluations import OUTCOMES
from training.services import conforming, scoring, triaging

router = Router(tags=["evaluations"])


class PoolOut(Schema):
    pool: str
    metric: str
    value: float | None
    interval: tuple[float, float] | None
    method: str
    tasks: int
    samples: int
    outcomes: dict[str, int]
    undefined_because: str | None


class EvaluationRow(Schema):
    evaluation: int
    run: int
    snapshot: str
    metric: str
    checker_build: str
    config_hash: str
    broken: str | None
    pools: list[PoolOut]
    meant_to_fail: list[PoolOut] = Field(description="of answers that have to be refused; no part of `pools`")
    fragments: int = Field(description="tasks that are parts of programs, and were put to no model")


class AsAsked(Schema):
    """How many answers are of the generation that was asked for. It is no part of the score."""

    pool: str
    value: float | None
    interval: tuple[float, float] | None
    tasks: int
    verdicts: dict[str, int]
    undefined_because: str | None


class EvaluationOut(EvaluationRow):
    task_set: str
    artifact: int
    config: dict[str, Any]
    controls: dict[str, Any]
    as_asked: list[AsAsked]
    created_at: datetime
    finished_at: datetime | None


class AttemptFilters(ById):
    outcome: Literal["", "failed", *(outcome for outcome, _ in OUTCOMES)] = ""  # type: ignore[valid-type]


class AttemptOut(Schema):
    id: int
    task: str
    sample: int
    outcome: str
    code: str
    raw_output: str
    checker_output: str
    asked: list[str]
    produced: list[str]
    conformance: str
    examples: list[int]


class DraftMade(Schema):
    draft: int


@router.get("/evaluations", response=Page[EvaluationRow], summary="List evaluations, newest first")
def evaluation_list(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    rows = Evaluation.objects.filter(finished_at__isnull=False).select_related("run__snapshot", "task_set")
    rows = rows.defer("run__snapshot__manifest", "run__snapshot__report")
    found = page_of(request, response, rows, "-pk", page)
    return found | {"items": [score.as_dict() for score in scoring.scored_all(found["items"])]}


@router.get("/evaluations/{evaluation_id}", response=EvaluationOut, summary="Read an evaluation")
def evaluation_get(request: ApiRequest, evaluation_id: Id) -> dict[str, Any]:
    evaluation = _evaluation(evaluation_id)
    names = ("config", "controls", "created_at", "finished_at")
    return scoring.scored(evaluation).as_dict() | {
        **{name: getattr(evaluation, name) for name in names},
        "task_set": evaluation.task_set.name,
        "artifact": evaluation.artifact_id,
        "as_asked": [share.as_dict() for share in conforming.as_asked(evaluation)],
    }


@router.get(
    "/evaluations/{evaluation_id}/attempts",
    response=Page[AttemptOut],
    summary="List attempts of the triage pool",
)
def attempt_list(
    request: ApiRequest, response: HttpResponse, evaluation_id: Id, asked: Query[AttemptFilters]
) -> dict[str, Any]:
    rows = triaging.readable_attempts(_evaluation(evaluation_id), outcome=asked.outcome)
    found = page_of(request, response, rows, "pk", asked)
    examples = triaging.examples_from(found["items"])
    items = [_attempt_out(attempt, [one.pk for one in examples[attempt.pk]]) for attempt in found["items"]]
    return found | {"items": items}


@router.post(
    "/attempts/{attempt_id}/draft",
    response={201: DraftMade, 409: Problem},
    summary="Draft an example that teaches what an attempt got wrong",
)
def attempt_draft(request: ApiRequest, response: HttpResponse, attempt_id: Id) -> Status[dict[str, int]]:
    """Asking twice gives the same draft."""
    attempt = get_object_or_404(Attempt.objects.select_related("task", "evaluation"), pk=attempt_id)
    draft = triaging.draft_from(attempt, request.user)
    response["Location"] = reverse("api:draft_get", args=[draft.pk])
    return Status(201, {"draft": draft.pk})


def _evaluation(evaluation_id: int) -> Evaluation:
    return get_object_or_404(Evaluation.objects.select_related("run__snapshot", "task_set"), pk=evaluation_id)


def _attempt_out(attempt: Attempt, examples: list[int]) -> dict[str, Any]:
    names = ("sample", "outcome", "code", "raw_output", "checker_output", "asked", "produced", "conformance")
    row = {name: getattr(attempt, name) for name in names}
    return row | {"id": attempt.pk, "task": attempt.task.path, "examples": examples}
