"""Planning what a Markdown file would become, and what a new studio starts with: examples, corpus, tasks.

Whatever people bring goes through an import job (queueing, checking, storing), which plans by `plan_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain import corpus, markdown, tasks
from curation.domain.labelling import IMPORT
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import Problem, has_errors
from curation.models import CorpusProgram, Example, Task, TaskSet
from curation.services import advising, auditing, authoring, comparing, gathering, posing, source_files

Change = Literal["new", "changed", "unchanged", "refused"]


@dataclass(frozen=True)
class PlannedFile:
    """`doc` is None exactly when the file is refused; `findings` are those of the offline check.

    `warnings` counts what the file itself gives cause for; `problems` hold them, and advice about its code.
    """

    path: str
    doc: ExampleDoc | None
    problems: tuple[Problem, ...]
    change: Change
    findings: tuple[dict[str, Any], ...] = ()
    warnings: int = 0


@dataclass(frozen=True)
class ImportPlan:
    files: tuple[PlannedFile, ...]

    def count(self, change: Change) -> int:
        return sum(file.change == change for file in self.files)

    @property
    def problems(self) -> list[Problem]:
        return [problem for file in self.files for problem in file.problems]


@dataclass(frozen=True)
class ImportResult:
    created: int
    changed: int
    unchanged: int
    refused: int
    problems: tuple[Problem, ...]


class TasksRefused(Exception):
    """Some held-out task has errors. A test with holes is no test, so no task set was written."""

    def __init__(self, problems: list[Problem]) -> None:
        first = next(problem for problem in problems if problem.severity == "error")
        files = len({problem.file for problem in problems})
        super().__init__(f"tasks/{first} ({files} task files have problems; no test task was imported.)")
        self.problems = problems


def plan_import(root: Path) -> ImportPlan:
    """Say what importing `root` would do, with all problems of all files; writes nothing.

    Raises:
        source_files.FolderRefused: There is no such folder or file.
    """
    known = dict(Example.objects.values_list("path", "content_hash"))
    return ImportPlan(tuple(plan_file(file, known) for file in source_files.read_examples(root)))


def plan_file(file: source_files.SourceFile, known: Mapping[str, str]) -> PlannedFile:
    """What importing this file would do. `known`: path -> content hash of each example."""
    if file.data is None:
        return PlannedFile(file.path, None, file.problems, "refused")
    checked = authoring.read(file.data, path=file.path)
    if checked.doc is None or not checked.ok:
        return PlannedFile(file.path, None, checked.problems, "refused")
    change: Change = "new"
    if file.path in known:
        same = known[file.path] == markdown.content_hash(checked.text)
        change = "unchanged" if same else "changed"
    findings = authoring.findings(checked.doc)
    problems = authoring.sorted_by_line([*checked.problems, *advising.advice(checked.doc, findings)])
    return PlannedFile(
        file.path, checked.doc, tuple(problems), change, tuple(findings), len(checked.problems)
    )


@transaction.atomic
def run_import(plan: ImportPlan, *, author: User, note: str = "") -> ImportResult:
    """Write the files of a plan that have no errors: one new revision a changed text, all of them or none.

    For seeding, which runs before there is a worker to carry out a job.
    """
    created = changed = unchanged = 0
    for file in plan.files:
        if file.change == "unchanged":
            unchanged += 1
            continue
        if file.doc is None:
            continue
        _, revision = authoring.store(
            author=author,
            path=file.path,
            doc=file.doc,
            text=file.doc.text,
            note=note,
            said=list(file.findings),
            warnings=file.warnings,
            labelled=IMPORT,
        )
        if revision is None:  # somebody saved the same text since the plan was made
            unchanged += 1
        elif revision.parent is None:
            created += 1
        else:
            changed += 1
    if created or changed:
        comparing.wake_when_saved()
        auditing.record(
            actor=author, action="import.seed", created=created, changed=changed, unchanged=unchanged
        )
    return ImportResult(created, changed, unchanged, plan.count("refused"), tuple(plan.problems))


def import_corpus(root: Path, *, licence: str = "", source: str = "") -> int:
    """Read root/corpus/**, the raw programs for stage 1. Returns how many are new or changed.

    A file that is gone from the folder stays in the studio: importing never removes. What a person said of a
    program, or of its text, stands.

    Raises:
        gathering.CorpusRefused: A file cannot be a program; the message names each, and none was written.
    """
    told = set(CorpusProgram.objects.filter(head__author__isnull=False).values_list("path", flat=True))
    files = source_files.read_tree(root / "corpus", corpus.SUFFIXES)
    mine = [file for file in files if file.path not in told]
    terms = gathering.Terms(licence, source)
    return sum(file.is_written for file in gathering.add(mine, terms, author=None, whole=True).files)


@dataclass(frozen=True)
class TaskFile:
    """One file of root/tasks/ without errors."""

    path: str  # "holdout/leap-year.md"
    pool: str
    text: str
    doc: ExampleDoc

    @property
    def member(self) -> tasks.Member:
        return tasks.Member(self.pool, self.path, markdown.content_hash(self.text))


@transaction.atomic
def import_tasks(root: Path) -> TaskSet | None:
    """The set of the tasks shipped in root/tasks/{holdout,triage}/*.md; the same tasks give the same set.

    Once somebody froze a set of their own, the newest one is returned and none is written. None when there
    are no task files.

    Raises:
        TasksRefused: A task has errors; nothing was written.
    """
    files = read_tasks(root)
    if not files:
        return None
    digest = tasks.digest(file.member for file in files)
    if present := TaskSet.objects.filter(digest=digest).first():
        return present
    newest = posing.newest_set()
    if newest and newest.created_by_id:
        return newest
    task_set = TaskSet.objects.create(name=f"tasks-{TaskSet.objects.count() + 1}", digest=digest)
    Task.objects.bulk_create(
        Task(
            task_set=task_set,
            path=file.path,
            pool=file.pool,
            text=file.text,
            content_hash=file.member.content_hash,
        )
        for file in files
    )
    auditing.record(actor=None, action="import.tasks", subject=task_set, digest=digest, tasks=len(files))
    return task_set


@transaction.atomic
def import_task_examples(root: Path, *, author: User) -> int:
    """Bring the shipped test tasks in as rows that people can review and edit. Returns how many are written.

    A text that anybody but `author` wrote stays as it is.

    Raises:
        TasksRefused: A task has errors; nothing was written.
    """
    files = read_tasks(root)
    writers = dict(
        Example.everything.filter(path__in=[file.path for file in files]).values_list("path", "written_by")
    )
    written = 0
    for file in files:
        if writers.get(file.path, author.pk) == author.pk:
            warnings = len(authoring.read(file.text.encode(), path=file.path, pool=file.pool).problems)
            _, revision = authoring.store(
                author=author,
                path=file.path,
                doc=file.doc,
                text=file.text,
                note="shipped with the studio",
                warnings=warnings,
                labelled=IMPORT,
                pool=file.pool,
            )
            written += revision is not None
    if written:
        auditing.record(actor=author, action="import.task_examples", tasks=written)
    return written


def read_tasks(root: Path) -> list[TaskFile]:
    """Every test task below root/tasks/, in the order of pools and paths.

    Raises:
        TasksRefused: with all problems of all files.
    """
    files: list[TaskFile] = []
    problems: list[Problem] = []
    for pool in tasks.POOLS:
        for file in source_files.read_tree(root / "tasks" / pool, ".md"):
            path = f"{pool}/{file.path}"
            doc, found = _task_doc(file, path)
            problems += found
            if doc is not None:
                files.append(TaskFile(path, pool, doc.text, doc))
    if has_errors(problems):
        raise TasksRefused(problems)
    return files


def _task_doc(file: source_files.SourceFile, path: str) -> tuple[ExampleDoc | None, list[Problem]]:
    if file.data is None:
        return None, list(file.problems)
    text, problems = markdown.decode(file.data, path=path)
    if text is None:
        return None, problems
    parsed = markdown.parse(text, path=path)
    problems += [problem for problem in parsed.problems if problem.severity == "error"]
    if parsed.doc and parsed.doc.type not in tasks.TASK_TYPES:
        message = (
            f'type: "{parsed.doc.type}" has no code to judge; a task is {" or ".join(tasks.TASK_TYPES)}.'
        )
        problems.append(Problem(path, 0, "task-type", "error", message, "Write type: completion."))
    return (None if has_errors(problems) else parsed.doc), problems
