"""Near-duplicates: clusters, and what is decided about their members."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field, Strict, StringConstraints

from curation.api.problems import Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, Hash, Id, Listing, Page, with_next
from curation.domain.likeness import KINDS
from curation.domain.resolution import STEPS, Cluster
from curation.models import Example, PairJudgement
from curation.services import comparing, resolving, surveying, waking

router = Router(tags=["duplicates"])
Reason = Annotated[str, StringConstraints(pattern=PLAIN, max_length=resolving.MAX_REASON)]


class ClusterFilters(Listing):
    threshold: Annotated[float, Field(ge=STEPS[0], le=STEPS[-1])] = surveying.DEFAULT
    kind: Literal["", *KINDS] = ""  # type: ignore[valid-type]
    after: Annotated[int, Field(ge=0, le=10**9)] | None = Field(None, description="how many to leave out")


class Member(Schema):
    id: int
    path: str
    title: str
    status: str
    content_hash: str


class ClusterOut(Schema):
    level: float = Field(description="up to which threshold its two most alike members are found")
    kinds: list[str]
    members: list[Member]


class StateOut(Schema):
    waiting: int = Field(description="texts that are not compared yet")
    busy: bool
    done: int
    total: int
    finished_at: datetime | None
    problem: str


class Seen(Body):
    example: Id
    content_hash: Hash


class KeepIn(Body):
    kept: Seen
    others: Annotated[list[Seen], Field(min_length=1, max_length=resolving.MOST_SET_ASIDE)]
    reason: Reason = ""


class DistinctIn(Body):
    first: Seen
    second: Seen
    reason: Reason = ""


class UndoIn(Body):
    action: Annotated[UUID, Strict(False)]


class DecisionMade(Schema):
    action: UUID = Field(description="names the decision; undoing needs it")


class PairOut(Schema):
    first: int
    second: int
    verdict: str
    reason: str


class DecisionOut(Schema):
    action: UUID
    judge: str
    created_at: datetime
    pairs: list[PairOut]


class Woken(Schema):
    woken: bool = Field(description="false: no broker answered; what waits is compared once one does")


@router.get("/duplicates", response=Page[ClusterOut], summary="List clusters, the most alike first")
def cluster_list(request: ApiRequest, response: HttpResponse, asked: Query[ClusterFilters]) -> dict[str, Any]:
    """Clusters are derived and come and go with decisions, so `after` counts clusters."""
    land = surveying.landscape()
    clusters = land.clusters(asked.threshold, asked.kind)
    start = asked.after or 0
    shown = clusters[start : start + asked.limit]
    examples = Example.objects.in_bulk([pk for cluster in shown for pk in cluster.members])
    rows = [_cluster_out(land, cluster, examples) for cluster in shown]
    end = start + len(shown)
    return with_next(request, response, rows, end if end < len(clusters) else None)


@router.get("/duplicates/state", response=StateOut, summary="How far the comparing is")
def compare_state(request: ApiRequest) -> comparing.State:
    return comparing.state()


@router.post("/duplicates/compare", response={202: Woken}, summary="Tell a worker to compare what waits")
def compare_wake(request: ApiRequest) -> Status[dict[str, bool]]:
    return Status(202, {"woken": waking.wake(comparing.TASK)})


@router.post(
    "/duplicates/keep",
    response={201: DecisionMade, 404: Problem, 409: Problem},
    summary="Keep one example and set others aside",
)
def duplicate_keep(request: ApiRequest, payload: KeepIn) -> Status[dict[str, Any]]:
    kept, *others = _examples([payload.kept, *payload.others])
    action = resolving.keep(
        kept=kept,
        others=others,
        texts=_texts([payload.kept, *payload.others]),
        judge=request.user,
        reason=payload.reason,
    )
    return Status(201, {"action": action})


@router.post(
    "/duplicates/distinct",
    response={201: DecisionMade, 404: Problem, 409: Problem},
    summary="Say that two are no duplicates",
)
def duplicate_distinct(request: ApiRequest, payload: DistinctIn) -> Status[dict[str, Any]]:
    first, second = _examples([payload.first, payload.second])
    action = resolving.mark_distinct(
        pair=(first, second),
        texts=_texts([payload.first, payload.second]),
        judge=request.user,
        reason=payload.reason,
    )
    return Status(201, {"action": action})


@router.get(
    "/duplicates/decisions", response=list[DecisionOut], summary="List the newest decisions that stand"
)
def decision_list(request: ApiRequest, asked: Query[Listing]) -> list[dict[str, Any]]:
    return [_decision_out(rows) for rows in resolving.decisions(asked.limit)]


@router.post("/duplicates/undo", response={200: list[PairOut], 409: Problem}, summary="Take a decision back")
def duplicate_undo(request: ApiRequest, payload: UndoIn) -> list[dict[str, Any]]:
    undone = resolving.undo(action=payload.action, judge=request.user)
    if not undone:
        raise Refusal("conflict", "There was nothing to undo: that decision does not stand any more.")
    return [_pair_out(row) for row in undone]


def _examples(seen: list[Seen]) -> list[Example]:
    """In this order, each once.

    Raises:
        Refusal: one is not there, or named twice.
    """
    ids = [one.example for one in seen]
    if len(set(ids)) < len(ids):
        raise Refusal("conflict", "An example cannot be a duplicate of itself: one is named twice.")
    found = Example.objects.in_bulk(ids)
    if missing := [str(pk) for pk in ids if pk not in found]:
        raise Refusal("not-found", f"There is no example {', '.join(missing)}.")
    return [found[pk] for pk in ids]


def _texts(seen: list[Seen]) -> dict[int, str]:
    return {one.example: one.content_hash for one in seen}


def _cluster_out(land: surveying.Landscape, cluster: Cluster, examples: dict[int, Example]) -> dict[str, Any]:
    names = ("path", "title", "status", "content_hash")
    members = [examples[pk] for pk in cluster.members if pk in examples]
    return {
        "level": cluster.level,
        "kinds": land.kinds(cluster),
        "members": [{"id": one.pk, **{name: getattr(one, name) for name in names}} for one in members],
    }


def _pair_out(row: PairJudgement) -> dict[str, Any]:
    return {"first": row.first_id, "second": row.second_id, "verdict": row.verdict, "reason": row.reason}


def _decision_out(rows: list[PairJudgement]) -> dict[str, Any]:
    return {
        "action": rows[0].action,
        "judge": rows[0].judge.get_username(),
        "created_at": rows[0].created_at,
        "pairs": [_pair_out(row) for row in rows],
    }
