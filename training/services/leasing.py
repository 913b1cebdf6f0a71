"""Who holds a run: owner, fence and lease, all by the database's clock.

A supervisor that was asleep past its lease may wake up and find its run with somebody else. So each of its
writes asks for its own fence, and zero rows changed means: stop the children, write nothing, go.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from training.models import GpuSlot, Run


class Zombie(Exception):
    """The run is no longer ours: its lease passed, and it was given back or finished by someone else."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a run, as long as `fence` is the run's own."""

    run_id: int
    owner: str  # host:pid of the supervisor
    fence: int
    attempt: int  # 1, 2, 3


def this_process() -> str:
    """host:pid, the owner of whatever this process claims."""
    return f"{socket.gethostname()}:{os.getpid()}"


def lease_end() -> CombinedExpression:
    """When a lease that is given or renewed now will pass."""
    return Now() + timedelta(seconds=settings.STUDIO_LEASE_S)


def lease_passed() -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def mine(claim: Claim) -> Q:
    """What is true of a run as long as the claim holds it."""
    return Q(pk=claim.run_id, state="running", owner=claim.owner, fence=claim.fence)


def held(claim: Claim) -> QuerySet[Run]:
    """The run if this claim still holds it, else no row."""
    return Run.objects.filter(mine(claim))


def renew(claim: Claim) -> None:
    """Move the lease on.

    Raises:
        Zombie: the claim no longer holds the run.
    """
    if not held(claim).update(lease_until=lease_end()):
        raise Zombie(f"run {claim.run_id}: fence {claim.fence} of {claim.owner} is no longer the run's own")


class GpuTaken(Exception):
    """Another running run holds the GPU."""


def take_gpu(run_id: int, gpu: str) -> None:
    """Make this run the one that holds the GPU. Call it inside the transaction that claims the run.

    It needs no giving back: a run that is not running holds nothing, and a run whose supervisor was lost is
    running until the reaper takes it back.

    Raises:
        GpuTaken: roll that transaction back.
    """
    GpuSlot.objects.get_or_create(name=gpu)
    slot = GpuSlot.objects.select_for_update().get(name=gpu)  # waits for whoever takes it at this moment
    if slot.run_id != run_id and Run.objects.filter(pk=slot.run_id or 0, state="running").exists():
        raise GpuTaken(f"{gpu} is held by run {slot.run_id}")
    if GpuSlot.objects.filter(visited(), pk=slot.pk).exists():
        raise GpuTaken(f"{gpu} is held by {slot.guest}")
    GpuSlot.objects.filter(pk=slot.pk).update(run=run_id)


def visited() -> Q:
    """What is true of a GPU that has a guest, or that a guest waits for."""
    return Q(guest_until__gte=Now())


@transaction.atomic
def reserve_gpu(gpu: str, guest: str) -> str:
    """Keep this GPU for a guest, or keep it longer: no run is claimed for it from now on.

    Returns:
        Who has it all the same: a run that is running, or another guest; "" when this one has it.
    """
    GpuSlot.objects.get_or_create(name=gpu)
    slot = GpuSlot.objects.select_for_update().get(name=gpu)
    if slot.guest != guest and GpuSlot.objects.filter(visited(), pk=slot.pk).exists():
        return slot.guest
    GpuSlot.objects.filter(pk=slot.pk).update(guest=guest, guest_until=lease_end())
    running = Run.objects.filter(pk=slot.run_id or 0, state="running").exists()
    return f"run {slot.run_id}" if running else ""


def give_gpu_back(gpu: str, guest: str) -> None:
    """The guest has gone."""
    GpuSlot.objects.filter(name=gpu, guest=guest).update(guest="", guest_until=None)


@contextmanager
def writing(claim: Claim) -> Iterator[None]:
    """One transaction whose writes count only while the claim holds the run.

    Raises:
        Zombie: it does not; nothing inside was written.
    """
    with transaction.atomic():
        renew(claim)  # also locks the run's row until the transaction ends
        yield
