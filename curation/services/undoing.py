"""Taking back what one did: the entry in the audit log holds what it takes.

Not everything can be undone. A comment stays, because somebody may have answered it; decisions about
duplicates are undone on their own page (curation.services.resolving).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from curation.models import AuditEntry, Example, Review, Revision
from curation.services import assigning, auditing, authoring, bulk_editing, labelling, reviewing, standing

NEWEST = 10  # entries of one's own among which the one to undo is looked for


class CannotUndo(Exception):
    """Nothing was undone; the message says why."""


@dataclass(frozen=True)
class Undoable:
    """How one kind of action is taken back.

    Attributes:
        says: What was done, for a button: "approved gui/hello.md".
        stands: Whether there is still something to take back.
        undo: Does it, inside the caller's transaction. What it returns stands in the entry that says so.
    """

    says: str
    stands: Callable[[AuditEntry], bool]
    undo: Callable[[AuditEntry, User], dict[str, Any] | None]


def last_undoable(user: User) -> AuditEntry | None:
    """What this user did last and can still take back: the one that Z undoes."""
    own = AuditEntry.objects.filter(actor=user, action__in=_KINDS, undone_by__isnull=True)
    newest = own.order_by("-pk")[:NEWEST]
    return next((entry for entry in newest if _KINDS[entry.action].stands(entry)), None)


def told(entry: AuditEntry) -> str:
    """What was done, in words."""
    kind = _KINDS.get(entry.action)
    what = kind.says if kind else entry.action
    return f"{what} {entry.subject or f'{_how_many(entry)} examples'}"


@transaction.atomic
def undo(entry: AuditEntry, *, by: User) -> AuditEntry:
    """Take back what this entry did, and write that down.

    Raises:
        CannotUndo: it is somebody else's, of a kind that stays, or changed since.
    """
    kind = _KINDS.get(entry.action)
    if kind is None:
        raise CannotUndo(f"{entry.action} cannot be undone here.")
    if entry.actor_id != by.pk:
        raise CannotUndo("Each takes back only what they did themselves.")
    standing.lock(examples_of(entry))
    if AuditEntry.objects.filter(undoes=entry).exists():
        raise CannotUndo(f"That was undone already: {told(entry)}.")
    if not kind.stands(entry):
        raise CannotUndo(f"That does not stand any more: {told(entry)}. Something newer has replaced it.")
    try:
        detail = kind.undo(entry, by) or {}
    except labelling.LabelRefused as refused:
        raise CannotUndo(str(refused)) from refused
    subject = Example.everything.filter(pk=entry.subject_id).first() if entry.subject_id else None
    return auditing.record(
        actor=by, action=f"{entry.action.partition('.')[0]}.undo", subject=subject, undoes=entry, **detail
    )


def examples_of(entry: AuditEntry) -> list[int]:
    """The ids of the examples that this entry is about."""
    if entry.subject_id:
        return [entry.subject_id]
    pairs = {example for example, _ in (*entry.detail.get("pairs", ()), *entry.detail.get("before", ()))}
    return sorted({*pairs, *entry.detail.get("examples", ())})


def _how_many(entry: AuditEntry) -> int:
    return len(examples_of(entry))


# A verdict


def _verdict_stands(entry: AuditEntry) -> bool:
    return reviewing.stands(Review.objects.get(pk=entry.detail["review"]))


def _undo_verdict(entry: AuditEntry, by: User) -> None:
    reviewing.take_back(given=Review.objects.get(pk=entry.detail["review"]))


# Who is asked, and how many


def _pairs(entry: AuditEntry) -> set[tuple[int, int]]:
    return {(example, user) for example, user in entry.detail["pairs"]}


def _undo_assign(entry: AuditEntry, by: User) -> None:
    assigning.remove(assigning.present(_pairs(entry)))


def _undo_unassign(entry: AuditEntry, by: User) -> None:
    assigning.add(_pairs(entry), by=by)


def _still_needed(entry: AuditEntry) -> dict[int, int]:
    """How many reviewers each example needed before, of those that nobody has changed since."""
    before = dict(entry.detail["before"])
    present = Example.everything.in_bulk(list(before))
    return {pk: before[pk] for pk, row in present.items() if row.reviews_needed == entry.detail["needed"]}


def _undo_needed(entry: AuditEntry, by: User) -> None:
    assigning.set_needed(_still_needed(entry))


# A text that a reviewer mended or relabelled


def _text_stands(entry: AuditEntry) -> bool:
    """It is the newest one, and nobody has judged it yet."""
    unjudged = Example.everything.filter(pk__in=examples_of(entry), verdict_count=0)
    return unjudged.filter(head__number=entry.detail["revision"]).exists()


def _undo_text(entry: AuditEntry, by: User) -> None:
    made = Revision.objects.select_related("parent", "example").get(
        example=entry.subject_id, number=entry.detail["revision"]
    )
    assert made.parent
    saved = authoring.write(
        logged=False,
        author=by,
        path=made.example.path,
        text=made.parent.text,
        base_hash=made.content_hash,
        note=f"revision {made.number} taken back",
        endorsed=made.parent.endorsed,
        pool=made.example.pool,
    )
    if not saved.ok:
        error = authoring.sorted_by_line(saved.problems)[0]
        raise CannotUndo(f"The text before breaks today's rules: line {error.line}: {error.message}")


_KINDS = {
    "review.approve": Undoable("approved", _verdict_stands, _undo_verdict),
    "review.request_changes": Undoable("requested changes of", _verdict_stands, _undo_verdict),
    "review.reject": Undoable("rejected", _verdict_stands, _undo_verdict),
    "assignment.add": Undoable(
        "assigned", lambda entry: bool(assigning.present(_pairs(entry))), _undo_assign
    ),
    "assignment.remove": Undoable(
        "took back the assignment of",
        lambda entry: bool(_pairs(entry) - assigning.present(_pairs(entry))),
        _undo_unassign,
    ),
    "example.reviews_needed": Undoable(
        "set the number of reviewers of", lambda entry: bool(_still_needed(entry)), _undo_needed
    ),
    labelling.CHOOSE: Undoable("labelled", labelling.stands, labelling.take_back),
    labelling.CONFIRM: Undoable("confirmed the label of", labelling.stands, labelling.take_back),
    labelling.ACCEPT: Undoable("accepted the suggestion for", labelling.stands, labelling.take_back),
    "example.mend": Undoable("mended", _text_stands, _undo_text),
} | {
    f"{bulk_editing.PREFIX}{name}": Undoable(kind.said, lambda entry: True, bulk_editing.undo)
    for name, kind in bulk_editing.KINDS.items()
}
