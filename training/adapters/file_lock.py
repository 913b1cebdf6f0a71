"""A lock file that the operating system gives back when its last holder dies, however it dies."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

POLL_S = 0.2


class StillLocked(Exception):
    """Somebody else has held the file all the while."""


@contextmanager
def locked(file: Path, *, patience_s: float, tick: Callable[[], object] = lambda: None) -> Iterator[IO[str]]:
    """Hold the file's lock. Children that inherit its descriptor hold it too, for as long as they live.

    Args:
        tick: Called while it waits, several times a second; what it raises ends the waiting.

    Raises:
        StillLocked
    """
    with file.open("a") as lock:
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > until:
                    raise StillLocked(str(file)) from error
            tick()
            time.sleep(POLL_S)
        yield lock
