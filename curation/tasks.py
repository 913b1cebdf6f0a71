"""Celery's door. The database is the truth; a message is only a wake-up."""

from __future__ import annotations

from celery import shared_task

from curation.services import comparing


@shared_task(ignore_result=True)
def compare_texts() -> None:
    """Find the near-duplicates of new texts; beat sends this too, in case a message was lost."""
    comparing.compare()
