"""Import jobs between processes: waking a worker, letting exactly one take a job, and taking it back.

The database is the truth, a message is a wake-up (docs/decisions/0006). A job is claimed by one UPDATE that
raises its fence; a process that lost its claim writes nothing more.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from curation.models import ImportJob
from curation.services import waking

TASK = "curation.tasks.run_import"
REPUBLISH_AFTER_S = 30
BEAT_EVERY_S = 0.5
MOST_ATTEMPTS = 3

# A step that waits for a worker -> the state while it runs.
STEPS = {"queued": "checking", "confirmed": "importing"}
# Where an import that stops early goes: a check has nothing to keep, an import leaves the checked items.
STOPPED = {
    "queued": "cancelled",
    "checking": "cancelled",
    "ready": "cancelled",
    "confirmed": "ready",
    "importing": "ready",
}
TERMINAL = ("failed", "cancelled")


class LostClaim(Exception):
    """The job is no longer ours: its lease passed, and somebody else has it."""


class CancelRequested(Exception):
    """Somebody asked to stop this job."""


@dataclass(frozen=True)
class Claim:
    """The right to work on one step of a job, as long as `fence` is the job's own."""

    job_id: int
    state: str  # checking or importing
    owner: str  # host:pid
    fence: int

    @property
    def holds(self) -> Q:
        return Q(pk=self.job_id, state=self.state, owner=self.owner, fence=self.fence)


def this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def publish(job_id: int) -> bool:
    """Wake a cpu worker for this job. A failure is no error: the dispatcher publishes again."""
    if not waking.wake(TASK, job_id):
        return False
    ImportJob.objects.filter(pk=job_id).update(published_at=Now())
    return True


def publish_waiting() -> list[int]:
    """Publish again what nobody has claimed, up to the first message that the broker does not take."""
    unheard = Q(published_at__isnull=True) | Q(published_at__lt=Now() - timedelta(seconds=REPUBLISH_AFTER_S))
    waiting = ImportJob.objects.filter(unheard, state__in=STEPS).order_by("pk")
    published: list[int] = []
    for job_id in waiting.values_list("pk", flat=True):
        if not publish(job_id):
            break
        published.append(job_id)
    return published


def claim(job_id: int, owner: str) -> Claim | None:
    """Take the next step of a job; of any number of callers exactly one gets it, the others get None."""
    for waiting, running in STEPS.items():
        taken = ImportJob.objects.filter(pk=job_id, state=waiting, cancel_requested_at__isnull=True).update(
            state=running,
            owner=owner,
            fence=F("fence") + 1,
            attempt=F("attempt") + 1,
            lease_until=_lease_end(),
            done=0,
        )
        if taken:
            fence = ImportJob.objects.values_list("fence", flat=True).get(pk=job_id)
            return Claim(job_id, running, owner, fence)
    return None


def move(claim: Claim, new: str, **values: Any) -> None:
    """End a step.

    Raises:
        LostClaim: the claim no longer holds the job; nothing was written.
    """
    values = {"lease_until": None, "owner": "", "published_at": None, **values}
    if not ImportJob.objects.filter(claim.holds).update(state=new, **values):
        raise LostClaim(f"import {claim.job_id}: fence {claim.fence} of {claim.owner} holds it no more")


class Heartbeat:
    """What a running step tells of itself, and hears: progress, lease, the wish to stop."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self._next = time.monotonic()

    def beat(self, done: int, total: int) -> None:
        """Call it as often as you like; it writes every half second.

        Raises:
            CancelRequested, LostClaim: stop, and write nothing.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT_EVERY_S
        held = ImportJob.objects.filter(self.claim.holds)
        if held.filter(cancel_requested_at__isnull=True).update(
            done=done, total=total, lease_until=_lease_end()
        ):
            return
        self._say_why()

    def listen(self) -> None:
        """The same inside the transaction of an import, which must not hold the job's row."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT_EVERY_S
        if not ImportJob.objects.filter(self.claim.holds, cancel_requested_at__isnull=True).exists():
            self._say_why()

    def _say_why(self) -> None:
        if ImportJob.objects.filter(self.claim.holds).exists():
            raise CancelRequested(f"import {self.claim.job_id}")
        raise LostClaim(f"import {self.claim.job_id}")


def request_cancel(job: ImportJob) -> None:
    """Ask to stop. What waits stops at once; what runs stops at its next heartbeat."""
    for state in ("queued", "ready", "confirmed"):
        if ImportJob.objects.filter(pk=job.pk, state=state).update(state=STOPPED[state], finished_at=Now()):
            return
    ImportJob.objects.filter(pk=job.pk, state__in=STEPS.values()).update(cancel_requested_at=Now())


def confirm(job: ImportJob, *, wake_worker: bool = True) -> bool:
    """Ask for the import of what is good now. Returns whether this call did it.

    Args:
        wake_worker: False when the caller claims the job itself.
    """
    asked = ImportJob.objects.filter(pk=job.pk, state__in=["ready", "done"]).update(
        state="confirmed", attempt=0, published_at=None, cancel_requested_at=None, done=0, total=0
    )
    if asked and wake_worker:
        publish(job.pk)
    return bool(asked)


def reap() -> list[int]:
    """Take back every running job whose lease has passed: waiting again, or failed after three attempts."""
    passed = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    taken_back = []
    for waiting, running in STEPS.items():
        silent = ImportJob.objects.filter(passed, state=running)
        for job in silent:
            mine = silent.filter(pk=job.pk, fence=job.fence)
            if job.cancel_requested_at:
                moved = mine.update(state=STOPPED[running], owner="", cancel_requested_at=None)
            elif job.attempt < MOST_ATTEMPTS:
                moved = mine.update(state=waiting, owner="", published_at=None)
            else:
                message = (
                    f"Its worker was lost {job.attempt} times and nothing was imported. "
                    "Look at the machine's memory and log, then import the file again."
                )
                moved = mine.update(state="failed", owner="", failure_message=message, finished_at=Now())
            if moved:
                taken_back.append(job.pk)
    return taken_back


def _lease_end() -> Any:
    return Now() + timedelta(seconds=settings.STUDIO_LEASE_S)
