"""Every change of a run's state: one UPDATE … WHERE state = …, and one event, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from training.domain import lifecycle
from training.models import Run, RunEvent, Stage

EVENT_LENGTH = 300  # characters; the rest is in the run's failure message and log


def note(run_id: int, *, who: str, what: str) -> None:
    """Append one line to the run's history."""
    RunEvent.objects.create(run_id=run_id, who=who[:150], what=what[:EVENT_LENGTH])


@transaction.atomic
def move(
    run_id: int, *, old: str, new: str, who: str, what: str, only: Q | None = None, **values: Any
) -> bool:
    """Move a run from one state to another, if it is (still) in the first.

    Args:
        only: What else must hold at that very moment, such as the fence.
        values: Further columns that change with the state.

    Returns:
        Whether this call moved it. False: somebody else was faster, and nothing was written.

    Raises:
        ValueError: no run may ever go from `old` to `new`.
    """
    if not lifecycle.may_become(old, new):
        raise ValueError(f'run {run_id}: a run never goes from "{old}" to "{new}"')
    if new in lifecycle.TERMINAL:
        values = {"finished_at": Now(), "lease_until": None, **values}
    if not Run.objects.filter(only or Q(), pk=run_id, state=old).update(state=new, **values):
        return False
    note(run_id, who=who, what=what)
    return True


def settle_running_stage(run_id: int, *, state: str, code: str = "", message: str = "") -> None:
    """Give the stage that was under way the state its run ends in ("queued" when the run will come back)."""
    finished = {} if state == "queued" else {"finished_at": Now()}
    Stage.objects.filter(run_id=run_id, state="running").update(
        state=state, failure_code=code, failure_message=message, **finished
    )
