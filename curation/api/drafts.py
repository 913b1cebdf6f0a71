"""Your own drafts: texts that are not (yet) a revision. A draft may hold any text, with any problem."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from curation.api.examples import Path, Text
from curation.api.problems import Mistake, Problem, Refusal
from curation.api.shapes import ApiRequest, Body, ById, Id, Page, page_of
from curation.models import Draft, Example
from curation.services import drafting

router = Router(tags=["drafts"])


class DraftRow(Schema):
    id: int
    path: str
    example: int | None = Field(description="which example it changes; None: it becomes a new one")
    base_hash: str = Field(description="the text of that example that it started from")
    origin: str
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
    return _out(get_object_or_404(Draft, pk=draft_id, author=request.user))


@router.put("/drafts/{draft_id}", response=DraftOut, summary="Keep another text in a draft")
def draft_keep(request: ApiRequest, draft_id: Id, payload: DraftEdit) -> dict[str, Any]:
    draft = get_object_or_404(Draft.objects.select_related("example"), pk=draft_id, author=request.user)
    return _out(drafting.keep(draft, text=payload.text, path=payload.path))


@router.delete("/drafts/{draft_id}", response={204: None}, summary="Throw a draft away")
def draft_discard(request: ApiRequest, draft_id: Id) -> Status[None]:
    drafting.discard(get_object_or_404(Draft, pk=draft_id, author=request.user))
    return Status(204, None)


def _row(draft: Draft) -> dict[str, Any]:
    names = ("path", "base_hash", "origin", "updated_at")
    return {name: getattr(draft, name) for name in names} | {"id": draft.pk, "example": draft.example_id}


def _out(draft: Draft) -> dict[str, Any]:
    return _row(draft) | {"text": draft.text}
