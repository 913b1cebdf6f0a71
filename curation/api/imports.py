"""Importing: send a file, follow its check, decide about defects, import what is good."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import File, Form, Query, Router, Schema, Status, UploadedFile
from pydantic import Field, StringConstraints

from curation.api.problems import Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, Id, Page, job_key, page_of, username
from curation.domain.defects import DEFECTS, REPEATED_PROMPT
from curation.domain.labels import TOPICS
from curation.models import ImportItem, ImportJob, ImportProblem
from curation.models.imports import DEFECT, EDIT, KEEP, LEAVE_OUT, MEND
from curation.services import mending, queueing, reporting, uploading, working

router = Router(tags=["imports"])
Code = Literal[*DEFECTS]  # type: ignore[valid-type]
Answer = Annotated[str, StringConstraints(pattern=PLAIN, max_length=mending.MAX_ANSWER)]


class JobRow(Schema):
    id: int
    kind: str
    source_name: str
    topic: str
    state: str
    done: int = Field(description="of `total`, in bytes, files or items")
    total: int
    failure_message: str
    requested_by: str
    created_at: datetime
    finished_at: datetime | None


class CodeCount(Schema):
    code: str
    severity: str
    found: int
    waiting: int = Field(description="defects that nobody has decided about")


class Report(Schema):
    items: int
    good: int = Field(description="what confirming would write now")
    waiting: int
    changes: dict[str, int]
    outcomes: dict[str, int]
    kinds: dict[str, int]
    codes: list[CodeCount]


class JobOut(JobRow):
    skipped: list[str]
    report: Report | None = Field(description="once it is checked")


class ProblemFilters(ById):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]*$", max_length=40)] = ""
    severity: Literal["", "error", "warning", "defect"] = ""


class ItemProblem(Schema):
    id: int
    item: int = Field(description="position of the file or line")
    name: str
    line: int
    code: str
    severity: str
    message: str
    suggestion: str
    group: int = Field(description="first line that asks the same; 0: none")
    action: str = Field(description="what was decided; empty: open")
    decided_by: str | None


class ItemFilters(ById):
    change: Literal["", *(value for value, _ in ImportItem.CHANGES)] = ""  # type: ignore[valid-type]
    kind: Literal["", "example", "record"] = ""
    waiting: bool = Field(False, description="only those with a defect that nobody decided about")


class ItemRow(Schema):
    position: int
    name: str
    kind: str
    path: str
    change: str
    outcome: str
    why: str


class ItemOut(ItemRow):
    source: str = Field(description="the line as it was read; empty for a Markdown file")
    text: str = Field(description="of the example that it becomes")
    problems: list[ItemProblem]


class DecisionIn(Body):
    action: Literal[MEND, KEEP, EDIT, LEAVE_OUT]  # type: ignore[valid-type]
    places: Annotated[list[Annotated[int, Field(ge=0, le=10**6)]], Field(max_length=1000)] | None = Field(
        None, description="which literal line breaks to undo, for mixed-newlines"
    )
    text: Answer = Field("", description="the whole answer, for an edit")


class GroupDecisionIn(Body):
    chosen: Id | None = Field(description="the line whose answer stays; null keeps them all")
    text: Answer = Field("", description="instead of that line's own answer")


class Decided(Schema):
    lines: int


@router.get("/imports", response=Page[JobRow], summary="List imports, newest first")
def import_list(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    found = page_of(request, response, ImportJob.objects.select_related("requested_by"), "-pk", page)
    return found | {"items": [_row(job) for job in found["items"]]}


@router.post("/imports", response={202: JobOut}, summary="Send a file to be checked")
def import_upload(
    request: ApiRequest,
    response: HttpResponse,
    file: File[UploadedFile],
    topic: Form[Literal["", *TOPICS]] = "",  # type: ignore[valid-type]
) -> Status[dict[str, Any]]:
    """Markdown (with its topic), `.zip`, `.tar.gz`, ChatML `.jsonl`. Nothing is stored until you confirm."""
    job = uploading.upload(
        name=file.name or "",
        chunks=file.chunks(),
        author=request.user,
        idempotency_key=job_key(request),
        topic=topic,
    )
    response["Location"] = reverse("api:import_get", args=[job.pk])
    return Status(202, _out(job))


@router.post("/imports/folder", response={202: JobOut}, summary="Check the server's training-data folder")
def import_folder(request: ApiRequest, response: HttpResponse) -> Status[dict[str, Any]]:
    source = settings.STUDIO_TRAINING_DATA
    job = uploading.open_job(
        kind="folder",
        name=source.name,
        source=source,
        author=request.user,
        idempotency_key=job_key(request),
    )
    response["Location"] = reverse("api:import_get", args=[job.pk])
    return Status(202, _out(job))


@router.get("/imports/{job_id}", response=JobOut, summary="Read state and report of an import")
def import_get(request: ApiRequest, job_id: Id) -> dict[str, Any]:
    return _out(_job(job_id))


@router.post("/imports/{job_id}/confirm", response={202: JobOut, 409: Problem}, summary="Import what is good")
def import_confirm(request: ApiRequest, job_id: Id) -> Status[dict[str, Any]]:
    job = _job(job_id)
    if not queueing.confirm(job):
        raise Refusal(
            "conflict", f"Import {job.pk} is {job.get_state_display()}: there is nothing to confirm."
        )
    return Status(202, _out(_job(job_id)))


@router.post("/imports/{job_id}/cancel", response={202: JobOut}, summary="Stop an import")
def import_cancel(request: ApiRequest, job_id: Id) -> Status[dict[str, Any]]:
    """At once where it waits, within seconds where it runs. What has ended stays as it is."""
    working.cancel(_job(job_id))
    return Status(202, _out(_job(job_id)))


@router.get("/imports/{job_id}/problems", response=Page[ItemProblem], summary="List what was found")
def import_problems(
    request: ApiRequest, response: HttpResponse, job_id: Id, asked: Query[ProblemFilters]
) -> dict[str, Any]:
    rows = _job(job_id).problems.select_related("item", "decided_by")
    rows = rows.filter(**{name: value for name in ("code", "severity") if (value := getattr(asked, name))})
    found = page_of(request, response, rows, "pk", asked)
    return found | {"items": [_problem_out(problem) for problem in found["items"]]}


@router.get("/imports/{job_id}/items", response=Page[ItemRow], summary="List files or lines")
def import_items(
    request: ApiRequest, response: HttpResponse, job_id: Id, asked: Query[ItemFilters]
) -> dict[str, Any]:
    rows = ImportItem.objects.filter(job=_job(job_id)).defer("source", "text")
    rows = rows.filter(**{name: value for name in ("change", "kind") if (value := getattr(asked, name))})
    return page_of(request, response, rows.waiting() if asked.waiting else rows, "position", asked)


@router.get("/imports/{job_id}/items/{position}", response=ItemOut, summary="Read a file or line")
def import_item(request: ApiRequest, job_id: Id, position: Id) -> dict[str, Any]:
    item = get_object_or_404(ImportItem, job_id=job_id, position=position)
    names = ("position", "name", "kind", "path", "change", "outcome", "why", "source", "text")
    problems = item.problems.select_related("item", "decided_by")
    return {name: getattr(item, name) for name in names} | {"problems": [_problem_out(p) for p in problems]}


@router.put(
    "/imports/{job_id}/problems/{problem_id}/decision",
    response={200: ItemProblem, 409: Problem},
    summary="Mend, keep, edit or leave out a line",
)
def import_decide(request: ApiRequest, job_id: Id, problem_id: Id, payload: DecisionIn) -> dict[str, Any]:
    mending.decide(_defect(job_id, problem_id), by=request.user, **payload.dict())
    return _problem_out(_defect(job_id, problem_id))


@router.delete(
    "/imports/{job_id}/problems/{problem_id}/decision",
    response={200: ItemProblem, 409: Problem},
    summary="Take a decision back",
)
def import_undo(request: ApiRequest, job_id: Id, problem_id: Id) -> dict[str, Any]:
    """For lines that ask the same, the decision about all of them."""
    mending.undo(_defect(job_id, problem_id))
    return _problem_out(_defect(job_id, problem_id))


@router.put(
    "/imports/{job_id}/groups/{group}/decision",
    response={200: Decided, 409: Problem},
    summary="Choose among lines that ask the same",
)
def import_choose(request: ApiRequest, job_id: Id, group: Id, payload: GroupDecisionIn) -> dict[str, int]:
    job = _job(job_id)
    lines = mending.members(job, group).count()
    if not lines:
        raise Refusal("not-found", f"No lines of import {job_id} ask what line {group} asks.")
    mending.choose(job, group, by=request.user, **payload.dict())
    return {"lines": lines}


@router.put(
    "/imports/{job_id}/mended/{code}",
    response={200: Decided, 409: Problem},
    summary="Mend all of a kind at once",
)
def import_mend_all(request: ApiRequest, job_id: Id, code: Code) -> dict[str, int]:
    """By the rule of the kind; of prompts with equal answers the first line is kept."""
    job = _job(job_id)
    if code == REPEATED_PROMPT:
        return {"lines": mending.choose_first_of_same(job, by=request.user)}
    return {"lines": mending.decide_all(job, code, by=request.user)}


@router.delete(
    "/imports/{job_id}/mended/{code}",
    response={200: Decided, 409: Problem},
    summary="Take back every decision of a kind",
)
def import_mend_none(request: ApiRequest, job_id: Id, code: Code) -> dict[str, int]:
    return {"lines": mending.undo_all(_job(job_id), code)}


def _job(job_id: int) -> ImportJob:
    return get_object_or_404(ImportJob.objects.select_related("requested_by"), pk=job_id)


def _defect(job_id: int, problem_id: int) -> ImportProblem:
    rows = ImportProblem.objects.select_related("item", "job", "decided_by").filter(severity=DEFECT)
    return get_object_or_404(rows, pk=problem_id, job_id=job_id)


def _row(job: ImportJob) -> dict[str, Any]:
    names = ("kind", "source_name", "topic", "state", "done", "total", "failure_message")
    row = {name: getattr(job, name) for name in (*names, "created_at", "finished_at")}
    return row | {"id": job.pk, "requested_by": job.requested_by.get_username()}


def _out(job: ImportJob) -> dict[str, Any]:
    checked = job.state in ("ready", "done")
    return _row(job) | {"skipped": job.skipped, "report": reporting.report_of(job) if checked else None}


def _problem_out(problem: ImportProblem) -> dict[str, Any]:
    names = ("line", "code", "severity", "message", "suggestion", "group", "action")
    return {name: getattr(problem, name) for name in names} | {
        "id": problem.pk,
        "item": problem.item.position,
        "name": problem.item.name,
        "decided_by": username(problem.decided_by),
    }
