"""Taking back runs whose supervisor died: lease passed → lost → queued again, or ended for good."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from training.domain import lifecycle
from training.domain.failure import Failure
from training.models import Run
from training.services import leasing, moving
from training.services.leasing import Claim

SILENT = Failure("lost", "Its worker stopped answering.")


def reap(*, who: str = "reaper") -> list[int]:
    """Take back every running run whose lease has passed or was never set.

    Returns:
        The ids of the runs that were taken back. Safe to call from several places at once.
    """
    passed = Run.objects.filter(leasing.lease_passed(), state="running")
    return [run.pk for run in passed if take_back(run, SILENT, only=leasing.lease_passed(), who=who)]


@transaction.atomic
def take_back(run: Run, cause: Failure, *, only: Q, who: str) -> bool:
    """Give a run back to the queue; or end it, when that was asked for or another try would not help.

    Args:
        run: As it was read; when it was claimed anew in between, it is left alone.
        cause: "lost", or "process_killed" for a stage that was killed while its supervisor lived.
        only: What must still hold, such as "the lease has passed".
    """
    kills = run.events.filter(what__startswith="process_killed").count()
    mine = only & Q(fence=run.fence, owner=run.owner)
    what = f"{cause.code}: {cause.message}"
    if not moving.move(run.pk, old="running", new="lost", who=who, what=what, only=mine, lease_until=None):
        return False
    current = Run.objects.get(pk=run.pk)
    if current.cancel_requested_at:
        _cancel(run.pk, who=who)
    elif lifecycle.may_retry(cause.code, current.attempt, kills=kills):
        delay = lifecycle.retry_delay(current.attempt)
        moving.settle_running_stage(run.pk, state="queued")
        moving.move(
            run.pk,
            old="lost",
            new="queued",
            who=who,
            what=f"queued again, to start in {delay.total_seconds() / 60:g} min",
            owner="",
            published_at=None,
            not_before=Now() + delay,
        )
    else:
        message = f"{cause.message} Tried {current.attempt} times; look at the machine, then start a new run."
        moving.settle_running_stage(run.pk, state="failed", code=cause.code, message=message)
        moving.move(
            run.pk,
            old="lost",
            new="failed",
            who=who,
            what=f"gave up after {current.attempt} attempts",
            failure_code=cause.code,
            failure_message=message,
        )
    return True


@transaction.atomic
def hand_back(claim: Claim) -> None:
    """Give a run back to the queue because its worker is being stopped in order, to be taken again at once.

    That is no failed attempt: a studio may be started anew any number of times during a long training. When
    the claim holds the run no more, nothing is written.
    """
    mine = leasing.mine(claim)
    what = "lost: its worker is being stopped"
    if not moving.move(
        claim.run_id, old="running", new="lost", who=claim.owner, what=what, only=mine, lease_until=None
    ):
        return
    if Run.objects.filter(pk=claim.run_id, cancel_requested_at__isnull=False).exists():
        _cancel(claim.run_id, who=claim.owner)
        return
    moving.settle_running_stage(claim.run_id, state="queued")
    moving.move(
        claim.run_id,
        old="lost",
        new="queued",
        who=claim.owner,
        what="queued again, to start when a worker is free",
        owner="",
        published_at=None,
        not_before=None,
        attempt=F("attempt") - 1,
    )


def _cancel(run_id: int, *, who: str) -> None:
    moving.settle_running_stage(run_id, state="cancelled", code="cancelled")
    moving.move(
        run_id,
        old="lost",
        new="cancelled",
        who=who,
        what="cancelled, as was asked",
        failure_code="cancelled",
    )
