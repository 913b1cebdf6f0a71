"""What people decide about files that were changed in their folder and in the studio; each can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from curation.domain import markdown
from curation.domain.merging import Piece, merge
from curation.domain.problems import Problem
from curation.domain.reconciling import BOTH_CHANGED
from curation.models import Example, ImportItem, ImportJob, ImportProblem, Revision
from curation.models.imports import EDIT, LEAVE_OUT, OPEN, TAKE, WARNING
from curation.services import advising, auditing, authoring, converting, mending
from curation.services.mending import DecisionRefused


@dataclass(frozen=True)
class Conflict:
    """One file and the studio's text of its path. `base` is None where the studio never had that text."""

    problem: ImportProblem
    example: Example
    base: Revision | None
    studio: Revision
    file: str
    pieces: tuple[Piece, ...]


class MergeRefused(DecisionRefused):
    """The merged text has errors; nothing was decided."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The merged text has errors: mend them first.")
        self.problems = tuple(problems)


def conflicts(job: ImportJob) -> QuerySet[ImportProblem]:
    """In the order of the source."""
    rows = job.problems.filter(code=BOTH_CHANGED).select_related("item", "job", "decided_by")
    return rows.order_by("pk")


def conflict_of(problem: ImportProblem) -> Conflict:
    item = problem.item
    example = Example.objects.get(path=item.path)
    revisions = example.revisions.select_related("author").order_by("-number")
    base = revisions.filter(content_hash=item.exported_hash).first()
    studio = revisions[0]
    pieces = merge(base.text if base else None, studio.text, item.file_text)
    return Conflict(problem, example, base, studio, item.file_text, pieces)


@transaction.atomic
def decide(problem: ImportProblem, *, action: str, by: User, studio_hash: str, text: str = "") -> None:
    """Take the file, leave it out and so keep the studio's text, or take a merged text.

    Args:
        action: TAKE, LEAVE_OUT or EDIT.
        studio_hash: content_hash of the studio's text that was on the screen.
        text: The merged text, for EDIT.

    Raises:
        MergeRefused: The merged text has errors.
        DecisionRefused: It is imported already, or somebody saved the example since.
    """
    item = _open_item(problem)
    present = Example.objects.values_list("content_hash", flat=True).get(path=item.path)
    if present != studio_hash:
        raise DecisionRefused(
            f"Somebody saved {item.path} after you opened this page. Look at the studio's new text first."
        )
    if action == LEAVE_OUT:
        item.change = "left_out"
    elif action in (TAKE, EDIT):
        item.change = "changed"
        item.base_hash = studio_hash
        _set_text(item, item.file_text if action == TAKE else text)
    else:
        raise DecisionRefused("Choose what to do with this file.")
    item.save()
    problem.action, problem.decided_by, problem.decided_at = action, by, timezone.now()
    problem.text = item.text if action == EDIT else ""
    problem.save()
    auditing.record(
        actor=by,
        action="import.reconcile",
        subject=problem.job,
        path=item.path,
        decision=action,
        file=markdown.content_hash(item.file_text),
        studio=studio_hash,
    )


@transaction.atomic
def undo(problem: ImportProblem, *, by: User) -> None:
    """Take a decision back that is not imported yet.

    Raises:
        DecisionRefused
    """
    item = _open_item(problem)
    undone = problem.action
    problem.action, problem.text, problem.decided_by, problem.decided_at = OPEN, "", None, None
    problem.save()
    item.change = "conflict"
    _set_text(item, item.file_text)
    item.save()
    auditing.record(actor=by, action="import.reopen", subject=problem.job, path=item.path, decision=undone)


def _open_item(problem: ImportProblem) -> ImportItem:
    mending.lock_for_decision(problem.job)
    item = ImportItem.objects.get(pk=problem.item_id)
    if item.outcome:
        raise DecisionRefused("It is imported already: change the example instead.")
    return item


def _set_text(item: ImportItem, text: str) -> None:
    """Let all that follows from the text be what the check would have written."""
    checked = authoring.read(text.replace("\r\n", "\n").encode("utf-8", "replace"), path=item.path)
    if checked.doc is None or not checked.ok:
        raise MergeRefused(checked.problems)
    findings = authoring.findings(checked.doc)
    item.text = checked.doc.text
    item.content_hash = markdown.content_hash(checked.doc.text)
    item.meta = converting.meta_of(checked.doc, findings, warnings=len(checked.problems))
    notes = [*checked.problems, *advising.advice(checked.doc, findings)]
    mending.notes_now(item, list(item.problems.filter(severity=WARNING)), authoring.sorted_by_line(notes))
