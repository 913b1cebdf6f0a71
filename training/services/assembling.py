"""Freezing all approved test tasks into the next set, unless something would spoil the scores on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain import chatml, markdown, tasks
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import has_errors
from curation.domain.tasks import FRAGMENT, MEANT_TO_FAIL, Change, Member
from curation.models import Example, Task, TaskSet
from curation.services import (
    auditing,
    clustering,
    deduplicating,
    examining,
    gating,
    leaks,
    posing,
    selecting,
    standing,
)
from curation.services.deduplicating import Compared
from curation.services.gating import Gate, GateReport
from curation.services.selecting import Chosen
from curation.services.snapshotting import MAX_NAME, NAME, NAME_RULE
from training.adapters import checker as checkers
from training.adapters.checker import Checker, Verdict
from training.domain.marks import is_right

TRIES = 3


class FreezeRefused(Exception):
    """No set was frozen; the message says why and what to do."""


class NameTaken(FreezeRefused):
    """Another set has this name."""


@dataclass(frozen=True)
class TaskPlan:
    """What freezing now would give. Reading only."""

    tasks: tuple[Example, ...]
    digest: str
    gates: GateReport
    changes: list[Change]  # since the newest set
    present: TaskSet | None  # a set that holds exactly this


def plan() -> TaskPlan:
    """Look at all approved tasks of both pools."""
    chosen = _approved()
    members = _members(chosen)
    docs, broken = _docs(chosen)
    items = [deduplicating.compared_example(doc, markdown.content_hash(doc.text)) for doc in docs.values()]
    marks = {task.path: task.mark for task in chosen}
    gates = (
        _not_empty(len(chosen), posing.tasks().filter(status="needs_review").count()),
        gating.readable([f"{path}: {error}" for path, error in sorted(broken.items())]),
        gating.trainable([said for doc in docs.values() for said in examining.untrainable(doc)]),
        gating.no_control_tokens(
            [said for doc in docs.values() for said in examining.control_tokens(doc.path, doc.text)]
        ),
        gold_answers(checkers.choose(), docs, marks),
        _apart(items),
        _unseen(items),
    )
    newest = posing.newest_set()
    digest = tasks.digest(members)
    return TaskPlan(
        tuple(chosen),
        digest,
        GateReport(gates),
        tasks.changes(posing.members_of(newest) if newest else [], members),
        TaskSet.objects.filter(digest=digest).first(),
    )


def freeze(*, name: str, author: User) -> TaskSet:
    """Freeze every approved task as `name`; the same content gives the set that holds it.

    Raises:
        NameTaken, FreezeRefused: nothing was written.
    """
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise FreezeRefused(f'The name "{name[:MAX_NAME]}" cannot be used. {NAME_RULE}')
    standing.refresh(posing.tasks().values_list("pk", flat=True))  # the column is an index to the reviews
    for _ in range(TRIES):
        planned = plan()
        if planned.present:
            return planned.present
        if blocking := planned.gates.blocking:
            named = "; ".join(blocking[0].offenders[:3])
            raise FreezeRefused(f"{blocking[0].finding} {named}".strip())
        with transaction.atomic():
            if tasks.digest(_members(_approved())) != planned.digest:
                continue  # somebody approved, edited or marked a task meanwhile: look again
            if TaskSet.objects.filter(name=name).exists():
                raise NameTaken(f'There is a task set "{name}" with other content. Choose another name.')
            return _write(planned, name, author)
    raise FreezeRefused("Tasks kept changing while the set was made. Try again in a moment.")


def _write(planned: TaskPlan, name: str, author: User) -> TaskSet:
    task_set = TaskSet.objects.create(
        name=name, digest=planned.digest, report={"gates": planned.gates.as_list()}, created_by=author
    )
    Task.objects.bulk_create(
        Task(
            task_set=task_set,
            path=task.path,
            pool=task.pool,
            mark=task.mark,
            text=task.head.text,
            content_hash=task.content_hash,
        )
        for task in planned.tasks
        if task.head
    )
    counts: dict[str, Any] = {change.pool: change.tasks for change in planned.changes}
    auditing.record(actor=author, action="task_set.freeze", subject=task_set, digest=planned.digest, **counts)
    return task_set


def _approved() -> list[Example]:
    return [task for task in posing.tasks().approved().select_related("head") if task.head]


def _members(chosen: Sequence[Example]) -> list[Member]:
    return [Member(task.pool, task.path, task.content_hash, task.mark) for task in chosen]


def _docs(chosen: Sequence[Example]) -> tuple[dict[str, ExampleDoc], dict[str, str]]:
    """The tasks as read today, and the first error of each that today's rules refuse, by path."""
    docs: dict[str, ExampleDoc] = {}
    broken: dict[str, str] = {}
    for task in chosen:
        assert task.head
        parsed = markdown.parse(task.head.text, path=task.path)
        if parsed.doc and not has_errors(parsed.problems):
            docs[task.path] = parsed.doc
        else:
            broken[task.path] = next(str(p) for p in parsed.problems if p.severity == "error")
    return docs, broken


def _not_empty(approved: int, waiting: int) -> Gate:
    finding = f"{approved} approved tasks."
    if not approved:
        finding = f"No test task is approved, and {waiting} wait for review."
    return Gate("not-empty", "There is something to freeze", approved > 0, True, finding)


def gold_answers(checker: Checker, docs: dict[str, ExampleDoc], marks: dict[str, str]) -> Gate:
    """The right answer of a program is accepted, and of one that is meant to fail refused.

    A task whose own answer does not come out right measures nothing. What the checker says may quote a line,
    so of the holdout only that it went wrong is told.
    """
    asked = {path: doc for path, doc in docs.items() if marks[path] != FRAGMENT}
    verdicts = dict(zip(asked, _judged(checker, list(asked.values())), strict=True))
    wrong = [
        f"{path}: {_wrong(verdict, marks[path], tasks.pool_of(path))}"
        for path, verdict in verdicts.items()
        if not is_right(marks[path], verdict.outcome)
    ]
    unjudged = sum(verdict.outcome == "infrastructure" for verdict in verdicts.values())
    fragments = len(docs) - len(asked)
    by = f"the {checker.name}" if checker.name != "bbjcpl" else checker.build()
    finding = f"{len(asked)} right answers came out right, by {by}."
    if unjudged:
        finding = f"{unjudged} right answers could not be judged by {by}. Mend the checker first."
    elif wrong:
        finding = f"{len(wrong)} of {len(asked)} right answers came out wrong, by {by}. Mend or re-mark them."
    if fragments:
        finding += f" {fragments} fragments are not checked, and in no score."
    return Gate("gold", "Right answers", not wrong, True, finding, tuple(wrong))


def _judged(checker: Checker, docs: Sequence[ExampleDoc]) -> list[Verdict]:
    return checker.check_many([chatml.gold_code(doc) for doc in docs]) if docs else []


def _wrong(verdict: Verdict, mark: str, pool: str) -> str:
    if verdict.outcome == "infrastructure":
        return "could not be judged"
    said = "accepted, and meant to fail" if mark == MEANT_TO_FAIL else "refused"
    line = verdict.output.strip().partition("\n")[0][:200] if pool == tasks.TRIAGE else ""
    return f"{said}: {line}" if line else said


def _apart(items: Sequence[Compared]) -> Gate:
    """Two tasks alike count one thing twice, and a triage task alike to a locked one gives it away."""
    near = deduplicating.near_pairs(items)
    offenders = tuple(
        f"{items[n.i].path} and {items[n.j].path}: {n.rule} alike to {n.score:.2f}" for n in near
    )
    finding = "No two tasks are near-duplicates."
    if near:
        finding = f"{len(near)} pairs of tasks are near-duplicates. Rewrite or reject one of each."
    return Gate("tasks-apart", "Tasks are different", not near, True, finding, offenders)


def _unseen(items: Sequence[Compared]) -> Gate:
    """A task that is close to what models learn from measures memory.

    What comparing has stored about examples is used as it is, so that many of them take seconds.
    """
    chosen = selecting.choose()
    known = clustering.stored(one.content_hash for one in chosen.examples)
    alike = clustering.likeness_of(chosen, known, _prepared(chosen, known))
    paths = leaks.paths_of(chosen)
    found, _ = leaks.with_tasks(alike, items)
    near = [one for one in found if one.score >= clustering.RULES[one.rule]]
    offenders = tuple(f"{items[one.j].path} and {paths[one.i]}: {one.words}" for one in near)
    finding = f"No task is close to one of {len(paths)} approved examples, programs and conversations."
    if near:
        finding = (
            f"{len(near)} pairs of a task and what models learn from are too close. Rewrite one of each."
        )
    return Gate("unseen", "Tasks stay unseen", not near, True, finding, offenders)


def _prepared(chosen: Chosen, known: Collection[str]) -> dict[str, Compared]:
    """The texts that no worker has compared yet, raw programs and conversations, by content hash."""
    waiting = [one for one in chosen.examples if one.content_hash not in known]
    compared = []
    for example, revision in selecting.revisions_of(waiting):
        doc = markdown.parse(revision.text, path=example.path).doc
        compared.append(
            deduplicating.compared_example(doc, example.content_hash)
            if doc
            else Compared(example.path, example.content_hash, "", ())
        )
    for program, file in selecting.programs_of(chosen.corpus):
        compared.append(deduplicating.compared_program(program.path, file.text, program.content_hash))
    for talk, record in selecting.records_of(chosen.conversations):
        compared.append(
            deduplicating.compared_conversation(
                talk.path, talk.content_hash, prompt=record.prompt, answer=record.answer
            )
        )
    return {one.content_hash: one for one in compared}
