"""Who is asked to judge what, how many it takes, and taking back what one did last."""

from __future__ import annotations

from typing import Annotated, Any

from django.contrib.auth.models import User
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from curation.api.problems import Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, Id
from curation.models import AuditEntry, Example
from curation.services import assigning, undoing

router = Router(tags=["assignments"])
MOST_EXAMPLES = 1000  # of one request
Username = Annotated[str, StringConstraints(pattern=PLAIN, min_length=1, max_length=150)]


class AssignIn(Body):
    examples: Annotated[list[Id], Field(min_length=1, max_length=MOST_EXAMPLES)]
    reviewers: Annotated[list[Username], Field(min_length=1, max_length=50)]


class AssignedOut(Schema):
    """Pairs of example and reviewer."""

    added: int
    there: int = Field(description="that were asked already")
    own: int = Field(description="left out: nobody is asked about their own work")


class RemovedOut(Schema):
    removed: int


class NeededIn(Body):
    examples: Annotated[list[Id], Field(min_length=1, max_length=MOST_EXAMPLES)]
    needed: Annotated[int, Field(ge=1, le=assigning.MOST_NEEDED)]


class ChangedOut(Schema):
    changed: int


class UndoableOut(Schema):
    entry: int | None
    says: str


class UndoEntryIn(Body):
    entry: Id = Field(description="what GET /undo names")


class UndoneOut(Schema):
    says: str
    examples: list[int]


@router.get("/reviewers", response=list[str], summary="Whom one can ask for a verdict")
def reviewer_list(request: ApiRequest) -> list[str]:
    return [user.get_username() for user in assigning.reviewers()]


@router.post(
    "/assignments",
    response={200: AssignedOut, 404: Problem, 409: Problem},
    summary="Ask reviewers for a verdict",
)
def assign(request: ApiRequest, payload: AssignIn) -> assigning.Assigned:
    return assigning.assign(examples=_known(payload.examples), to=_people(payload.reviewers), by=request.user)


@router.post(
    "/assignments/remove", response={200: RemovedOut, 404: Problem}, summary="Take that question back"
)
def unassign(request: ApiRequest, payload: AssignIn) -> dict[str, int]:
    people = _people(payload.reviewers)
    return {"removed": assigning.unassign(examples=_known(payload.examples), to=people, by=request.user)}


@router.post(
    "/reviews-needed",
    response={200: ChangedOut, 404: Problem},
    summary="Say how many reviewers have to judge an example",
)
def reviews_needed(request: ApiRequest, payload: NeededIn) -> dict[str, int]:
    """With more than one, each judges without seeing what the others say."""
    known = _known(payload.examples)
    return {"changed": assigning.require_reviews(examples=known, needed=payload.needed, by=request.user)}


@router.get("/undo", response=UndoableOut, summary="What you did last and can take back")
def undo_get(request: ApiRequest) -> dict[str, Any]:
    entry = undoing.last_undoable(request.user)
    return {"entry": entry.pk, "says": undoing.told(entry)} if entry else {"entry": None, "says": ""}


@router.post("/undo", response={200: UndoneOut, 404: Problem, 409: Problem}, summary="Take it back")
def undo_post(request: ApiRequest, payload: UndoEntryIn) -> dict[str, Any]:
    entry = AuditEntry.objects.filter(pk=payload.entry, actor=request.user).first()
    if entry is None:
        raise Refusal("not-found", f"You did nothing that has the number {payload.entry}.")
    undoing.undo(entry, by=request.user)
    return {"says": undoing.told(entry), "examples": undoing.examples_of(entry)}


def _known(ids: list[int]) -> list[int]:
    wanted = sorted(set(ids))
    there = set(Example.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing := [str(pk) for pk in wanted if pk not in there]:
        raise Refusal("not-found", f"There is no example {', '.join(missing[:10])}.")
    return wanted


def _people(names: list[str]) -> list[User]:
    found = {user.get_username(): user for user in User.objects.filter(username__in=names)}
    if missing := [name for name in names if name not in found]:
        raise Refusal("not-found", f"There is no account {', '.join(missing[:10])}.")
    return list(found.values())
