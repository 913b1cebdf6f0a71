"""Holding a GPU for something that is no run, such as an evaluation from a shell.

Its guest comes before the runs that wait: a run takes hours and an evaluation minutes, and in a full queue it
would never find the GPU free. A run that trains already is not disturbed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection

from training.adapters import gpu_lock
from training.services import leasing, reaping

POLL_S = 1.0


@contextmanager
def this_gpu(
    who: str,
    *,
    say: Callable[[str], object] = lambda _: None,
    tick: Callable[[], object] = lambda: None,
) -> Iterator[int]:
    """Hold this machine's GPU, once whoever has it now is done; gives the lock that children inherit.

    Args:
        who: What for, as the queue's page shows it: "evaluation of run 3".
        say: Told once why it waits.
        tick: Called about once a second while it waits; what it raises ends the waiting.

    Raises:
        Failure: gpu_busy: a process that is left of an earlier run still uses it.
    """
    gpu, guest = gpu_lock.this_gpu(), f"{who} ({leasing.this_process()})"
    try:
        said = ""
        while has_it := leasing.reserve_gpu(gpu, guest):
            if has_it != said:
                say(f"Waiting: {has_it} has the GPU.")
            said = has_it
            tick()
            reaping.reap()  # a run whose worker is gone would keep it, where no beat takes it back
            time.sleep(POLL_S)
        with _kept(gpu, guest), gpu_lock.held(gpu, tick) as lock:
            yield lock
    finally:
        leasing.give_gpu_back(gpu, guest)


@contextmanager
def _kept(gpu: str, guest: str) -> Iterator[None]:
    """Renew the reservation beside the work."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(settings.STUDIO_LEASE_S / 3):
            try:
                leasing.reserve_gpu(gpu, guest)
            except DatabaseError:
                continue  # it is tried again, twice before the reservation passes
            finally:
                connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
