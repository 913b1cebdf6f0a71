"""Telling a worker that there is something to do. The database says what; a message is only a wake-up."""

from __future__ import annotations

import logging

from celery import current_app

MESSAGE_LIFE_S = (
    120  # a wake-up that nobody read by then is dropped; what there is to do stays in the database
)
BROKER_WAIT_S = 2.0

log = logging.getLogger(__name__)


def wake(task: str, *arguments: int) -> bool:
    """Send a wake-up, with ids at most. Returns whether the broker took it; a failure is no error."""
    options = {"socket_connect_timeout": BROKER_WAIT_S, "socket_timeout": BROKER_WAIT_S}
    try:
        with current_app.connection_for_write(
            connect_timeout=BROKER_WAIT_S, transport_options=options
        ) as connection:
            connection.ensure_connection(max_retries=1, timeout=BROKER_WAIT_S, interval_start=0)
            current_app.send_task(
                task, args=arguments, connection=connection, retry=False, expires=MESSAGE_LIFE_S
            )
    except Exception as error:  # every broker library has its own exceptions; none may stop what was saved
        log.warning("%s waits for the dispatcher: the broker did not answer (%s)", task, error)
        return False
    return True
