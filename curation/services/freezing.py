"""Freezing what takes longer than anybody waits for: a job of the cpu worker, which tells how far it is.

The database is the truth, a message is a wake-up (docs/decisions/0006). A job is claimed by one UPDATE that
raises its fence. The version is written in the transaction that ends its job, which only the present claim
can do: who was stopped or has lost the claim leaves nothing behind, and another attempt starts anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from curation.models import CorpusProgram, Example, FreezeJob, Snapshot
from curation.services import auditing, choosing, claiming, gating, selecting, snapshotting, waking
from curation.services.planning import SEED, VALIDATION_PER_MILLE, SnapshotPlan, plan_snapshot
from curation.services.selecting import Selection
from curation.services.snapshotting import FreezeRefused

TASK = "curation.tasks.freeze_versions"
AT_ONCE = 500  # texts that are looked at or frozen while somebody waits: about a second
BESIDE = 10_000  # and examples that the studio may have in all: two seconds more
TELL_EVERY_S = 1.0
LEASE_S = 60
SILENT_S = 15
MOST_ATTEMPTS = 3
ACTIVE = ("queued", "running")
RESTING = ("checked", "failed", "cancelled")  # it can be asked for again
SHOWN = 10  # jobs of the list

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person types: as snapshotting.freeze takes it, or to look first and freeze nothing."""

    name: str = ""
    seed: int = SEED
    validation_per_mille: int = VALIDATION_PER_MILLE
    waivers: Mapping[str, str]
    seen: str = ""
    looks_only: bool = False


def is_quick(selection: Selection) -> bool:
    """Whether so little is read that somebody may wait for it, so that no job is needed."""
    if selecting.has_common_words(selection) or Example.everything.count() > BESIDE:
        return False
    texts = selecting.count(selection) + CorpusProgram.objects.filter(included=True).count()
    if selection.conversations:
        texts += choosing.conversations().filter(chosen=True).count()
    return texts <= AT_ONCE


def unfinished() -> list[FreezeJob]:
    """Jobs that somebody may want to come back to, the newest first."""
    rows = FreezeJob.objects.filter(state__in=[*ACTIVE, "checked", "failed"]).defer("report")
    return list(rows.select_related("requested_by")[:SHOWN])


def is_silent(job: FreezeJob) -> bool:
    """Whether its worker has given no sign of life for so long that it may be gone."""
    since = timezone.now() - timedelta(seconds=SILENT_S)
    return job.lease_until is not None and job.lease_until < since + timedelta(seconds=LEASE_S)


def selection_of(job: FreezeJob) -> Selection:
    return Selection(**job.selection)


def gates_of(job: FreezeJob) -> gating.GateReport:
    """What the last plan found; empty before there is one."""
    return gating.GateReport.of(job.report.get("gates", []))


# Asking for it


def request(
    *, selection: Selection, general_per_mille: int, wish: Wish, by: User, idempotency_key: str = ""
) -> FreezeJob:
    """Have a worker look at a selection or freeze it. The same wish under the same key gives the same job.

    Raises:
        FreezeRefused: the name cannot be used; nothing was queued.
    """
    if wish.name or not wish.looks_only:
        snapshotting.check_name(wish.name)
    asked = {"selection": selection.narrowed, "general_per_mille": general_per_mille, **vars(wish)}
    said = json.dumps([by.pk, idempotency_key or uuid4().hex, asked], sort_keys=True)
    key = hashlib.sha256(said.encode()).hexdigest()
    try:
        with transaction.atomic():
            job = FreezeJob.objects.create(idempotency_key=key, requested_by=by, **asked)
            _queued(job, by=by)
    except IntegrityError:
        if first := FreezeJob.objects.filter(idempotency_key=key).first():
            return first
        raise
    return job


def again(job: FreezeJob, *, wish: Wish, by: User) -> bool:
    """Ask for the same selection again, mostly to freeze what was checked. False: it is at work already.

    Raises:
        FreezeRefused: what was found last time is in the way of this wish; nothing was queued.
    """
    snapshotting.check_name(wish.name)
    if wish.seen and wish.seen == job.digest and not wish.looks_only:
        snapshotting.refuse(gates_of(job))
        snapshotting.waived(gates_of(job), wish.waivers, by)
        if Snapshot.objects.filter(name=wish.name).exclude(digest=wish.seen).exists():
            raise snapshotting.taken(wish.name)
    with transaction.atomic():
        asked = FreezeJob.objects.filter(pk=job.pk, state__in=RESTING).update(
            state="queued",
            requested_by=by,
            attempt=0,
            failure_code="",
            failure_message="",
            finished_at=None,
            **_NOTHING_DONE,
            **vars(wish),
        )
        if asked:
            job.refresh_from_db()
            _queued(job, by=by)
    return bool(asked)


def _queued(job: FreezeJob, *, by: User) -> None:
    auditing.record(
        actor=by,
        action="freezing.look" if job.looks_only else "freezing.ask",
        subject=job,
        selection=selection_of(job).policy,
        seed=job.seed,
        waived=dict(job.waivers),
    )
    transaction.on_commit(partial(waking.wake, TASK), robust=True)


def cancel(job: FreezeJob, *, by: User) -> bool:
    """Stop it, or put it away. Who works on it hears that within seconds. False: there is nothing to stop."""
    with transaction.atomic():
        stopped = claiming.stop(job, out_of=[*ACTIVE, "checked", "failed"])
        if stopped:
            auditing.record(actor=by, action="freezing.cancel", subject=job)
    return stopped


# Doing it


def carry_out_waiting() -> int:
    """Carry out every job that nobody works on. Returns how many; safe to call as often as you like."""
    return sum(carry_out(pk) for pk in claiming.waiting(FreezeJob))


def carry_out(job_id: int) -> bool:
    """Carry out one job, unless somebody else does. Returns whether this call brought it to its end."""
    job = claiming.claim(FreezeJob, job_id, lease_s=LEASE_S, **_NOTHING_DONE)
    if job is None:
        return False
    if job.attempt > MOST_ATTEMPTS:
        message = (
            f"Its worker was lost {MOST_ATTEMPTS} times, and nothing was frozen. Look at the machine's "
            "memory, then ask again."
        )
        return claiming.end(job, state="failed", failure_code="lost", failure_message=message)
    try:
        return _look(job) if job.looks_only else _freeze(job)
    except claiming.LostClaim as lost:
        log.warning("%s", lost)
        return False
    except OperationalError:  # a busy or lost database: another attempt follows once the lease has passed
        log.exception("freezing %s was interrupted", job_id)
        return False
    except Exception:
        log.exception("freezing %s failed", job_id)
        message = "The studio made a mistake here; nothing was frozen. The server's log has the details."
        return claiming.end(job, state="failed", failure_code="bug", failure_message=message)


def _look(job: FreezeJob) -> bool:
    worker = _Worker(job)
    worker.planned(plan_snapshot(**_asked(job), tell=worker.tell))
    return claiming.end(job, state="checked")


def _freeze(job: FreezeJob) -> bool:
    worker = _Worker(job)
    try:
        version = snapshotting.freeze(
            name=job.name,
            author=job.requested_by,
            waivers=job.waivers,
            seen=job.seen,
            onlooker=worker,
            **_asked(job),
        )
    except FreezeRefused as refused:
        return claiming.end(job, state="checked", failure_code=refused.code, failure_message=str(refused))
    # A version that an older one equals is not written, so the job has not ended with it.
    return worker.has_written or claiming.end(job, state="done", snapshot=version)


class _Worker(snapshotting.Onlooker):
    """Writes on the job's row how far it is. Each write moves the lease on, and hears whether to stop."""

    def __init__(self, job: FreezeJob) -> None:
        self._job, self._stage, self._next = job, "", 0.0
        self.has_written = False  # the version, and with it the end of the job

    def tell(self, stage: str, done: int, of: int) -> None:
        if stage == self._stage and time.monotonic() < self._next:
            return
        self._stage, self._next = stage, time.monotonic() + TELL_EVERY_S
        claiming.renew(self._job, lease_s=LEASE_S, stage=stage, done=done, total=of)

    def planned(self, plan: SnapshotPlan) -> None:
        claiming.write(self._job, digest=plan.digest, report=plan.report)

    def frozen(self, version: Snapshot) -> None:
        if not claiming.end(self._job, state="done", snapshot=version, is_new=True):
            raise claiming.LostClaim(f"freezing {self._job.pk} was stopped, or another process has it")
        self.has_written = True


_NOTHING_DONE: dict[str, Any] = {"stage": "", "done": 0, "total": 0}


def _asked(job: FreezeJob) -> dict[str, Any]:
    names = ("seed", "validation_per_mille", "general_per_mille")
    return {"selection": selection_of(job), **{name: getattr(job, name) for name in names}}
