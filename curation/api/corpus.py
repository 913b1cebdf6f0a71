"""Raw programs for stage 1: find, read, bring in, change their terms, take out and put back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import File, Form, Query, Router, Schema, UploadedFile
from pydantic import Field, StringConstraints

from curation.api.problems import Problem
from curation.api.shapes import PLAIN, ApiRequest, Body, ByText, Id, Page, Words, page_of, username
from curation.domain import corpus, licences
from curation.models import CorpusFile, CorpusProgram
from curation.services import gathering, stocking

router = Router(tags=["corpus"])
MOST_VERSIONS = 100  # that are listed
MOST_PROBLEMS = 1000

Licence = Annotated[str, StringConstraints(pattern=PLAIN, max_length=licences.LONGEST)]
Source = Annotated[str, StringConstraints(pattern=PLAIN, max_length=corpus.LONGEST_SOURCE)]
Folder = Annotated[str, StringConstraints(pattern=PLAIN, max_length=100)]
Reason = Annotated[str, StringConstraints(pattern=PLAIN, max_length=stocking.MAX_REASON)]


class ProgramFilters(ByText):
    q: Words = Field("", description="words of path or source")
    licence: Licence = Field("", description='"unknown": those of which nobody has said it')
    state: Literal["", "in", "out"] = ""


class ProgramRow(Schema):
    id: int
    path: str
    licence: str
    source: str
    included: bool = Field(description="whether dataset versions may take it")
    lines: int
    versions: int = Field(description="the number of the newest one")


class ProgramVersion(Schema):
    number: int
    content_hash: str
    licence: str
    source: str
    included: bool
    reason: str
    author: str | None = Field(description="null: the studio itself")
    created_at: datetime


class ProgramOut(ProgramRow):
    text: str
    history: list[ProgramVersion] = Field(description=f"the newest {MOST_VERSIONS} versions, newest first")


class TextOut(ProgramVersion):
    text: str


class FileProblem(Schema):
    file: str
    line: int
    code: str
    severity: str
    message: str
    suggestion: str


class Gathered(Schema):
    """What was written, or with `dry_run` would be."""

    new: int
    changed: int = Field(description="new versions of programs that are there")
    unchanged: int
    same: int = Field(description="there already under another path, and not stored twice")
    refused: int
    skipped: int = Field(description="files of an archive that are no programs")
    problems: list[FileProblem]
    left_out: int = Field(description="how many more problems there are")


class UploadIn(Schema):
    """On what terms texts come."""

    licence: Licence = Field(examples=["MIT"])
    source: Source
    dry_run: bool = Field(False, description="say what would happen, write nothing")


class ProgramsIn(UploadIn):
    folder: Folder = Field("", description="of the corpus, that they go into")


class TermsIn(Body):
    seen: Id = Field(description="the version that you have seen")
    licence: Licence = Field(examples=["MIT"])
    source: Source
    reason: Reason = ""


class ProgramChoiceIn(Body):
    seen: Id = Field(description="the version that you have seen")
    reason: Reason


@router.get("/corpus", response=Page[ProgramRow], summary="List raw programs")
def corpus_list(request: ApiRequest, response: HttpResponse, asked: Query[ProgramFilters]) -> dict[str, Any]:
    filters = stocking.Filters(q=asked.q, licence=asked.licence, state=asked.state)
    found = page_of(request, response, stocking.find_programs(filters), "path", asked)
    return found | {"items": [_row(program) for program in found["items"]]}


@router.post("/corpus", response={200: Gathered, 409: Problem}, summary="Add raw programs")
def corpus_add(
    request: ApiRequest, files: File[list[UploadedFile]], asked: Form[ProgramsIn]
) -> dict[str, Any]:
    """`.bbj`, `.src`, `.txt`, `.zip` or `.tar.gz`. Files with errors are refused, all others are written."""
    on = gathering.terms(licence=asked.licence, source=asked.source, folder=asked.folder)
    read = gathering.read_uploads([(file.name or "", file.chunks()) for file in files])
    found = gathering.plan(read, on) if asked.dry_run else gathering.add(read, on, author=request.user)
    return found.counts | {"skipped": found.skipped} | told(found.problems)


@router.get("/corpus/{program_id}", response=ProgramOut, summary="Read a raw program")
def corpus_get(request: ApiRequest, program_id: Id) -> dict[str, Any]:
    program = _program(program_id)
    rows = stocking.versions_of(program).defer("text")[:MOST_VERSIONS]
    return _row(program) | {"text": program.head.text, "history": [_version(row) for row in rows]}


@router.get(
    "/corpus/{program_id}/versions/{number}", response=TextOut, summary="Read a version of a raw program"
)
def corpus_version(request: ApiRequest, program_id: Id, number: Id) -> dict[str, Any]:
    row = get_object_or_404(stocking.versions_of(_program(program_id)), number=number)
    return _version(row) | {"text": row.text}


@router.post(
    "/corpus/{program_id}/licence",
    response={200: ProgramVersion, 409: Problem},
    summary="Change licence or source of a raw program",
)
def corpus_relicense(request: ApiRequest, program_id: Id, payload: TermsIn) -> dict[str, Any]:
    """A new version of the same text."""
    on = gathering.terms(licence=payload.licence, source=payload.source)
    row = stocking.relicense(
        program=_program(program_id),
        licence=on.licence,
        source=on.source,
        by=request.user,
        seen=payload.seen,
        reason=payload.reason,
    )
    return _version(row)


@router.post(
    "/corpus/{program_id}/take-out",
    response={200: ProgramVersion, 409: Problem},
    summary="Take a raw program out of the corpus",
)
def corpus_take_out(request: ApiRequest, program_id: Id, payload: ProgramChoiceIn) -> dict[str, Any]:
    """Dataset versions that hold it keep it."""
    return _version(stocking.take_out(program=_program(program_id), by=request.user, **payload.dict()))


@router.post(
    "/corpus/{program_id}/put-back",
    response={200: ProgramVersion, 409: Problem},
    summary="Put a raw program back into the corpus",
)
def corpus_put_back(request: ApiRequest, program_id: Id, payload: ProgramChoiceIn) -> dict[str, Any]:
    return _version(stocking.put_back(program=_program(program_id), by=request.user, **payload.dict()))


def told(problems: list[Any]) -> dict[str, Any]:
    """Problems of files as an answer lists them."""
    return {
        "problems": [problem.as_dict() for problem in problems[:MOST_PROBLEMS]],
        "left_out": max(len(problems) - MOST_PROBLEMS, 0),
    }


def _program(program_id: int) -> CorpusProgram:
    return get_object_or_404(CorpusProgram.objects.select_related("head"), pk=program_id)


def _row(program: CorpusProgram) -> dict[str, Any]:
    names = ("path", "licence", "source", "included", "lines", "versions")
    return {"id": program.pk} | {name: getattr(program, name) for name in names}


def _version(row: CorpusFile) -> dict[str, Any]:
    names = ("number", "content_hash", "licence", "source", "included", "reason", "created_at")
    return {name: getattr(row, name) for name in names} | {"author": username(row.author)}
