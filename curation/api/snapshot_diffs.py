"""What changed between two dataset versions."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, ById, Id, Page, Words, page_of
from curation.domain.snapshot_diff import WORDS
from curation.models import Snapshot, SnapshotChange, SnapshotDiff
from curation.services import contrasting

router = Router(tags=["dataset versions"])
Word = Literal["", *WORDS]  # type: ignore[valid-type]


class SettingOut(Schema):
    name: str = Field(description='as in the manifest: "seed", "policy.selection"')
    before: str
    after: str


class DiffOut(Schema):
    """From the older to the newer version, in whichever order they were asked for."""

    older: int
    newer: int
    counts: dict[str, dict[str, int]] = Field(description="kind of text, what happened, how many")
    settings: list[SettingOut] = Field(description="what else differs")


class ChangeFilters(ById):
    kind: Words = Field("", description='a list of the manifest: "examples", "corpus"')
    word: Word = ""


class ChangeOut(Schema):
    position: int
    kind: str
    words: list[str] = Field(description="what happened to it, such as edited and moved")
    path: str
    path_before: str = Field(description="of a renamed one")
    hash_before: str = Field(description="SHA-256 of the text; empty where it is new")
    hash_after: str
    split_before: str
    split_after: str
    label_before: str = Field(description="of a relabelled one")
    label_after: str
    terms_before: str = Field(description="licence and source of a relicensed one")
    terms_after: str


class ChangeWithTexts(ChangeOut):
    text_before: str | None
    text_after: str | None


@router.get(
    "/snapshots/{snapshot_id}/diff/{other_id}",
    response={200: DiffOut, 409: Problem},
    summary="What changed between two dataset versions",
)
def snapshot_diff(request: ApiRequest, snapshot_id: Id, other_id: Id) -> dict[str, Any]:
    diff = _diff(snapshot_id, other_id)
    settings = [
        {"name": one.name, "before": one.before, "after": one.after} for one in contrasting.settings_of(diff)
    ]
    counts = contrasting.counts_of(diff)
    return {"older": diff.older_id, "newer": diff.newer_id, "counts": counts, "settings": settings}


@router.get(
    "/snapshots/{snapshot_id}/diff/{other_id}/changes",
    response={200: Page[ChangeOut], 409: Problem},
    summary="List the changes between two dataset versions",
)
def snapshot_changes(
    request: ApiRequest, response: HttpResponse, snapshot_id: Id, other_id: Id, asked: Query[ChangeFilters]
) -> dict[str, Any]:
    diff = _diff(snapshot_id, other_id)
    rows = contrasting.changes_of(diff, kind=asked.kind, word=asked.word)
    found = page_of(request, response, rows, "position", asked)
    return found | {"items": [_out(change) for change in found["items"]]}


@router.get(
    "/snapshots/{snapshot_id}/diff/{other_id}/changes/{position}",
    response={200: ChangeWithTexts, 409: Problem},
    summary="Read one change with both texts",
)
def snapshot_change(request: ApiRequest, snapshot_id: Id, other_id: Id, position: Id) -> dict[str, Any]:
    change = get_object_or_404(_diff(snapshot_id, other_id).changes, position=position)
    before, after = contrasting.texts_of(change)
    return _out(change) | {"text_before": before, "text_after": after}


@router.get(
    "/snapshots/{snapshot_id}/changelog",
    response=Any,
    summary="What changed against the version before, as Markdown",
    openapi_extra={"responses": {200: {"content": {"text/markdown": {"schema": {}}}}}},
)
def snapshot_changelog(request: ApiRequest, snapshot_id: Id) -> HttpResponse:
    """The same text each time."""
    text = contrasting.changelog_of(_version(snapshot_id))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


def _diff(snapshot_id: int, other_id: int) -> SnapshotDiff:
    return contrasting.contrast(_version(snapshot_id), _version(other_id))


def _version(snapshot_id: int) -> Snapshot:
    return get_object_or_404(Snapshot.objects.defer("manifest", "report"), pk=snapshot_id)


def _out(change: SnapshotChange) -> dict[str, Any]:
    row = {name: getattr(change, name) for name in ChangeOut.model_fields if name != "words"}
    return row | {"words": change.words.split()}
