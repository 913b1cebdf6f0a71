"""One trainer a GPU, kept by the operating system: a lock file that a stage's processes inherit.

The database says which run holds a GPU. A process that outlived its supervisor knows nothing of that, but it
holds this lock as long as it lives, so that no second one is started beside it.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from training.adapters.file_lock import StillLocked, locked
from training.domain.failure import Failure

PATIENCE_S = 60.0  # what a killed process with a GPU may take to end


def this_gpu() -> str:
    """Names what a worker on this machine trains on: host and CUDA_VISIBLE_DEVICES, or "all" without it."""
    return f"{socket.gethostname()}:{os.environ.get('CUDA_VISIBLE_DEVICES') or 'all'}"


def lock_file(gpu: str) -> Path:
    return Path(settings.VAR) / "locks" / f"{re.sub(r'[^A-Za-z0-9.-]', '_', gpu)}.lock"


@contextmanager
def held(gpu: str, tick: Callable[[], object] = lambda: None) -> Iterator[int]:
    """Hold the lock of this GPU; gives the file descriptor that children inherit.

    Args:
        tick: Called several times a second while it waits; what it raises ends the waiting.

    Raises:
        Failure: gpu_busy: a process that is left of another run still holds it.
    """
    file = lock_file(gpu)
    file.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(locked(file, patience_s=PATIENCE_S, tick=tick))
        except StillLocked as error:
            raise Failure(
                "gpu_busy",
                f"A process that is left of an earlier run still uses {gpu}. Look for it with "
                f"`fuser {file}`, stop it, then start the run again.",
            ) from error
        yield lock.fileno()
