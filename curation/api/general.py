"""General code against forgetting: where it came from, bringing it in, taking a source out and back in."""

from __future__ import annotations

from typing import Any

from ninja import File, Form, Router, Schema, UploadedFile
from pydantic import Field

from curation.api.corpus import FileProblem, Reason, Source, UploadIn, told
from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, Body
from curation.services import borrowing, gathering, uploading

router = Router(tags=["general code"])


class SourceOut(Schema):
    source: str
    licence: str
    count: int
    included: bool = Field(description="whether dataset versions may take them")
    reason: str = Field(description="of the last word on it; empty: there is none")


class Sources(Schema):
    items: list[SourceOut]


class Borrowed(Schema):
    """What was written, or with `dry_run` would be."""

    new: int
    same: int = Field(description="there already, and not stored twice")
    refused: int
    problems: list[FileProblem]
    left_out: int = Field(description="how many more problems there are")


class GeneralChoiceIn(Body):
    source: Source
    included: bool
    reason: Reason


@router.get("/general", response=Sources, summary="List where general code came from")
def general_list(request: ApiRequest) -> dict[str, Any]:
    return {"items": [_out(source) for source in borrowing.sources()]}


@router.post("/general", response={200: Borrowed, 409: Problem}, summary="Add general code")
def general_add(request: ApiRequest, file: File[UploadedFile], asked: Form[UploadIn]) -> dict[str, Any]:
    """A `.jsonl` file, a question and its answer a line. Lines with errors are refused, all others kept."""
    on = gathering.terms(licence=asked.licence, source=asked.source)
    name, most = uploading.plain(file.name or ""), borrowing.UPLOAD_MOST_LINES
    if asked.dry_run:
        found = borrowing.plan(file.chunks(), name=name, on=on, most=most)
    else:
        found = borrowing.add(file.chunks(), name=name, on=on, author=request.user, most=most)
    return found.counts | told(found.problems)


@router.post(
    "/general/choose",
    response={200: Sources, 409: Problem},
    summary="Take a source's general code out of dataset versions, or back in",
)
def general_choose(request: ApiRequest, payload: GeneralChoiceIn) -> dict[str, Any]:
    """Dataset versions that hold some keep it."""
    borrowing.choose(by=request.user, **payload.dict())
    return {"items": [_out(source) for source in borrowing.sources() if source.source == payload.source]}


def _out(source: borrowing.Source) -> dict[str, Any]:
    names = ("source", "licence", "count", "included")
    said = {name: getattr(source, name) for name in names}
    return said | {"reason": source.choice.reason if source.choice else ""}
