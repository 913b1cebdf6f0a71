"""The Celery app: `celery -A studio worker -Q cpu`, `… -Q gpu -c 1`, `celery -A studio beat`."""

from __future__ import annotations

import logging
import os
import time
import warnings
from datetime import timedelta
from typing import Any

from celery import Celery, Task
from celery.signals import heartbeat_sent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

# Celery warns about root because of pickled messages; ours are JSON only (settings: CELERY_ACCEPT_CONTENT).
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")


class StudioTask(Task):
    """What a task writes into the audit log came through the door "worker"."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from curation.services import auditing

        with auditing.door("worker"):
            return self.run(*arguments, **named)


app = Celery("studio", task_cls=StudioTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A wake-up that nobody took before the next one is due is dropped: a busy worker finds one, not hundreds.
app.conf.beat_schedule = {
    "publish runs that nobody claimed": {
        "task": "training.tasks.dispatch",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "compare texts that nobody compared": {
        "task": "curation.tasks.compare_texts",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "find runs whose worker is gone": {
        "task": "training.tasks.reap",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
    "count masks that nobody counts": {
        "task": "curation.tasks.audit_masks",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "look at the tables anew": {
        "task": "curation.tasks.refresh_statistics",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "freeze versions that nobody freezes": {
        "task": "curation.tasks.freeze_versions",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "collect what nothing refers to": {
        "task": "training.tasks.collect_garbage",
        "schedule": timedelta(days=1),
        "options": {"expires": 3600},
    },
    "tend imports": {
        "task": "curation.tasks.tend_imports",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
}

REPORT_EVERY_S = 5.0
logger = logging.getLogger(__name__)
_reported_at = float("-inf")  # monotonic seconds; one worker a process


@heartbeat_sent.connect
def report_worker(sender: Any, **_: Any) -> None:
    """Write WorkerSeen for each queue this worker takes from. Runs in the worker's main process.

    A queued task could not do this: the gpu worker has one slot, and a training fills it for hours. Celery
    beats from the event loop of the main process, every 2 s and only while the broker is connected, so a
    row that stays fresh means a worker that can take a message. The connection is closed each time, since
    the processes forked from here must not inherit it.
    """
    global _reported_at
    if time.monotonic() - _reported_at < REPORT_EVERY_S:
        return
    from django.db import DatabaseError, connection
    from django.utils import timezone

    from training.models import WorkerSeen

    try:
        for queue in app.amqp.queues.consume_from:
            WorkerSeen.objects.update_or_create(queue=queue, defaults={"at": timezone.now()})
        _reported_at = time.monotonic()
    except DatabaseError as error:
        logger.warning("The database did not take this worker's sign of life: %s", error)
    finally:
        connection.close()
