"""Examples: finding, reading, writing, and their revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api import etags
from curation.api.problems import Mistake, Problem, Refusal
from curation.api.shapes import (
    PLAIN,
    ApiRequest,
    Body,
    ById,
    ByText,
    Id,
    Listing,
    Page,
    page_of,
    username,
)
from curation.domain.labelling import IMPORT
from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.domain.problems import Problem as TextProblem
from curation.models import Draft, Example, ExampleTag, Revision
from curation.services import authoring, drafting, finding, resolving, revising, surveying, writing_back
from curation.services.coverage import COLUMNS, coverage
from studio.http import download

router = Router(tags=["examples"])
Short = Annotated[str, StringConstraints(pattern=PLAIN, max_length=200)]
Path = Annotated[str, StringConstraints(pattern=PLAIN, max_length=authoring.MAX_PATH)]
Text = Annotated[str, StringConstraints(max_length=drafting.MAX_TEXT)]  # NUL is reported with its line
Note = Annotated[str, StringConstraints(pattern=PLAIN, max_length=authoring.MAX_NOTE)]


class Filters(Schema):
    """As on the page: what is left out means any."""

    q: Short = Field("", description="each word of two letters or more begins a word of path, title or text")
    status: Literal["", "live", *finding.STATUSES] = Field(  # type: ignore[valid-type]
        "", description="live: neither rejected nor set aside"
    )
    type: Literal["", *TYPES] = ""  # type: ignore[valid-type]
    generation: Literal["", "all", *GENERATIONS] = ""  # type: ignore[valid-type]
    topic: Literal["", *TOPICS] = ""  # type: ignore[valid-type]
    difficulty: Literal["", *DIFFICULTIES] = ""  # type: ignore[valid-type]
    tag: Short = ""
    author: Short = Field("", description="username of whoever wrote the present text")
    verdict: Literal["", *finding.VERDICTS] = ""  # type: ignore[valid-type]
    problems: Literal["", "yes", "no"] = ""
    near: Literal["", "yes"] = Field("", description="has near-duplicates that nobody decided about")
    labelled: Literal["", *finding.LABELLED] = Field("", description="who gave the label")  # type: ignore[valid-type]
    traces: Literal["", *finding.TRACES] = Field(  # type: ignore[valid-type]
        "", description="what the traces in the code say about the label"
    )
    job: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,18}$")] = Field(
        "", description="the import that wrote the present text or one before it"
    )
    assigned: Short = Field("", description="username of a reviewer who was asked to judge it")
    needed: Literal["", "1", "more"] = Field("", description="reviewers that it takes: one, or two or more")


class ExampleRow(Schema):
    id: int
    path: str
    title: str
    type: str
    topic: str
    difficulty: str
    generations: list[str]
    label_source: str = Field(description="who gave the label: person, suggestion, import; empty: not known")
    status: str
    last_verdict: str
    problem_count: int
    written_by: str | None
    content_hash: str
    updated_at: datetime


class TextFinding(Schema):
    """What an author should know about a line of the text."""

    line: int
    code: str
    severity: str
    message: str
    suggestion: str = ""


class ExampleOut(ExampleRow):
    text: str = Field(description="the whole file")
    revision: int
    note: str
    problems: list[TextFinding] = Field(description="of the file, by today's rules")
    findings: list[TextFinding] = Field(description="of its code, by the check named in `checker`")
    checker: str
    kept_instead: list[str] = Field(description="paths of the examples for which this one was set aside")


class ExampleIn(Body):
    path: Path = Field(examples=["gui/hello-window.md"])
    text: Text = Field(description="the whole file: front matter and sections (training-data/FORMAT.md)")
    note: Note = ""
    draft: Id | None = Field(None, description="your draft that this text comes from; it is gone afterwards")


class EditIn(Body):
    text: Text
    note: Note = ""
    draft: Id | None = None


class RevisionsAsked(ById):
    limit: Annotated[int, Field(ge=1, le=50)] = 20  # each row compares two texts


class RevisionRow(Schema):
    number: int
    changed: list[str] = Field(description="what it changed, in words")
    added: int = Field(description="lines")
    removed: int
    content_hash: str
    author: str
    note: str
    origin: str
    created_at: datetime


class RevisionOut(RevisionRow):
    text: str
    checker: str
    findings: list[TextFinding]


class NearOut(Schema):
    id: int
    path: str
    title: str
    status: str


class TagOut(Schema):
    tag: str
    examples: int


class CoverageRow(Schema):
    topic: str
    examples: int = Field(description="neither rejected nor set aside")
    approved: int
    generations: dict[str, int] = Field(description="an example with two generations counts in both")


@router.get("/examples", response=Page[ExampleRow], summary="Find examples")
def example_list(
    request: ApiRequest, response: HttpResponse, filters: Query[Filters], page: Query[ByText]
) -> dict[str, Any]:
    """In the order of their paths; `after` is a path."""
    rows = finding.find_examples(finding.Filters(**filters.dict())).select_related("written_by")
    found = page_of(request, response, rows, "path", page)
    return found | {"items": [row_of(example) for example in found["items"]]}


@router.post(
    "/examples",
    response={201: ExampleOut, 200: ExampleOut, 404: Problem, 409: Problem},
    summary="Write a new example",
)
def example_create(request: ApiRequest, response: HttpResponse, payload: ExampleIn) -> Any:
    """A text with errors is refused with all of them. 200: the path has exactly this text already."""
    saved = _write(request, payload, path=payload.path, base_hash="")
    assert saved.example
    response["Location"] = reverse("api:example_get", args=[saved.example.pk])
    body = etags.answer(request, response, example_out(saved.example.pk), saved.example.content_hash)
    return Status(201 if saved.revision else 200, body)


@router.get(
    "/examples.zip",
    response={200: Any, 409: Problem},
    summary="Download examples as files",
    openapi_extra={"responses": {200: {"content": {"application/zip": {"schema": {}}}}}},
)
def example_archive(request: ApiRequest, filters: Query[Filters]) -> HttpResponseBase:
    """What the list finds with the same filters, as a .zip that an import takes back."""
    file, size_bytes = writing_back.export_archive(finding.Filters(**filters.dict()))
    name = f"examples-{filters.status or 'all'}.zip"
    return download(request, file, name=name, size_bytes=size_bytes, content_type="application/zip")


@router.get("/examples/{example_id}", response={200: ExampleOut, 304: None}, summary="Read an example")
def example_get(request: ApiRequest, response: HttpResponse, example_id: Id) -> Any:
    body = example_out(example_id)
    return etags.answer(request, response, body, body.content_hash)


@router.put(
    "/examples/{example_id}",
    response={200: ExampleOut, 409: Problem, 428: Problem},
    summary="Write the next revision of an example",
)
def example_edit(request: ApiRequest, response: HttpResponse, example_id: Id, payload: EditIn) -> Any:
    """An edit withdraws the approval of the text before. The same text makes no revision."""
    example = get_object_or_404(Example, pk=example_id)
    base_hash = etags.seen_hash(request, example)
    _write(request, payload, path=example.path, base_hash=base_hash)
    body = example_out(example_id)
    return etags.answer(request, response, body, body.content_hash)


@router.get(
    "/examples/{example_id}/revisions", response=Page[RevisionRow], summary="List the revisions, newest first"
)
def revision_list(
    request: ApiRequest, response: HttpResponse, example_id: Id, page: Query[RevisionsAsked]
) -> dict[str, Any]:
    example = get_object_or_404(Example, pk=example_id)
    found = page_of(request, response, revising.revisions_of(example), "-number", page)
    return found | {"items": [_revision_row(revision) for revision in found["items"]]}


@router.get(
    "/examples/{example_id}/revisions/{number}",
    response={200: RevisionOut, 304: None},
    summary="Read a revision",
)
def revision_get(request: ApiRequest, response: HttpResponse, example_id: Id, number: Id) -> Any:
    """It never changes, so its ETag is its content hash."""
    rows = Revision.objects.filter(example__pool="").select_related("author", "parent")
    revision = get_object_or_404(rows, example_id=example_id, number=number)
    body = RevisionOut(
        **_revision_row(revision),
        text=revision.text,
        checker=revision.checker,
        findings=code_findings(revision.findings),
    )
    return etags.unchanged_or(request, response, body, revision.content_hash)


@router.post(
    "/examples/{example_id}/revisions/{number}/restore",
    response={200: ExampleOut, 409: Problem, 428: Problem},
    summary="Bring an older text back as a new revision",
)
def revision_restore(request: ApiRequest, response: HttpResponse, example_id: Id, number: Id) -> Any:
    example = get_object_or_404(Example, pk=example_id, revisions__number=number)
    seen = etags.seen_hash(request, example)
    revising.restore(example=example, number=number, author=request.user, base_hash=seen)
    body = example_out(example_id)
    return etags.answer(request, response, body, body.content_hash)


@router.get(
    "/examples/{example_id}/near",
    response=list[NearOut],
    summary="List the near-duplicates that wait for a decision",
)
def example_near(request: ApiRequest, example_id: Id) -> list[dict[str, Any]]:
    example = get_object_or_404(Example, pk=example_id)
    near = Example.objects.filter(pk__in=surveying.near_to(example)).order_by("path")
    return [{"id": one.pk, "path": one.path, "title": one.title, "status": one.status} for one in near]


@router.get("/tags", response=list[TagOut], summary="List the commonest tags")
def tag_list(request: ApiRequest, asked: Query[Listing]) -> list[dict[str, Any]]:
    counted = ExampleTag.objects.values_list("tag").annotate(n=Count("pk")).order_by("-n", "tag")
    return [{"tag": tag, "examples": n} for tag, n in counted[: asked.limit]]


@router.get("/coverage", response=list[CoverageRow], summary="Count examples by topic and generation")
def coverage_list(request: ApiRequest) -> list[dict[str, Any]]:
    return [
        {
            "topic": row.topic,
            "examples": row.total.examples,
            "approved": row.total.approved,
            "generations": {name: cell.examples for name, cell in zip(COLUMNS, row.cells, strict=True)},
        }
        for row in coverage().rows
    ]


def row_of(example: Example) -> dict[str, Any]:
    names = ("path", "title", "type", "topic", "difficulty", "generations", "status", "last_verdict")
    more = ("label_source", "problem_count", "content_hash", "updated_at")
    row = {name: getattr(example, name) for name in (*names, *more)}
    return row | {"id": example.pk, "written_by": username(example.written_by)}


def example_out(example_id: int, rows: QuerySet[Example] | None = None) -> ExampleOut:
    """An ordinary example with its text, or one of these rows."""
    among = Example.objects.all() if rows is None else rows
    example = get_object_or_404(among.select_related("head", "written_by"), pk=example_id)
    head = example.head
    assert head
    problems = authoring.read(head.text.encode(), path=example.path, pool=example.pool).problems
    return ExampleOut(
        **row_of(example),
        text=head.text,
        revision=head.number,
        note=head.note,
        problems=text_findings(problems),
        findings=code_findings(head.findings),
        checker=head.checker,
        kept_instead=[kept.path for kept, _ in resolving.kept_instead(example)],
    )


def text_findings(problems: tuple[TextProblem, ...] | list[TextProblem]) -> list[TextFinding]:
    return [
        TextFinding(line=p.line, code=p.code, severity=p.severity, message=p.message, suggestion=p.suggestion)
        for p in authoring.sorted_by_line(problems)
    ]


def code_findings(findings: list[dict[str, Any]]) -> list[TextFinding]:
    """`line` counts in the file. What the check is not certain of is a warning."""
    return [
        TextFinding(
            line=found["source_line"],
            code=found["code"],
            severity="error" if found["certain"] else "warning",
            message=found["message"],
        )
        for found in findings
    ]


def _write(request: ApiRequest, payload: ExampleIn | EditIn, *, path: str, base_hash: str) -> authoring.Saved:
    draft = None
    if payload.draft is not None:
        draft = Draft.objects.filter(pk=payload.draft, author=request.user).first()
        if draft is None:
            raise Refusal("not-found", f"You have no draft {payload.draft}; nothing was saved.")
    saved = authoring.write(
        author=request.user,
        path=path,
        text=payload.text,
        base_hash=base_hash,
        note=payload.note,
        draft=draft,
        labelled=IMPORT,  # a program wrote it
    )
    if not saved.ok:
        raise refused_text(saved)
    return saved


def refused_text(saved: authoring.Saved) -> Refusal:
    """Why a text became no revision: every problem of it, with its line."""
    mistakes = [text_mistake(problem) for problem in authoring.sorted_by_line(saved.problems)]
    taken = any(problem.code == "path-taken" for problem in saved.problems)
    return Refusal("conflict" if taken else "invalid", "Nothing was saved: see `errors`.", mistakes)


def text_mistake(problem: TextProblem) -> Mistake:
    message = f"{problem.message} {problem.suggestion}".rstrip()
    return Mistake(place=f"body.text:{problem.line}", code=problem.code, message=message)


def _revision_row(revision: Revision) -> dict[str, Any]:
    names = ("number", "content_hash", "note", "origin", "created_at")
    change = revising.told(revision).change
    return {name: getattr(revision, name) for name in names} | {
        "author": revision.author.get_username(),
        "changed": list(change.words),
        "added": change.added,
        "removed": change.removed,
    }
