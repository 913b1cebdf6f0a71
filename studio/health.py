"""Two questions for machines: is the web process alive, and can the whole studio do its work?

A load balancer asks /healthz. /readyz is stricter on purpose: it says no when a worker is away, although
pages are still answered. Both are open to anyone, so they name no address, path or person.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from training.models import WorkerSeen

QUEUES = ("cpu", "gpu")
WORKER_SILENT_AFTER = timedelta(seconds=30)  # a worker reports every 5 s
LEAST_FREE_BYTES = 2 * 1000**3  # a rehearsal writes well under 1 GB
BROKER_TIMEOUT_S = 1


class NotReady(Exception):
    """One part cannot do its work; the text says which, and the way out."""


def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers."""
    return JsonResponse({"alive": True})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker, disk and both workers are there; else 503. Always with every part."""
    parts: dict[str, dict[str, Any]] = {}
    for name, check in PARTS.items():
        try:
            parts[name] = {"ok": True, **check()}
        except NotReady as problem:
            parts[name] = {"ok": False, "problem": str(problem)}
    ready = all(part["ok"] for part in parts.values())
    answer = JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)
    # The answer says it all; Django would log an error for each 503, every second while a studio starts.
    setattr(answer, "_has_been_logged", True)  # noqa: B010 (an attribute that only Django's own code knows)
    answer["Cache-Control"] = "no-store"
    return answer


def check_database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("The database does not answer. Check STUDIO_DATABASE_URL.") from error
    return {}


def check_broker() -> dict[str, Any]:
    from studio.celery import app

    options = {**app.conf.broker_transport_options, "max_retries": 1, "socket_timeout": BROKER_TIMEOUT_S}
    options["socket_connect_timeout"] = BROKER_TIMEOUT_S
    try:
        with app.connection_for_write(transport_options=options) as broker:
            broker.default_channel.client.ping()
    except Exception as error:  # whatever a transport of kombu raises, the broker is not there
        raise NotReady("The broker does not answer. Start it, or check STUDIO_REDIS_URL.") from error
    return {}


def check_disk() -> dict[str, Any]:
    free_bytes = shutil.disk_usage(settings.VAR).free
    if free_bytes < LEAST_FREE_BYTES:
        raise NotReady(
            f"{free_bytes / 1e9:.1f} GB free where the studio keeps its files, "
            f"{LEAST_FREE_BYTES / 1e9:.1f} GB needed. Free some space, or move STUDIO_VAR."
        )
    return {"free_bytes": free_bytes}


def worker_check(queue: str) -> Callable[[], dict[str, Any]]:
    def check() -> dict[str, Any]:
        seen = last_seen(queue)
        if seen is None:
            raise NotReady(f"The {queue} worker has never been seen. Start one with -Q {queue}.")
        away = timezone.now() - seen
        if away > WORKER_SILENT_AFTER:
            raise NotReady(
                f"The {queue} worker was last seen {away.total_seconds():.0f} s ago, at "
                f"{seen:%Y-%m-%d %H:%M:%S} UTC. Look at its output and start it again."
            )
        return {"last_seen": seen.isoformat()}

    return check


def last_seen(queue: str) -> datetime | None:
    """When a worker of this queue last reported; None: never."""
    try:
        return WorkerSeen.objects.filter(queue=queue).values_list("at", flat=True).first()
    except DatabaseError as error:
        raise NotReady("The worker table cannot be read. Run: python3 manage.py migrate") from error


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "database": check_database,
    "broker": check_broker,
    "disk": check_disk,
    **{f"{queue}_worker": worker_check(queue) for queue in QUEUES},
}
