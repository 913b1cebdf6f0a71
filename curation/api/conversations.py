"""Conversations that fit no type of example, and which of them dataset versions take."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from curation.api.problems import Problem, Refusal
from curation.api.shapes import ApiRequest, Body, ById, Id, Page, page_of
from curation.models import ChatRecord
from curation.services import choosing

router = Router(tags=["conversations"])
MOST_AT_ONCE = 200


class ConversationFilters(ById):
    chosen: Literal["", "yes", "no"] = ""


class ConversationOut(Schema):
    id: int
    system: str
    prompt: str
    answer: str
    why: str = Field(description="why it is no example")
    origin: str
    author: str
    chosen: bool


class ChoiceIn(Body):
    conversations: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]
    chosen: bool = Field(description="whether dataset versions take them from now on")


class Chosen(Schema):
    changed: int


@router.get("/conversations", response=Page[ConversationOut], summary="List conversations")
def conversation_list(
    request: ApiRequest, response: HttpResponse, asked: Query[ConversationFilters]
) -> dict[str, Any]:
    rows = choosing.conversations().select_related("author")
    if asked.chosen:
        rows = rows.filter(chosen=asked.chosen == "yes")
    found = page_of(request, response, rows, "pk", asked)
    return found | {"items": [_out(record) for record in found["items"]]}


@router.post(
    "/conversations/choose",
    response={200: Chosen, 404: Problem, 409: Problem},
    summary="Take conversations into dataset versions, or out",
)
def conversation_choose(request: ApiRequest, payload: ChoiceIn) -> dict[str, int]:
    """All or none. Nobody takes in what they imported."""
    wanted = set(payload.conversations)
    records = list(ChatRecord.objects.filter(pk__in=wanted).select_related("author"))
    if missing := sorted(wanted - {record.pk for record in records}):
        raise Refusal("not-found", f"There is no conversation {', '.join(map(str, missing))}.")
    return {"changed": choosing.choose(records=records, by=request.user, chosen=payload.chosen)}


def _out(record: Any) -> dict[str, Any]:
    names = ("system", "prompt", "answer", "why", "origin", "chosen")
    row = {name: getattr(record, name) for name in names}
    return row | {"id": record.pk, "author": record.author.get_username()}
