"""Celery's door: an id in, one service. The database is the truth; a message is only a wake-up."""

from __future__ import annotations

from celery import shared_task

from curation.services import comparing, freezing, inspecting, queueing, refreshing, uploading, working


@shared_task(ignore_result=True)
def run_import(job_id: int) -> None:
    """Safe to deliver twice: the second delivery finds the job already claimed."""
    if claim := queueing.claim(job_id, queueing.this_process()):
        working.carry_out(claim)


@shared_task(ignore_result=True)
def tend_imports() -> None:
    """Take back imports whose worker is gone, publish what nobody has claimed, remove what nobody needs."""
    queueing.reap()
    queueing.publish_waiting()
    uploading.forget_unused()


@shared_task(ignore_result=True)
def compare_texts() -> None:
    """Find the near-duplicates of new texts; beat sends this too, in case a message was lost."""
    comparing.compare()


@shared_task(ignore_result=True)
def audit_masks() -> None:
    """Count what dataset versions teach, where somebody asked; beat sends this too."""
    inspecting.carry_out_waiting()


@shared_task(ignore_result=True)
def refresh_statistics() -> None:
    """Keep lists quick while the tables grow; beat sends this every hour."""
    refreshing.refresh_statistics()


@shared_task(ignore_result=True)
def freeze_versions() -> None:
    """Look at or freeze what somebody asked for; beat sends this too."""
    freezing.carry_out_waiting()
