"""Dataset versions: the list, freezing one, and what is in one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.freezing import FreezeJobOut, GeneralShare, SelectionIn, Short, queued, with_selection
from curation.api.problems import Problem
from curation.api.reports import Gate, Leaks, Stratum
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, ByText, Id, Page, page_of
from curation.models import Snapshot
from curation.services import freezing, gating, snapshotting

router = Router(tags=["dataset versions"])


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


@router.post(
    "/snapshots",
    response={201: SnapshotOut, 200: SnapshotOut, 202: FreezeJobOut, 409: Problem},
    summary="Freeze a dataset version",
)
def snapshot_freeze(request: ApiRequest, response: HttpResponse, payload: FreezeIn) -> Status[dict[str, Any]]:
    """Of what is approved now. 200: a version holds exactly this already, and is given.

    202: they are too many texts to wait for, and a worker freezes them: ask the job at `Location` until its
    `state` is done.
    """
    asked = with_selection(payload.dict())
    if not freezing.is_quick(asked["selection"]):
        return queued(request, response, asked)
    newest = Snapshot.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    frozen = snapshotting.freeze(author=request.user, **asked)
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
