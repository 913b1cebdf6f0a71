"""Queueing a run, waking a worker for it, and letting exactly one worker take it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from curation.models import Snapshot
from curation.services import auditing, waking
from training.adapters import gpu_lock
from training.domain.lifecycle import STAGES
from training.models import Run, Stage
from training.services import leasing, moving, preflighting, queueing, scoring
from training.services.leasing import Claim

TASK = "training.tasks.run_training"
REPUBLISH_AFTER_S = 30


class PreflightRefused(Exception):
    """The run would fail; nothing was written. `problems` are whole sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def launch(
    *,
    snapshot: Snapshot,
    recipe_name: str,
    author: User,
    seed: int = 13,
    idempotency_key: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
    group: str = "",
    goes_on_from: Run | None = None,
    wake_worker: bool = True,
) -> Run:
    """Queue a run of this recipe on this dataset version, with everything that decides its outcome frozen.

    Args:
        idempotency_key: The same key gives the same run: a double click answers with the first one.
        overrides: stage name → field → value, over the named recipe's values.
        group: What it shares with its replicates.
        goes_on_from: The run that it goes on with; whoever says so brings in what that one has finished.
        wake_worker: Tell a gpu worker at once; False when the caller is about to claim the run itself.

    Raises:
        PreflightRefused: something is missing or out of range; nothing was written.
    """
    key = idempotency_key or uuid4().hex
    if first := Run.objects.filter(idempotency_key=key).first():
        return first
    check = preflighting.check(snapshot=snapshot, recipe_name=recipe_name, overrides=overrides)
    if check.blocking:
        raise PreflightRefused(check.blocking)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                snapshot=snapshot,
                recipe_name=recipe_name,
                recipe=check.recipe,
                seed=seed,
                code_version=preflighting.code_version(),
                idempotency_key=key,
                requested_by=author,
                group=group,
                goes_on_from=goes_on_from,
            )
            Stage.objects.bulk_create(
                Stage(run=run, position=position, name=name) for position, name in enumerate(STAGES)
            )
            moving.note(run.pk, who=author.get_username(), what=f"queued {recipe_name} on {snapshot.name}")
            auditing.record(
                actor=author,
                action="run.launch",
                subject=run,
                snapshot=snapshot.name,
                digest=snapshot.digest,
                recipe=recipe_name,
                seed=seed,
            )
            if wake_worker:
                transaction.on_commit(partial(publish, run.pk), robust=True)
    except IntegrityError:
        if first := Run.objects.filter(idempotency_key=key).first():
            return first  # the other click was faster by a hair
        raise
    return run


MOST_REPLICATES = 10


@transaction.atomic
def launch_replicates(*, replicates: int, seed: int, idempotency_key: str, **choice: Any) -> list[Run]:
    """Queue the same run several times, with the seeds `seed`, `seed + 1`, …, as one group.

    Several trainings tell how much of a score is chance (docs/decisions/0039-replicates-and-going-on.md).

    Args:
        replicates: 1 to MOST_REPLICATES; one is no group.
        choice: As for `launch`.

    Raises:
        PreflightRefused: none was queued.
        ValueError: replicates is out of range.
    """
    if not 1 <= replicates <= MOST_REPLICATES:
        raise ValueError(f"replicates={replicates} is outside 1..{MOST_REPLICATES}")
    group = idempotency_key if replicates > 1 else ""
    return [
        launch(
            seed=(seed + n) % 2**31,
            idempotency_key=f"{idempotency_key}:{n}" if n else idempotency_key,
            group=group,
            **choice,
        )
        for n in range(replicates)
    ]


def publish(run_id: int) -> bool:
    """Wake a gpu worker for this run. A failure is no error: the dispatcher publishes again.

    Returns:
        Whether the broker took the message.
    """
    if not waking.wake(TASK, run_id):
        return False
    Run.objects.filter(pk=run_id).update(published_at=Now())
    return True


def broker_problem() -> str | None:
    """A sentence if the broker does not answer within two seconds, else None."""
    try:
        with waking.reached_broker():
            return None
    except Exception:  # every broker library has its own
        return (
            "The message broker does not answer, so no worker is told about new runs. They stay queued and "
            "start by themselves once it is back: check STUDIO_REDIS_URL, or run `python3 manage.py up`."
        )


def publish_waiting() -> list[int]:
    """Wake a worker again for the run that is next; the dispatcher calls this every few seconds.

    Whoever wakes takes what is next then, so one wake-up is as good as one for each run. A lost message
    therefore does no harm, and a duplicate one finds nothing to claim.

    Returns:
        The id of the run that was published, if there is one that nobody was told of lately.
    """
    following = queueing.in_order().filter(queueing.ready()).first()
    if following is None:
        return []
    unheard = Q(published_at__isnull=True) | Q(published_at__lt=Now() - timedelta(seconds=REPUBLISH_AFTER_S))
    silent = Run.objects.filter(unheard, pk=following.pk).exists()
    return [following.pk] if silent and publish(following.pk) else []


def claim_next(owner: str) -> Claim | None:
    """Take the waiting run whose turn it is; what a worker does when it wakes.

    Returns:
        The claim, or None when no run may start now, or when a running one holds this process's GPU.
    """
    for run_id in list(queueing.in_order().filter(queueing.ready()).values_list("pk", flat=True)):
        try:
            if claimed := _claim(run_id, owner):
                return claimed  # else: another worker was faster by a hair, and the one behind it is next
        except leasing.GpuTaken:
            break
    return None


def claim(run_id: int, owner: str) -> Claim | None:
    """Take this queued run, whoever's turn it is; of any number of callers exactly one gets it.

    For a person who does it here and now. Workers take what is next: `claim_next`.

    Args:
        owner: host:pid, shown on the run's page.

    Returns:
        The claim, or None when the run is not waiting (taken, ended, or to start later), or when another
        running run holds this process's GPU.
    """
    try:
        return _claim(run_id, owner)
    except leasing.GpuTaken:
        return None


def claim_here(run: Run, owner: str) -> Claim | None:
    """Take this run for a person who waits for it in the foreground.

    In its turn while a worker is there; without one nobody would take those before it, so then at once.
    """
    following = queueing.in_order().filter(queueing.ready()).first()
    if following != run and not scoring.worker_problem():
        return None
    return claim(run.pk, owner)


@transaction.atomic
def _claim(run_id: int, owner: str) -> Claim | None:
    taken = moving.move(
        run_id,
        old="queued",
        new="running",
        who=owner,
        what="claimed",
        only=queueing.ready() & Q(cancel_requested_at__isnull=True),
        owner=owner,
        fence=F("fence") + 1,
        attempt=F("attempt") + 1,
        lease_until=leasing.lease_end(),
        started_at=Coalesce(F("started_at"), Now()),
    )
    if not taken:
        return None
    leasing.take_gpu(run_id, gpu_lock.this_gpu())
    run = Run.objects.get(pk=run_id)
    return Claim(run_id=run_id, owner=owner, fence=run.fence, attempt=run.attempt)
