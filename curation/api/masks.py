"""As the model sees it: one text token by token, and the loss mask of a whole dataset version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.problems import Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, Id, Page, page_of
from curation.domain import markdown
from curation.models import MaskAudit, Revision, Snapshot
from curation.services import inspecting, masking

router = Router(tags=["loss mask"])
MOST_PIECES = 20_000

Name = Annotated[str, StringConstraints(pattern=PLAIN, max_length=200)]
Length = Annotated[int, Field(ge=masking.LEAST, le=masking.MOST)]


class TokensAsked(Schema):
    tokenizer: Name = Field("", description="folder of the base model; empty: the likeliest on the shelf")
    length: Length | None = Field(
        None, description="tokens at which a run cuts; none: as the base's recipe does"
    )


class MaskPiece(Schema):
    text: str
    tokens: int = Field(description="1, or more where a character is cut into tokens")
    kind: Literal["prompt", "trained", "cut"]


class TokensOut(Schema):
    tokenizer: str
    of_rehearsal: bool
    length: int
    tokens: int
    start: int = Field(description="how many at the beginning are read and not learnt")
    trained: int
    lost: int = Field(description="how many the cut takes away")
    ends: bool = Field(description="the token that ends the answer is learnt")
    refused: bool = Field(description="the prompt alone fills the length; training refuses the row")
    pieces: list[MaskPiece]
    left_out: int = Field(description="how many pieces more there are")


class AuditIn(Body):
    tokenizer: Name = ""
    length: Length | None = None


class SideOut(Schema):
    rows: int
    tokens: int
    kept: int
    trained: int
    cut: int
    lost: int
    silent: int
    endless: int
    p50: int
    p95: int
    longest: int
    silent_rows: list[str]
    cut_rows: list[tuple[str, int]]
    endless_rows: list[tuple[str, int]]


class AuditRow(Schema):
    id: int
    snapshot: int
    tokenizer: str
    tokenizer_digest: str
    template_version: str
    limit: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    failure_message: str
    created_at: datetime
    finished_at: datetime | None


class AuditOut(AuditRow):
    result: dict[str, SideOut] = Field(description="by side; empty until it is done")


@router.get(
    "/examples/{example_id}/revisions/{number}/tokens",
    response={200: TokensOut, 409: Problem},
    summary="Show a revision as the model sees it",
)
def revision_tokens(
    request: ApiRequest, example_id: Id, number: Id, asked: Query[TokensAsked]
) -> dict[str, Any]:
    rows = Revision.objects.filter(example__pool="").select_related("example")
    revision = get_object_or_404(rows, example_id=example_id, number=number)
    doc = markdown.parse(revision.text, path=revision.example.path).doc
    if doc is None:
        raise Refusal("conflict", "This text breaks today's format, so nothing can be made of it.")
    tokenizer = masking.chosen(asked.tokenizer)
    limit = asked.length or masking.usual_limit(tokenizer)
    shown = masking.preview(doc, tokenizer=tokenizer, limit=limit)
    return {
        "tokenizer": tokenizer.name,
        "of_rehearsal": tokenizer.of_rehearsal,
        "length": limit,
        **{
            name: getattr(shown.mask, name)
            for name in ("tokens", "start", "trained", "lost", "ends", "refused")
        },
        "pieces": [piece._asdict() for piece in shown.pieces[:MOST_PIECES]],
        "left_out": max(len(shown.pieces) - MOST_PIECES, 0),
    }


@router.get(
    "/snapshots/{snapshot_id}/mask-audits",
    response=Page[AuditRow],
    summary="List the loss-mask audits of a dataset version, newest first",
)
def mask_audits(
    request: ApiRequest, response: HttpResponse, snapshot_id: Id, page: Query[ById]
) -> dict[str, Any]:
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    found = page_of(request, response, snapshot.mask_audits.defer("result"), "-pk", page)
    return found | {"items": [_row(audit) for audit in found["items"]]}


@router.post(
    "/snapshots/{snapshot_id}/mask-audits",
    response={202: AuditOut, 409: Problem},
    summary="Count the loss mask of a dataset version",
)
def mask_request(
    request: ApiRequest, response: HttpResponse, snapshot_id: Id, payload: AuditIn
) -> Status[dict[str, Any]]:
    """A small version, or one counted before, is done in the answer. Else ask until `state` is done."""
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    tokenizer = masking.chosen(payload.tokenizer)
    limit = payload.length or masking.usual_limit(tokenizer)
    audit = inspecting.request(snapshot=snapshot, tokenizer=tokenizer, limit=limit, by=request.user)
    response["Location"] = reverse("api:mask_audit", args=[audit.pk])
    return Status(202, _out(audit))


@router.get("/mask-audits/{audit_id}", response=AuditOut, summary="Read a loss-mask audit")
def mask_audit(request: ApiRequest, audit_id: Id) -> dict[str, Any]:
    return _out(get_object_or_404(MaskAudit, pk=audit_id))


@router.post("/mask-audits/{audit_id}/cancel", response=AuditOut, summary="Stop counting a loss mask")
def mask_cancel(request: ApiRequest, audit_id: Id) -> dict[str, Any]:
    audit = get_object_or_404(MaskAudit.objects.select_related("snapshot"), pk=audit_id)
    inspecting.cancel(audit, by=request.user)
    audit.refresh_from_db()
    return _out(audit)


def _row(audit: MaskAudit) -> dict[str, Any]:
    names = [name for name in AuditRow.model_fields if name not in ("id", "snapshot")]
    return {"id": audit.pk, "snapshot": audit.snapshot_id, **{name: getattr(audit, name) for name in names}}


def _out(audit: MaskAudit) -> dict[str, Any]:
    return _row(audit) | {"result": audit.result}
