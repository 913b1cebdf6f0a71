"""Test tasks: writing and reading them, the totals and the looks of the holdout, and the frozen sets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpResponse
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api import etags
from curation.api.examples import EditIn, ExampleOut, ExampleRow, Note, Path, Text, refused_text, row_of
from curation.api.examples import example_out as with_text
from curation.api.problems import Problem
from curation.api.reports import Gate
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, ByText, Id, Page, page_of, username
from curation.domain.labelling import IMPORT
from curation.domain.tasks import HOLDOUT, MARKS, POOLS, PROGRAM, Change
from curation.models import Example, TaskSet
from curation.services import authoring, looking, posing
from curation.services.snapshotting import MAX_NAME, NAME
from training.services import assembling

router = Router(tags=["test tasks"])
MOST_LOOKS = 50
Mark = Literal[*MARKS]  # type: ignore[valid-type]
Pool = Literal[*POOLS]  # type: ignore[valid-type]


class TaskRow(ExampleRow):
    pool: str
    mark: str = Field(description="what the checker has to say about the right answer")


class TaskOut(ExampleOut, TaskRow):
    pass


class TaskIn(Body):
    pool: Pool
    path: Path = Field(examples=["triage/leap-year.md"])
    text: Text = Field(description="the whole file; its code is the right answer")
    mark: Mark = PROGRAM
    note: Note = ""


class MarkIn(Body):
    mark: Mark


class LookIn(Body):
    why: Annotated[
        str, StringConstraints(pattern=PLAIN, strip_whitespace=True, min_length=1, max_length=300)
    ] = Field(description="everybody sees it")


class Total(Schema):
    generations: list[str]
    type: str
    topic: str
    tasks: int
    approved: int


class Look(Schema):
    at: datetime
    actor: str | None
    why: str


class HoldoutOut(Schema):
    totals: list[Total]
    looks: int
    people: int
    tasks_read: int
    newest: list[Look]


class SetChange(Schema):
    pool: str
    tasks: int
    added: int
    removed: int
    edited: int
    marked: int


class TaskSetOut(Schema):
    id: int
    name: str
    digest: str
    created_by: str | None = Field(description="null: shipped with the studio")
    created_at: datetime


class TaskPlanOut(Schema):
    digest: str
    may_freeze: bool
    present: str | None = Field(description="the set that holds exactly these tasks")
    changes: list[SetChange] = Field(description="since the newest set")
    gates: list[Gate]


class TaskSetIn(Body):
    name: Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$", max_length=MAX_NAME)] = Field(
        examples=["tasks-2"]
    )


@router.get("/tasks", response=Page[TaskRow], summary="List the triage pool")
def task_list(request: ApiRequest, response: HttpResponse, page: Query[ByText]) -> dict[str, Any]:
    found = page_of(request, response, posing.triage(), "path", page)
    return found | {"items": [_row(task) for task in found["items"]]}


@router.get("/holdout", response=HoldoutOut, summary="Read the totals of the holdout, and who looked")
def holdout_get(request: ApiRequest) -> dict[str, Any]:
    counted = looking.counted()
    return {
        "totals": [vars(total) for total in posing.totals(HOLDOUT).kinds],
        "looks": counted.looks,
        "people": counted.people,
        "tasks_read": counted.tasks,
        "newest": [
            {"at": entry.at, "actor": username(entry.actor), "why": entry.detail["why"]}
            for entry in looking.newest(MOST_LOOKS)
        ],
    }


@router.post(
    "/tasks",
    response={201: TaskOut, 200: TaskOut, 404: Problem, 409: Problem},
    summary="Write a new test task",
)
def task_create(request: ApiRequest, response: HttpResponse, payload: TaskIn) -> Status[TaskOut]:
    """Somebody else reviews it. 200: you wrote exactly this text under this path already."""
    saved = authoring.write(
        author=request.user,
        path=payload.path,
        text=payload.text,
        base_hash="",
        note=payload.note,
        labelled=IMPORT,
        pool=payload.pool,
        mark=payload.mark,
    )
    if not saved.ok:
        raise refused_text(saved)
    assert saved.example
    task = _opened(request, saved.example.pk)
    response["Location"] = reverse("api:task_get", args=[task.pk])
    return Status(201 if saved.revision else 200, _out(task))


@router.get("/tasks/{task_id}", response={200: TaskOut, 304: None}, summary="Read a test task")
def task_get(request: ApiRequest, response: HttpResponse, task_id: Id) -> Any:
    """Of the triage pool, or one of the holdout that you wrote; that look is logged."""
    body = _out(_opened(request, task_id))
    return etags.answer(request, response, body, body.content_hash)


@router.put(
    "/tasks/{task_id}",
    response={200: TaskOut, 409: Problem, 428: Problem},
    summary="Write the next revision of a test task",
)
def task_edit(request: ApiRequest, response: HttpResponse, task_id: Id, payload: EditIn) -> Any:
    task = _opened(request, task_id)
    saved = authoring.write(
        author=request.user,
        path=task.path,
        text=payload.text,
        base_hash=etags.seen_hash(request, task),
        note=payload.note,
        labelled=IMPORT,
        pool=task.pool,
    )
    if not saved.ok:
        raise refused_text(saved)
    body = _out(task)
    return etags.answer(request, response, body, body.content_hash)


@router.put(
    "/tasks/{task_id}/mark",
    response={200: TaskRow, 409: Problem},
    summary="Say what the right answer of a test task is",
)
def task_mark(request: ApiRequest, task_id: Id, payload: MarkIn) -> dict[str, Any]:
    """Of an approved task it is for maintainers."""
    task = _opened(request, task_id)
    posing.mark(task=task, mark=payload.mark, by=request.user)
    task.refresh_from_db(fields=["mark"])
    return _row(task)


@router.post("/tasks/{task_id}/look", response=TaskOut, summary="Read a task of the holdout, with a reason")
def task_look(request: ApiRequest, task_id: Id, payload: LookIn) -> TaskOut:
    """Each look is logged, and everybody sees the log."""
    try:
        return _out(looking.with_reason(request.user, example_id=task_id, why=payload.why))
    except Example.DoesNotExist as error:
        raise Http404(f"There is no task {task_id} in the holdout.") from error


@router.get("/task-sets", response=Page[TaskSetOut], summary="List the frozen task sets, newest first")
def task_set_list(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    rows = TaskSet.objects.select_related("created_by").defer("report")
    found = page_of(request, response, rows, "-pk", page)
    return found | {"items": [_set(task_set) for task_set in found["items"]]}


@router.get("/task-plan", response=TaskPlanOut, summary="What freezing a task set now would give")
def task_plan(request: ApiRequest) -> dict[str, Any]:
    plan = assembling.plan()
    return {
        "digest": plan.digest,
        "may_freeze": not plan.gates.blocking,
        "present": plan.present.name if plan.present else None,
        "changes": [_change(change) for change in plan.changes],
        "gates": plan.gates.as_list(),
    }


@router.post(
    "/task-sets",
    response={201: TaskSetOut, 200: TaskSetOut, 409: Problem},
    summary="Freeze all approved tasks into a set",
)
def task_set_freeze(request: ApiRequest, payload: TaskSetIn) -> Status[dict[str, Any]]:
    """200: a set holds exactly these tasks already, and is given."""
    newest = TaskSet.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    frozen = assembling.freeze(name=payload.name, author=request.user)
    return Status(201 if frozen.pk > newest else 200, _set(frozen))


def _opened(request: ApiRequest, task_id: int) -> Example:
    """A task that the owner of the token may read; the look at one of the holdout is noted."""
    try:
        task = looking.opened(request.user, task_id, why="read by the API")
    except Example.DoesNotExist as error:
        raise Http404(f"There is no task {task_id}.") from error
    if not task.pool:
        raise Http404(f"There is no task {task_id}: that is an example.")
    return task


def _row(task: Example) -> dict[str, Any]:
    return row_of(task) | {"pool": task.pool, "mark": task.mark}


def _out(task: Example) -> TaskOut:
    whole = with_text(task.pk, Example.everything.all())
    return TaskOut(**whole.model_dump(), pool=task.pool, mark=task.mark)


def _set(task_set: TaskSet) -> dict[str, Any]:
    row = {name: getattr(task_set, name) for name in ("name", "digest", "created_at")}
    return row | {"id": task_set.pk, "created_by": username(task_set.created_by)}


def _change(change: Change) -> dict[str, Any]:
    return vars(change)
