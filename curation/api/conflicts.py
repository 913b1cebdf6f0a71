"""Files of an import that were changed in their folder and in the studio: both texts, and what to do."""

from __future__ import annotations

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from curation.api.examples import Text, text_mistake
from curation.api.problems import Problem, Refusal
from curation.api.shapes import ApiRequest, Body, Hash, Id, username
from curation.domain.merging import Kind, Piece
from curation.domain.reconciling import BOTH_CHANGED
from curation.models import ImportProblem
from curation.models.imports import EDIT, LEAVE_OUT, TAKE
from curation.services import reconciling

router = Router(tags=["imports"])


class PieceOut(Schema):
    """Lines that belong together; joined, the lines of a side are that side's text."""

    kind: Kind = Field(description="who changed them; conflict: both, differently")
    base: list[str]
    studio: list[str]
    file: list[str]


class ConflictOut(Schema):
    id: int
    path: str
    action: str = Field(description="what was decided; empty: open")
    decided_by: str | None
    studio_hash: str = Field(description="of the studio's text; a decision names it")
    base: str | None = Field(description="the text that both began with; null: this studio never had it")
    studio: str
    file: str
    pieces: list[PieceOut] = Field(description='the same as a merge: "theirs" is the studio, "mine" the file')


class ConflictDecisionIn(Body):
    action: Literal[TAKE, LEAVE_OUT, EDIT] = Field(  # type: ignore[valid-type]
        description="take: the file; leave_out: the studio's text stays; edit: `text` instead of both"
    )
    studio_hash: Hash
    text: Text = ""


@router.get(
    "/imports/{job_id}/conflicts/{problem_id}",
    response=ConflictOut,
    summary="Read a file changed on both sides",
)
def conflict_get(request: ApiRequest, job_id: Id, problem_id: Id) -> dict[str, Any]:
    """They are the problems of an import with the code `both-changed`."""
    return _out(_conflict(job_id, problem_id))


@router.put(
    "/imports/{job_id}/conflicts/{problem_id}/decision",
    response={200: ConflictOut, 409: Problem},
    summary="Take the file, keep the studio's text, or merge them",
)
def conflict_decide(
    request: ApiRequest, job_id: Id, problem_id: Id, payload: ConflictDecisionIn
) -> dict[str, Any]:
    try:
        reconciling.decide(_conflict(job_id, problem_id), by=request.user, **payload.dict())
    except reconciling.MergeRefused as refused:
        mistakes = [text_mistake(problem) for problem in refused.problems if problem.severity == "error"]
        raise Refusal("invalid", str(refused), mistakes) from refused
    return _out(_conflict(job_id, problem_id))


@router.delete(
    "/imports/{job_id}/conflicts/{problem_id}/decision",
    response={200: ConflictOut, 409: Problem},
    summary="Take a decision about a conflict back",
)
def conflict_undo(request: ApiRequest, job_id: Id, problem_id: Id) -> dict[str, Any]:
    reconciling.undo(_conflict(job_id, problem_id), by=request.user)
    return _out(_conflict(job_id, problem_id))


def _conflict(job_id: int, problem_id: int) -> ImportProblem:
    rows = ImportProblem.objects.select_related("item", "job", "decided_by").filter(code=BOTH_CHANGED)
    return get_object_or_404(rows, pk=problem_id, job_id=job_id)


def _out(problem: ImportProblem) -> dict[str, Any]:
    found = reconciling.conflict_of(problem)
    return {
        "id": problem.pk,
        "path": problem.item.path,
        "action": problem.action,
        "decided_by": username(problem.decided_by),
        "studio_hash": found.studio.content_hash,
        "base": found.base.text if found.base else None,
        "studio": found.studio.text,
        "file": found.file,
        "pieces": [_piece(piece) for piece in found.pieces],
    }


def _piece(piece: Piece) -> dict[str, Any]:
    return {
        "kind": piece.kind,
        "base": list(piece.base),
        "studio": list(piece.theirs),
        "file": list(piece.mine),
    }
