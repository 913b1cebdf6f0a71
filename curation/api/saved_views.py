"""Saved views: filters of the list of examples under a name."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.problems import Problem
from curation.api.shapes import PLAIN, ApiRequest, Body, Id, Listing, checked
from curation.forms.saved_views import ChangeViewForm, SaveViewForm
from curation.models import SavedView
from curation.services import bookmarking

router = Router(tags=["saved views"])
Name = Annotated[str, StringConstraints(pattern=PLAIN, min_length=1, max_length=bookmarking.MAX_NAME)]


class ViewOut(Schema):
    id: int
    name: str
    query: str = Field(description="the filters as they stand in the address of the list")
    shared: bool
    owner: str


class ViewChange(Body):
    name: Name
    shared: bool = Field(False, description="everybody sees it; only you change it")


class ViewIn(ViewChange):
    query: Annotated[
        str, StringConstraints(pattern=PLAIN, min_length=1, max_length=bookmarking.MAX_QUERY)
    ] = Field(examples=["status=needs_review&topic=gui"])


@router.get("/views", response=list[ViewOut], summary="List your views and those that others share")
def view_list(request: ApiRequest, asked: Query[Listing]) -> list[dict[str, Any]]:
    return [_out(view) for view in bookmarking.visible_to(request.user)[: asked.limit]]


@router.post("/views", response={201: ViewOut, 409: Problem}, summary="Save filters under a name")
def view_save(request: ApiRequest, response: HttpResponse, payload: ViewIn) -> Status[dict[str, Any]]:
    """Of the query only filters that the list knows are kept."""
    asked = checked(SaveViewForm(payload.dict()))
    return Status(201, _out(bookmarking.save(owner=request.user, **asked)))


@router.put("/views/{view_id}", response={200: ViewOut, 409: Problem}, summary="Rename or share a view")
def view_change(request: ApiRequest, view_id: Id, payload: ViewChange) -> dict[str, Any]:
    view = get_object_or_404(SavedView.objects.select_related("owner"), pk=view_id, owner=request.user)
    return _out(bookmarking.change(view=view, **checked(ChangeViewForm(payload.dict()))))


@router.delete("/views/{view_id}", response={204: None}, summary="Delete a view")
def view_delete(request: ApiRequest, view_id: Id) -> Status[None]:
    bookmarking.delete(get_object_or_404(SavedView, pk=view_id, owner=request.user))
    return Status(204, None)


def _out(view: SavedView) -> dict[str, Any]:
    row = {name: getattr(view, name) for name in ("name", "query", "shared")}
    return row | {"id": view.pk, "owner": view.owner.get_username()}
