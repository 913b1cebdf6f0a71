"""Telling a worker that there is something to do. The database says what; a message is only a wake-up."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app
from kombu import Connection

# Seconds. A wake-up that nobody read by then is dropped; what there is to do stays in the database.
MESSAGE_LIFE_S = 120
BROKER_WAIT_S = 2.0

log = logging.getLogger(__name__)


@contextmanager
def reached_broker() -> Iterator[Connection]:
    """A connection that answers or fails within BROKER_WAIT_S, whatever the workers' own time-outs are."""
    options = {"socket_connect_timeout": BROKER_WAIT_S, "socket_timeout": BROKER_WAIT_S}
    with current_app.connection_for_write(
        connect_timeout=BROKER_WAIT_S, transport_options=options
    ) as connection:
        connection.ensure_connection(max_retries=1, timeout=BROKER_WAIT_S, interval_start=0)
        yield connection


def wake(task: str, *arguments: int) -> bool:
    """Send a wake-up, with ids at most. Returns whether the broker took it; a failure is no error."""
    try:
        with reached_broker() as connection:
            current_app.send_task(
                task, args=arguments, connection=connection, retry=False, expires=MESSAGE_LIFE_S
            )
    except Exception as error:  # every broker library has its own exceptions; none may stop what was saved
        log.warning("%s waits for the dispatcher: the broker did not answer (%s)", (task, *arguments), error)
        return False
    return True
