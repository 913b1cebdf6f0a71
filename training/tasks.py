"""Celery's door: an id in, one service. The database is the truth; a message is only a wake-up."""

from __future__ import annotations

from celery import shared_task

from training.services import launching, leasing, probing, reaping, storekeeping, supervising


@shared_task(ignore_result=True)
def run_training(run_id: int) -> None:
    """Take the run whose turn it is. The message names the run that it was sent for, and only wakes.

    Safe to deliver twice: the second delivery takes what is next, or finds nothing.
    """
    if claim := launching.claim_next(leasing.this_process()):
        supervising.execute(claim)


@shared_task(ignore_result=True)
def measure_time(probe_id: int) -> None:
    """Safe to deliver twice, as above."""
    probing.carry_out(probe_id)


@shared_task(ignore_result=True)
def dispatch() -> None:
    """Publish again what nobody has claimed; beat sends this every few seconds."""
    launching.publish_waiting()
    probing.publish_waiting()


@shared_task(ignore_result=True)
def reap() -> None:
    """Take back runs whose worker is gone; beat sends this every few seconds."""
    reaping.reap()


@shared_task(ignore_result=True)
def collect_garbage() -> None:
    """Remove from the artifact store what nothing refers to; beat sends this once a day."""
    storekeeping.collect()
