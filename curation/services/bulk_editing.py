"""One action on many examples: planned, looked at, done as planned, and undone as far as it still stands.

Nothing is approved here: an approval holds for a text that somebody read on a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from curation.domain.bulk import Plan, Undone
from curation.models import AuditEntry, Example
from curation.services import (
    auditing,
    bulk_assigning,
    bulk_judging,
    bulk_rewriting,
    comparing,
    finding,
    standing,
)

MOST = 2_000  # examples of one action; it takes some seconds
PREFIX = "bulk."  # of the actions in the audit log


class Refused(Exception):
    """Nothing was changed; the message says why."""


class PlanChanged(Refused):
    """What would be done is not what was looked at. `plan` is what would be done now."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Some of these examples changed after you looked at the plan. This is the new one.")
        self.plan = plan


@dataclass(frozen=True)
class Kind:
    """How one action is planned, done and undone.

    Attributes:
        says: With the value: "set the difficulty to basic".
        said: Of what was done, before "37 examples".
        plan: What would be done to these examples (ids) with this value.
        do: Does it to locked examples, inside the transaction; returns what `undo` needs, as JSON values.
            Its last argument is what `prepare` gave.
        undo: Takes it back, inside the transaction that has locked the examples.
        prepare: What takes long, before anything is locked.
    """

    says: str
    said: str
    plan: Callable[[Sequence[int], str, User], Plan]
    do: Callable[[Plan, User, Any], dict[str, Any]]
    undo: Callable[[AuditEntry, User], Undone]
    prepare: Callable[[Plan], Any] = lambda plan: None


def _text(action: str, says: str, said: str) -> Kind:
    plan, prepare = partial(bulk_rewriting.plan, action), bulk_rewriting.prepare
    return Kind(says, said, plan, bulk_rewriting.do, bulk_rewriting.undo, prepare)


def _verdict(verdict: str, says: str, said: str) -> Kind:
    return Kind(says, said, partial(bulk_judging.plan, verdict), bulk_judging.do, bulk_judging.undo)


KINDS = {
    "difficulty": _text("difficulty", "set the difficulty to {}", "set the difficulty of"),
    "add_tag": _text("add_tag", 'add the tag "{}"', "added a tag to"),
    "remove_tag": _text("remove_tag", 'remove the tag "{}"', "removed a tag from"),
    "generation": _text("generation", "set the generations to {}", "set the generations of"),
    "request_changes": _verdict("request_changes", "request changes: {}", "requested changes of"),
    "reject": _verdict("reject", "reject: {}", "rejected"),
    "assign": Kind(
        "ask {} to review them",
        "assigned",
        bulk_assigning.plan_assign,
        bulk_assigning.assign,
        bulk_assigning.undo_assign,
    ),
    "unassign": Kind(
        "ask {} no longer",
        "took back the assignment of",
        bulk_assigning.plan_unassign,
        bulk_assigning.unassign,
        bulk_assigning.undo_unassign,
    ),
    "needed": Kind(
        "have {} reviewers judge each",
        "set the number of reviewers of",
        bulk_assigning.plan_needed,
        bulk_assigning.set_needed,
        bulk_assigning.undo_needed,
    ),
}


ACTIONS = tuple(f"{PREFIX}{name}" for name in KINDS)  # as they stand in the audit log


def matching(filters: finding.Filters) -> list[int]:
    """The ids of all that the filters find.

    Raises:
        Refused: they are more than MOST.
    """
    found = list(finding.find_examples(filters).values_list("pk", flat=True)[: MOST + 1])
    return chosen(found)


def chosen(ids: Collection[int]) -> list[int]:
    """These ids, if they are not too many. Raises as `matching`."""
    if len(ids) > MOST:
        raise Refused(
            f"More than {MOST:,} examples are too many for one action. Narrow the filters down, or do it in "
            "several steps."
        )
    return list(ids)


def plan(*, action: str, value: str, ids: Sequence[int], by: User) -> Plan:
    """What the action would do now."""
    return KINDS[action].plan(ids, value, by)


def carry_out(*, action: str, value: str, ids: Sequence[int], by: User, digest: str) -> AuditEntry:
    """Do what a plan with this digest says, in one transaction.

    Raises:
        PlanChanged: The plan is another one by now.
        Refused: There is nothing to do.
    """
    kind, agreed = KINDS[action], plan(action=action, value=value, ids=ids, by=by)
    if agreed.digest != digest:
        raise PlanChanged(agreed)
    if not agreed.planned:
        raise Refused("Nothing would change.")
    prepared = kind.prepare(agreed)
    with transaction.atomic():
        locked = standing.lock(one.example for one in agreed.planned)
        if not _holds(agreed, locked, kind, ids, by):
            raise PlanChanged(plan(action=action, value=value, ids=ids, by=by))
        detail = kind.do(agreed, by, prepared)
        if any(one.text for one in agreed.planned):
            comparing.wake_when_saved()
        return auditing.record(
            actor=by,
            action=f"{PREFIX}{action}",
            value=value,
            examples=[one.example for one in agreed.planned],
            left_out=len(agreed.kept),
            **detail,
        )


def _holds(agreed: Plan, locked: dict[int, Example], kind: Kind, ids: Sequence[int], by: User) -> bool:
    """Whether the plan is still right now that nobody else can change these examples."""
    if all(one.text for one in agreed.planned):  # a text says all, and planning it again takes long
        return all(
            one.example in locked and locked[one.example].content_hash == one.content_hash
            for one in agreed.planned
        )
    return kind.plan(ids, agreed.value, by).digest == agreed.digest


def undo(entry: AuditEntry, by: User) -> dict[str, Any]:
    """Take back what still is as the action left it, inside the transaction that has locked the examples.

    Returns the detail of the entry that says so.
    """
    undone = KINDS[entry.action.removeprefix(PREFIX)].undo(entry, by)
    comparing.wake_when_saved()
    return {
        "changed": list(undone.changed),
        "left_alone": [{"path": one.path, "example": one.example, "why": one.why} for one in undone.kept],
    }


def last(user: User) -> AuditEntry | None:
    """What this person did last to many examples, if it is of the last day and not undone."""
    own = AuditEntry.objects.filter(actor=user, action__in=ACTIONS)
    since = Now() - timedelta(days=1)
    newest = AuditEntry.objects.filter(pk__in=own.values("pk"), at__gte=since).select_related("undone_by")
    entry = newest.order_by("-pk").first()
    return entry if entry and not hasattr(entry, "undone_by") else None


def told(entry: AuditEntry) -> str:
    """What was done, in words: "set the difficulty to basic: 37 examples"."""
    kind = KINDS[entry.action.removeprefix(PREFIX)]
    n = len(entry.detail["examples"])
    return f"{kind.says.format(entry.detail['value'])} ({n:,} example{'s' if n != 1 else ''})"
