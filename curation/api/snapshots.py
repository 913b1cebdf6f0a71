"""Dataset versions: what freezing now would give, freezing, and the files of a version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.problems import Problem
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, ByText, Id, Page, page_of
from curation.domain import blend
from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.models import Snapshot
from curation.services import gating, planning, snapshotting
from curation.services.selecting import Selection

router = Router(tags=["dataset versions"])


Short = Annotated[str, StringConstraints(pattern=PLAIN, max_length=200)]
GeneralShare = Annotated[
    int,
    Field(ge=0, le=blend.MOST_PER_MILLE, description="general code in all rows that are trained on"),
]
Reason = Annotated[str, StringConstraints(pattern=PLAIN, max_length=gating.MAX_REASON)]


class Waiver(Schema):
    reason: str
    by: str
    at: datetime


class Pair(Schema):
    """Two texts, and how alike they are by which rule; 1 is the same."""

    a: str
    b: str
    score: float
    rule: str


class Leaks(Schema):
    """How near the two sides, and the test tasks, come to each other: at most 20 pairs each."""

    across: list[Pair] = Field(description="a training and a validation text")
    tasks: list[Pair] = Field(description="a text and a held-out test task")
    task_set: str
    sampled: bool = Field(description="pairs may be closer that are less alike than the thresholds")
    thresholds: dict[str, float]
    grown_together: list[list[str]] = Field(description="ids of old clusters that are one now")


class Stratum(Schema):
    generation: str
    type: str
    train: int
    validation: int


class Gate(Schema):
    """One thing that was looked at before freezing."""

    code: str
    title: str
    passed: bool
    blocking: bool = Field(description="nothing is frozen until it passes")
    finding: str = Field(description="one sentence, which says what to do")
    offenders: list[str]
    more: int = Field(0, description="offenders that are not named")
    waiver: Waiver | None = Field(None, description="why the version is frozen in spite of it")


class SnapshotRow(Schema):
    id: int
    name: str
    digest: str
    created_by: str
    created_at: datetime


class SnapshotOut(SnapshotRow):
    counts: dict[str, Any]
    gates: list[Gate]
    leaks: Leaks | None = Field(description="null: the version is older than the report")
    strata: list[Stratum]
    intact: bool = Field(description="the stored manifest still has this digest")


class PlanOut(Schema):
    digest: str
    may_freeze: bool = Field(description="nothing blocks; warnings may still have to be waived")
    to_waive: list[str] = Field(description="the codes of warnings that need a waiver")
    counts: dict[str, Any]
    gates: list[Gate]
    leaks: Leaks
    strata: list[Stratum]


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


class FreezeIn(Body, SelectionIn):
    name: Annotated[
        str, StringConstraints(pattern=rf"^{snapshotting.NAME.pattern}$", max_length=snapshotting.MAX_NAME)
    ] = Field(examples=["v2"])
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = snapshotting.SEED
    validation_per_mille: Annotated[int, Field(ge=0, le=1000)] = snapshotting.VALIDATION_PER_MILLE
    general_per_mille: GeneralShare = 0
    waivers: dict[Short, Annotated[str, StringConstraints(pattern=PLAIN, max_length=gating.MAX_REASON)]] = (
        Field(
            default_factory=dict,
            max_length=50,
            description="why the version is frozen in spite of a warning, by the warning's code",
            examples=[{"coverage": "a first version; migrations follow"}],
        )
    )
    seen: Annotated[str, StringConstraints(pattern="^([0-9a-f]{64})?$")] = Field(
        "", description="digest of the plan that you looked at: 409 when it has changed since"
    )


class EntryOut(Schema):
    path: str
    content_hash: str
    cluster: str
    split: str


@router.get("/snapshots", response=Page[SnapshotRow], summary="List dataset versions, newest first")
def snapshot_list(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    rows = Snapshot.objects.select_related("created_by").defer("manifest", "report")
    found = page_of(request, response, rows, "-pk", page)
    return found | {"items": [_row(snapshot) for snapshot in found["items"]]}


@router.get("/snapshot-plan", response=PlanOut, summary="What freezing now would give")
def snapshot_plan(request: ApiRequest, asked: Query[PlanIn]) -> dict[str, Any]:
    plan = planning.plan_snapshot(**_with_selection(asked.dict()))
    return {
        "digest": plan.digest,
        "may_freeze": not plan.gates.blocking,
        "to_waive": [gate.code for gate in plan.gates.open_warnings],
        **plan.report,
    }


@router.post(
    "/snapshots",
    response={201: SnapshotOut, 200: SnapshotOut, 409: Problem},
    summary="Freeze a dataset version",
)
def snapshot_freeze(request: ApiRequest, response: HttpResponse, payload: FreezeIn) -> Status[dict[str, Any]]:
    """Of what is approved now. 200: a version holds exactly this already, and is given."""
    newest = Snapshot.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    frozen = snapshotting.freeze(author=request.user, **_with_selection(payload.dict()))
    response["Location"] = reverse("api:snapshot_get", args=[frozen.pk])
    return Status(201 if frozen.pk > newest else 200, _out(frozen))


@router.get("/snapshots/{snapshot_id}", response=SnapshotOut, summary="Read a dataset version")
def snapshot_get(request: ApiRequest, snapshot_id: Id) -> dict[str, Any]:
    return _out(get_object_or_404(Snapshot.objects.select_related("created_by"), pk=snapshot_id))


@router.get(
    "/snapshots/{snapshot_id}/entries",
    response=Page[EntryOut],
    summary="List the examples of a dataset version",
)
def snapshot_entries(
    request: ApiRequest, response: HttpResponse, snapshot_id: Id, page: Query[ByText]
) -> dict[str, Any]:
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    return page_of(request, response, snapshot.entries.all(), "path", page)


def _with_selection(asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, the filters as one Selection."""
    filters = {name: asked.pop(name) for name in SelectionIn.model_fields}
    return {**asked, "selection": Selection(**filters)}


def _row(snapshot: Snapshot) -> dict[str, Any]:
    names = ("name", "digest", "created_at")
    row = {name: getattr(snapshot, name) for name in names}
    return row | {"id": snapshot.pk, "created_by": snapshot.created_by.get_username()}


def _out(snapshot: Snapshot) -> dict[str, Any]:
    return _row(snapshot) | {
        "counts": snapshot.report.get("counts", {}),
        "gates": snapshot.report.get("gates", []),
        "leaks": snapshot.report.get("leaks"),
        "strata": snapshot.report.get("strata", []),
        "intact": snapshotting.recomputed_digest(snapshot) == snapshot.digest,
    }
