"""Judging an example. If-Match says which text was read: the verdict holds for that one and for no other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api import etags
from curation.api.opening import open_to_judge
from curation.api.problems import Problem
from curation.api.shapes import PLAIN, ApiRequest, Body, Id, Label
from curation.models import Comment, Review, SecretWaiver
from curation.services import commenting, reviewing, waiving

router = Router(tags=["reviews"])
Reason = Annotated[str, StringConstraints(pattern=PLAIN, max_length=reviewing.MAX_REASON)]


class ReviewIn(Body):
    verdict: Literal[*reviewing.VERDICTS]  # type: ignore[valid-type]
    reason: Reason = Field("", description="an objection needs one")
    generations: Label | None = Field(
        None, description="the label that you find right; null: an approval approves that of the text"
    )
    adjudicates: bool = Field(False, description="it settles what other reviewers disagree about")


class ReviewOut(Schema):
    id: int
    reviewer: str
    verdict: str
    reason: str
    generations: list[str]
    adjudicates: bool
    content_hash: str = Field(description="of the text that was judged")
    created_at: datetime


class CommentOut(Schema):
    id: int
    author: str
    text: str
    line: int | None
    content_hash: str
    created_at: datetime


class CommentIn(Body):
    text: Annotated[str, StringConstraints(pattern=PLAIN, min_length=1, max_length=commenting.MAX_TEXT)]
    line: Annotated[int, Field(ge=1, le=10**6)] | None = Field(None, description="of the file")


class Standing(Schema):
    """Verdicts of others on the present text are hidden from you while more reviewers are to come."""

    status: str
    verdicts: int = Field(description="how many stand on the present text, hidden ones too")
    needed: int
    blind: bool
    reviews: list[ReviewOut] = Field(description="of every text of this example, newest first")
    comments: list[CommentOut]


class WaiverIn(Body):
    rule: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=40)]
    line: Annotated[int, Field(ge=1, le=10**6)]
    reason: Annotated[str, StringConstraints(pattern=PLAIN, max_length=waiving.MAX_REASON)]


class WaiverOut(Schema):
    id: int
    rule: str
    line: int
    reason: str
    waived_by: str
    created_at: datetime


class SuspectOut(Schema):
    """A place of the present text that looks like a secret. Without a waiver it blocks approval."""

    rule: str
    line: int
    says: str
    waiver: WaiverOut | None


@router.get("/examples/{example_id}/reviews", response=Standing, summary="Read status and verdicts")
def review_list(request: ApiRequest, example_id: Id) -> dict[str, Any]:
    example = open_to_judge(request, example_id)
    shown = reviewing.shown_reviews(example, request.user)
    return {
        "status": reviewing.status_of(example),
        "verdicts": shown.verdicts,
        "needed": shown.needed,
        "blind": shown.blind,
        "reviews": [review_out(review) for review in shown.reviews],
        "comments": [comment_out(comment) for comment in shown.comments],
    }


@router.post(
    "/examples/{example_id}/reviews",
    response={201: ReviewOut, 409: Problem, 428: Problem},
    summary="Approve, ask for changes, or reject",
)
def review_create(request: ApiRequest, example_id: Id, payload: ReviewIn) -> Status[dict[str, Any]]:
    """Nobody judges what they wrote or edited."""
    example = open_to_judge(request, example_id)
    recorded = reviewing.record_review(
        example=example,
        reviewer=request.user,
        content_hash=etags.seen_hash(request, example),
        **payload.dict(),
    )
    return Status(201, review_out(recorded))


@router.post(
    "/examples/{example_id}/comments",
    response={201: CommentOut, 409: Problem, 428: Problem},
    summary="Say something about an example",
)
def comment_create(request: ApiRequest, example_id: Id, payload: CommentIn) -> Status[dict[str, Any]]:
    """It decides nothing, and it stays."""
    example = open_to_judge(request, example_id)
    written = commenting.comment(
        example=example,
        author=request.user,
        content_hash=etags.seen_hash(request, example),
        **payload.dict(),
    )
    return Status(201, comment_out(written))


@router.get(
    "/examples/{example_id}/suspects",
    response=list[SuspectOut],
    summary="List what looks like a secret",
)
def suspect_list(request: ApiRequest, example_id: Id) -> list[dict[str, Any]]:
    example = open_to_judge(request, example_id)
    return [
        {
            "rule": suspect.secret.rule,
            "line": suspect.secret.line,
            "says": suspect.secret.says,
            "waiver": waiver_out(suspect.waiver) if suspect.waiver else None,
        }
        for suspect in waiving.suspects(example)
    ]


@router.post(
    "/examples/{example_id}/waivers",
    response={201: WaiverOut, 409: Problem, 428: Problem},
    summary="Say that what looks like a secret is none",
)
def secret_waive(request: ApiRequest, example_id: Id, payload: WaiverIn) -> Status[dict[str, Any]]:
    """Any edit of the text asks again."""
    example = open_to_judge(request, example_id)
    waiver = waiving.waive(
        example=example, by=request.user, content_hash=etags.seen_hash(request, example), **payload.dict()
    )
    return Status(201, waiver_out(waiver))


def review_out(review: Review) -> dict[str, Any]:
    names = ("verdict", "reason", "generations", "adjudicates", "content_hash", "created_at")
    row = {name: getattr(review, name) for name in names}
    return row | {"id": review.pk, "reviewer": review.reviewer.get_username()}


def comment_out(comment: Comment) -> dict[str, Any]:
    row = {name: getattr(comment, name) for name in ("text", "line", "content_hash", "created_at")}
    return row | {"id": comment.pk, "author": comment.author.get_username()}


def waiver_out(waiver: SecretWaiver) -> dict[str, Any]:
    row = {name: getattr(waiver, name) for name in ("rule", "line", "reason", "created_at")}
    return row | {"id": waiver.pk, "waived_by": waiver.waived_by.get_username()}
