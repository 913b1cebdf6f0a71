"""What people decide about defects. An answer follows from its line and the decisions; each can be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from curation.domain import chat_rows, defects
from curation.domain.chat_rows import ChatRow
from curation.domain.problems import Problem
from curation.domain.reconciling import BOTH_CHANGED
from curation.models import ImportItem, ImportJob, ImportProblem
from curation.models.imports import DEFECT, EDIT, KEEP, LEAVE_OUT, MEND, OPEN, WARNING
from curation.services import auditing, checking, converting

MAX_ANSWER = 256 * 1024  # characters
DECIDING_STATES = ("ready", "done")


class DecisionRefused(Exception):
    """Nothing was decided; the message is for the person who tried."""


def row_of(item: ImportItem) -> ChatRow:
    """The line with what was decided about its answer."""
    return rows_of([item])[0]


def rows_of(items: Sequence[ImportItem]) -> list[ChatRow]:
    """The same for many lines of ChatML, with one query."""
    decisions: dict[int, list[ImportProblem]] = defaultdict(list)
    for made in ImportProblem.objects.filter(item__in=items, severity=DEFECT).exclude(action=OPEN):
        decisions[made.item_id].append(made)
    return [decided(original(item), decisions[item.pk]) for item in items]


def original(item: ImportItem) -> ChatRow:
    read = chat_rows.read_row(item.source.encode(), file=item.name, line=item.position)
    assert read.row is not None  # only lines that were read have defects
    return read.row


def decided(row: ChatRow, decisions: Iterable[ImportProblem]) -> ChatRow:
    """The row after these decisions, in the order in which they were made."""
    answer = row.answer
    for decision in sorted(decisions, key=lambda made: (made.decided_at, made.pk)):
        if decision.action == EDIT:
            answer = decision.text
        elif decision.action == MEND:
            answer = defects.mend(decision.code, answer, places=decision.places) or answer
    return replace(row, answer=answer)


def preview(problem: ImportProblem, places: Sequence[int] | None = None) -> str | None:
    """The answer as mending this defect would leave it; None when no rule can mend it."""
    row = row_of(problem.item)
    if problem.action == MEND:
        return row.answer
    return defects.mend(problem.code, row.answer, places=places)


@transaction.atomic
def decide(
    problem: ImportProblem,
    *,
    action: str,
    by: User,
    places: Sequence[int] | None = None,
    text: str = "",
) -> None:
    """Mend, keep, edit or leave out one line because of one defect.

    Args:
        places: For mixed-newlines: which literal line breaks to undo.
        text: The whole answer, for an edit.

    Raises:
        DecisionRefused
    """
    lock_for_decision(problem.job)
    _of_a_line(problem)
    if problem.group:
        raise DecisionRefused("Lines that ask the same are decided together.")
    if action == problem.action != EDIT:
        return  # a key pressed twice
    if action == MEND and not defects.mend(problem.code, row_of(problem.item).answer, places=places):
        raise DecisionRefused(
            "No rule mends this one, or there is nothing left to mend: edit it, or keep it."
        )
    before = problem.action
    _set(problem, action, by, places=places, text=_answer(text) if action == EDIT else "")
    _rebuild([problem.item])
    auditing.record(
        actor=by,
        action=f"defect.{action}",
        subject=problem.job,
        problem=problem.pk,
        line=problem.item.position,
        code=problem.code,
        before=before,
        places=problem.places,
    )


@transaction.atomic
def decide_all(job: ImportJob, code: str, *, by: User) -> int:
    """Mend every line that still waits because of this defect by its rule. Returns how many."""
    lock_for_decision(job)
    if code not in MENDABLE_ALIKE:
        raise DecisionRefused("These cannot be mended all alike: look at each.")
    waiting = job.problems.filter(code=code, severity=DEFECT, action=OPEN).select_related("item", "job")
    mended = [problem for problem in waiting if defects.mend(code, row_of(problem.item).answer)]
    for problem in mended:
        _set(problem, MEND, by)
    _rebuild([problem.item for problem in mended])
    auditing.record(actor=by, action="defect.mend_all", subject=job, code=code, lines=len(mended))
    return len(mended)


MENDABLE_ALIKE = ("escaped-newlines", "code-without-fence", "fence-without-tag", "quoted-code")


@transaction.atomic
def choose(job: ImportJob, group: int, *, chosen: int | None, by: User, text: str = "") -> None:
    """Decide about the lines that ask the same.

    Args:
        group: The first of the lines.
        chosen: The line whose answer stays, the others are left out; None keeps them all.
        text: The answer that the chosen line gets instead of its own, where they are merged.

    Raises:
        DecisionRefused
    """
    lock_for_decision(job)
    problems = list(members(job, group))
    if chosen is not None and chosen not in [problem.item.position for problem in problems]:
        raise DecisionRefused("That line is not one of them.")
    for problem in problems:
        if chosen is None or (problem.item.position == chosen and not text):
            _set(problem, KEEP, by)
        elif problem.item.position == chosen:
            _set(problem, EDIT, by, text=_answer(text))
        else:
            _set(problem, LEAVE_OUT, by)
    _rebuild([problem.item for problem in problems])
    auditing.record(actor=by, action="defect.choose", subject=job, group=group, chosen=chosen)


@transaction.atomic
def choose_first_of_same(job: ImportJob, *, by: User) -> int:
    """Of each group whose answers are all the same keep the first line. Returns how many groups."""
    lock_for_decision(job)
    waiting = job.problems.filter(code=defects.REPEATED_PROMPT, action=OPEN, conflicting=False)
    problems = list(waiting.select_related("item", "job"))
    for problem in problems:
        _set(problem, KEEP if problem.item.position == problem.group else LEAVE_OUT, by)
    _rebuild([problem.item for problem in problems])
    groups = len({problem.group for problem in problems})
    auditing.record(actor=by, action="defect.choose_first", subject=job, groups=groups)
    return groups


@transaction.atomic
def undo(problem: ImportProblem) -> None:
    """Take a decision back; for a repeated prompt those about all its lines."""
    lock_for_decision(problem.job)
    _of_a_line(problem)
    problems = list(members(problem.job, problem.group)) if problem.group else [problem]
    if any(each.item.outcome for each in problems):
        raise DecisionRefused("It is imported already: change the example instead.")
    _reopen(problems)


@transaction.atomic
def undo_all(job: ImportJob, code: str) -> int:
    """Take back every decision about this defect whose line is not imported yet. Returns how many lines."""
    lock_for_decision(job)
    rows = job.problems.filter(code=code, severity=DEFECT).exclude(action=OPEN)
    imported = rows.exclude(item__outcome="").exclude(group=0).values_list("group", flat=True)
    problems = list(
        rows.filter(item__outcome="").exclude(group__in=set(imported)).select_related("item", "job")
    )
    _reopen(problems)
    return len(problems)


def members(job: ImportJob, group: int) -> QuerySet[ImportProblem]:
    """The repeated-prompt rows of one group, in the order of lines."""
    rows = job.problems.filter(code=defects.REPEATED_PROMPT, group=group)
    return rows.select_related("item", "job", "decided_by").order_by("item__position")


def _reopen(problems: Sequence[ImportProblem]) -> None:
    for each in problems:
        each.action, each.places, each.text, each.decided_by, each.decided_at = OPEN, None, "", None, None
        each.save()
    _rebuild([each.item for each in problems])


def lock_for_decision(job: ImportJob) -> None:
    """The job's row is locked, so that no import starts between a decision and what follows from it."""
    if ImportJob.objects.select_for_update().get(pk=job.pk).state not in DECIDING_STATES:
        raise DecisionRefused("This import is not waiting for decisions now. Reload the page.")


def _of_a_line(problem: ImportProblem) -> None:
    if problem.code == BOTH_CHANGED:
        raise DecisionRefused("A file that was changed on both sides is taken, left out, or merged.")


def _answer(text: str) -> str:
    text = text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise DecisionRefused("The answer is empty. Write one, or leave the line out.")
    if len(text) > MAX_ANSWER:
        raise DecisionRefused(f"The answer has {len(text):,} characters; {MAX_ANSWER:,} are stored.")
    if problem := next(iter(chat_rows.check_characters(text, "")), None):
        raise DecisionRefused(f"Line {problem.line}: {problem.message} {problem.suggestion}")
    return text


def _set(
    problem: ImportProblem, action: str, by: User, *, places: Sequence[int] | None = None, text: str = ""
) -> None:
    if problem.item.outcome:
        raise DecisionRefused("It is imported already: change the example instead.")
    problem.action, problem.decided_by, problem.decided_at = action, by, timezone.now()
    problem.places, problem.text = (None if places is None else list(places)), text
    problem.save()


def _rebuild(items: Sequence[ImportItem]) -> None:
    """Let each item follow from its decisions: its text, and the defects and notes that it has now."""
    for item in items:
        rows = list(item.problems.all())
        decisions = [row for row in rows if row.severity == DEFECT and row.action != OPEN]
        row = decided(original(item), decisions)
        planned = converting.plan_row(row, file=item.name)
        for name, value in planned.fields().items():
            setattr(item, name, value)
        if any(decision.action == LEAVE_OUT for decision in decisions):
            item.change = "left_out"
        item.save()
        _defects_now(item, rows, [] if item.change == "left_out" else defects.defects(row.answer))
        notes_now(item, rows, planned.problems)


def _defects_now(item: ImportItem, rows: Sequence[ImportProblem], found: Sequence[str]) -> None:
    """Mending one defect may uncover another, or mend it too."""
    present = {row.code for row in rows if row.severity == DEFECT}
    gone = [
        row.pk
        for row in rows
        if row.severity == DEFECT and row.action == OPEN and row.code not in (*found, defects.REPEATED_PROMPT)
    ]
    ImportProblem.objects.filter(pk__in=gone).delete()
    ImportProblem.objects.bulk_create(
        checking.defect_row(item, code) for code in found if code not in present
    )


def notes_now(item: ImportItem, rows: Sequence[ImportProblem], notes: Iterable[Problem]) -> None:
    """The warnings of an item become those of its present text."""
    stale = [row.pk for row in rows if row.severity == WARNING and not row.code.startswith("normalised-")]
    ImportProblem.objects.filter(pk__in=stale).delete()
    ImportProblem.objects.bulk_create(checking.problem_row(item, note) for note in notes)
