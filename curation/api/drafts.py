"""Your own drafts: texts that are not (yet) a revision. A draft may hold any text, with any problem."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from curation.api import etags
from curation.api.examples import ExampleOut, Note, Path, Text, example_out, refused_text
from curation.api.problems import Mistake, Problem, Refusal
from curation.api.shapes import ApiRequest, Body, ById, Hash, Id, Label, Page, page_of
from curation.domain.merging import Kind
from curation.models import Draft, Example
from curation.services import amending, drafting, looking, merging

router = Router(tags=["drafts"])


class DraftRow(Schema):
    id: int
    path: str
    example: int | None = Field(description="which example it changes; None: it becomes a new one")
    base_hash: str = Field(description="the text of that example that it started from")
    origin: str
    mends: bool = Field(description="saved, it counts as fixed and approved by you")
    updated_at: datetime


class DraftOut(DraftRow):
    text: str


class DraftIn(Body):
    """An existing example by its id, or the path and text of a new one."""

    example: Id | None = None
    path: Path = ""
    text: Text = ""


class DraftEdit(Body):
    text: Text
    path: Path | None = Field(None, description="of a new example; that of an existing one stays")


@router.get("/drafts", response=Page[DraftRow], summary="List your drafts, newest first")
def draft_list(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    found = page_of(request, response, Draft.objects.filter(author=request.user), "-pk", page)
    return found | {"items": [_row(draft) for draft in found["items"]]}


@router.post("/drafts", response={201: DraftOut, 404: Problem}, summary="Open a draft")
def draft_create(request: ApiRequest, response: HttpResponse, payload: DraftIn) -> Status[dict[str, Any]]:
    """Of an existing example you have one draft: it is given again, with its text unchanged."""
    if payload.example is None:
        draft = drafting.new_draft(author=request.user, path=payload.path, text=payload.text)
    else:
        if payload.path or payload.text:
            says = "A draft of an existing example starts with its path and text: send only `example`."
            raise Refusal("invalid", says, [Mistake(place="body.example", code="not-both", message=says)])
        example = Example.objects.filter(pk=payload.example).first()
        if example is None:
            raise Refusal("not-found", f"There is no example {payload.example}.")
        draft = drafting.draft_of(author=request.user, example=example)
    response["Location"] = reverse("api:draft_get", args=[draft.pk])
    return Status(201, _out(draft))


@router.get("/drafts/{draft_id}", response=DraftOut, summary="Read a draft")
def draft_get(request: ApiRequest, draft_id: Id) -> dict[str, Any]:
    draft = get_object_or_404(Draft.objects.select_related("example"), pk=draft_id, author=request.user)
    if draft.example:
        looking.look(draft.example, request.user, "read a draft of it by the API")
    return _out(draft)


@router.put("/drafts/{draft_id}", response=DraftOut, summary="Keep another text in a draft")
def draft_keep(request: ApiRequest, draft_id: Id, payload: DraftEdit) -> dict[str, Any]:
    draft = get_object_or_404(Draft.objects.select_related("example"), pk=draft_id, author=request.user)
    return _out(drafting.keep(draft, text=payload.text, path=payload.path))


@router.delete("/drafts/{draft_id}", response={204: None}, summary="Throw a draft away")
def draft_discard(request: ApiRequest, draft_id: Id) -> Status[None]:
    drafting.discard(get_object_or_404(Draft, pk=draft_id, author=request.user))
    return Status(204, None)


class MergePiece(Schema):
    """Lines that belong together; joined, the lines of a side are that side's text."""

    kind: Kind = Field(description="who changed them; conflict: both, differently")
    base: list[str]
    theirs: list[str]
    mine: list[str]


class MergeOut(Schema):
    theirs_hash: str = Field(description="of the example's present text; saving names it")
    theirs_author: str
    theirs: str
    base: str | None = Field(description="the text that both began with; null: nobody knows it")
    mine: str
    pieces: list[MergePiece]


class RelabelIn(Body):
    generations: Label


class MergeIn(Body):
    text: Text = Field(description="the merged text")
    theirs_hash: Hash
    note: Note = ""


@router.get(
    "/drafts/{draft_id}/merge",
    response={200: MergeOut, 409: Problem},
    summary="Compare a draft with its example",
)
def merge_get(request: ApiRequest, draft_id: Id) -> dict[str, Any]:
    """When somebody saved the example after the draft began: the three texts, and where both changed."""
    draft, example = _of_example(request, draft_id)
    looking.look(example, request.user, "put two texts of it together")
    sides = merging.sides_of(draft, example)
    return {
        "theirs_hash": sides.theirs.content_hash,
        "theirs_author": sides.theirs.author.get_username(),
        "theirs": sides.theirs.text,
        "base": sides.base.text if sides.base else None,
        "mine": sides.mine,
        "pieces": [
            {"kind": piece.kind, "base": piece.base, "theirs": piece.theirs, "mine": piece.mine}
            for piece in sides.pieces
        ],
    }


@router.post(
    "/drafts/{draft_id}/merge",
    response={200: ExampleOut, 409: Problem, 412: Problem},
    summary="Save a merged text, on top of theirs",
)
def merge_save(request: ApiRequest, response: HttpResponse, draft_id: Id, payload: MergeIn) -> Any:
    """412: somebody saved once more. The draft holds the merged text then."""
    draft, example = _of_example(request, draft_id)
    saved = merging.save(draft, **payload.dict())
    if not saved.ok:
        raise refused_text(saved)
    body = example_out(example.pk, Example.everything.all())
    return etags.answer(request, response, body, body.content_hash)


@router.post(
    "/examples/{example_id}/mend", response={201: DraftOut}, summary="Fix and approve: open a draft for it"
)
def mend_begin(request: ApiRequest, response: HttpResponse, example_id: Id) -> Status[dict[str, Any]]:
    """As a reviewer of somebody else's text. Save it with `draft`; another person confirms it."""
    example = get_object_or_404(Example, pk=example_id)
    draft = amending.begin(example=example, reviewer=request.user)
    response["Location"] = reverse("api:draft_get", args=[draft.pk])
    return Status(201, _out(draft))


@router.post(
    "/examples/{example_id}/relabel",
    response={200: ExampleOut, 409: Problem, 428: Problem},
    summary="Fix and approve: write another label into the text",
)
def example_relabel(request: ApiRequest, response: HttpResponse, example_id: Id, payload: RelabelIn) -> Any:
    """Of somebody else's text; of a migration it is the label of the After. Another person confirms it."""
    example = get_object_or_404(Example, pk=example_id)
    made = amending.relabel(
        example=example,
        reviewer=request.user,
        generations=payload.generations,
        content_hash=etags.seen_hash(request, example),
    )
    if made is None:
        raise Refusal("conflict", f"{example.path} has this label already.")
    body = example_out(example_id)
    return etags.answer(request, response, body, body.content_hash)


def _of_example(request: ApiRequest, draft_id: int) -> tuple[Draft, Example]:
    draft = get_object_or_404(Draft.objects.select_related("example"), pk=draft_id, author=request.user)
    if draft.example is None:
        raise Refusal("conflict", f"Draft {draft_id} is of a new example: there is nothing to merge it with.")
    return draft, draft.example


def _row(draft: Draft) -> dict[str, Any]:
    names = ("path", "base_hash", "origin", "mends", "updated_at")
    return {name: getattr(draft, name) for name in names} | {"id": draft.pk, "example": draft.example_id}


def _out(draft: Draft) -> dict[str, Any]:
    return _row(draft) | {"text": draft.text}
