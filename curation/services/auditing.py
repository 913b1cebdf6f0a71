"""The audit log: every action that changes something writes one entry, in its own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from curation.models import AuditEntry

# Who asks, for as long as one request or one command lasts, and how many entries it has written.
_through: ContextVar[str] = ContextVar("audit_through", default="command")
_written: ContextVar[int] = ContextVar("audit_written", default=0)

MAX_SUBJECT = 300  # characters; the width of the column


def record(
    *,
    actor: User | None,
    action: str,
    subject: Model | tuple[str, int] | None = None,
    undoes: AuditEntry | None = None,
    **detail: Any,
) -> AuditEntry:
    """Write down one action, inside the caller's transaction.

    Args:
        action: Noun and verb with a dot between them: "review.approve", "run.cancel".
        subject: What was acted on; its class, id and name are kept as values. A row that may be gone by now
            is given by its kind and id: ("draft", 17).
        undoes: The entry that this action takes back; each can be taken back once.
        detail: JSON values: what it takes to understand the action, and to undo it. Never a secret.
    """
    _written.set(_written.get() + 1)
    kind, number, name = "", None, ""
    if isinstance(subject, Model):
        kind, number, name = subject._meta.model_name or "", subject.pk, str(subject)
    elif subject:
        kind, number = subject
    return AuditEntry.objects.create(
        actor=actor,
        through=_through.get(),
        action=action,
        subject_kind=kind,
        subject_id=number,
        subject=name[:MAX_SUBJECT],
        undoes=undoes,
        detail=detail,
    )


@contextmanager
def door(name: str) -> Iterator[None]:
    """Entries written inside came through this door: page, api, command or worker."""
    through, written = _through.set(name), _written.set(0)
    try:
        yield
    finally:
        inside = _written.get()
        _through.reset(through)
        _written.reset(written)
        _written.set(_written.get() + inside)


def has_written() -> bool:
    """Whether an entry was written since the innermost `door` was opened."""
    return _written.get() > 0
