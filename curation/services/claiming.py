"""Rows that a worker works on: one UPDATE claims a row and raises its fence; who lost it writes nothing more.

For models with state (among others "queued" and "running"), fence, attempt, lease_until and finished_at: mask
audits, freeze jobs, probes. Runs and imports also know their owner and ways back: training.services.leasing,
curation.services.queueing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

Row = TypeVar("Row", bound=Model)


class LostClaim(Exception):
    """Somebody stopped this row's work, or another process has it."""


def free() -> Q:
    """Rows that nobody works on: waiting, or with a worker that gave no sign of life."""
    silent = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    return Q(state="queued") | (Q(state="running") & silent)


def waiting(model: type[Row]) -> list[Any]:
    """The numbers of the free rows, the oldest first."""
    return list(model._default_manager.filter(free()).order_by("pk").values_list("pk", flat=True))


def claim(model: type[Row], pk: int, *, lease_s: float, **values: Any) -> Row | None:
    """Take a free row; of any number of callers exactly one gets it.

    Args:
        values: Further columns that change with it.
    """
    taken = model._default_manager.filter(free(), pk=pk).update(
        state="running", fence=F("fence") + 1, attempt=F("attempt") + 1, lease_until=_lease(lease_s), **values
    )
    return model._default_manager.get(pk=pk) if taken else None


def write(row: Row, **values: Any) -> None:
    """Write columns of a row that we hold.

    Raises:
        LostClaim: we do not; nothing was written.
    """
    if not _held(row).update(**values):
        raise LostClaim(f"{type(row).__name__} {row.pk} is not this process's any more")


def renew(row: Row, *, lease_s: float, **values: Any) -> None:
    """The same, and the lease moves on.

    Raises:
        LostClaim
    """
    write(row, lease_until=_lease(lease_s), **values)


def end(row: Row, *, state: str, **values: Any) -> bool:
    """Give a row that we hold its last state. False: we hold it no more, and nothing was written."""
    return bool(_held(row).update(state=state, lease_until=None, finished_at=Now(), **values))


def stop(row: Row, *, out_of: Sequence[str] = ("queued", "running")) -> bool:
    """Cancel a row, whoever holds it; that one hears of it when it writes next. False: nothing to stop."""
    rows = type(row)._default_manager.filter(pk=row.pk, state__in=out_of)
    return bool(rows.update(state="cancelled", lease_until=None, finished_at=Now()))


def _held(row: Row) -> QuerySet[Row]:
    fence = row.fence  # type: ignore[attr-defined]  # as the docstring above asks of the model
    return type(row)._default_manager.filter(pk=row.pk, fence=fence, state="running")


def _lease(seconds: float) -> CombinedExpression:
    return Now() + timedelta(seconds=seconds)
