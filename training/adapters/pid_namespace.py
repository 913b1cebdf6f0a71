"""A process tree that ends as one: with its first process, and with whoever started it.

Linux can tie a process to its parent's death, but only that one process. What a stage starts in turn, such as
one process a GPU, would outlive a supervisor that was killed, and keep the GPU. Everything in a PID namespace
ends with the namespace's first process, which bubblewrap ties to the supervisor.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_TRY_S = 10


@cache
def works() -> bool:
    """Whether this machine lets us make one. Tried once a process; needs bubblewrap, so Linux."""
    if not shutil.which("bwrap"):
        return False
    with suppress(OSError, subprocess.TimeoutExpired):
        tried = subprocess.run(
            [*_WALLS, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRY_S
        )
        return tried.returncode == 0
    return False


def command(program: list[str], *, tells: int) -> list[str]:
    """The program with a PID namespace around it, and nothing else: files and network are the machine's.

    Args:
        tells: An inherited file descriptor, where bubblewrap writes what `first_process` reads.
    """
    return [*_WALLS, "--json-status-fd", str(tells), "--", *program]


def first_process(told: str) -> int:
    """The namespace's first process, as the machine counts, from the first line that bubblewrap wrote.

    0 when it wrote none, since it failed.
    """
    return int(json.loads(told)["child-pid"]) if told else 0


def inside(first: int) -> Iterator[int]:
    """Every process of the namespace but its first one, which only waits for the others."""
    with suppress(OSError):
        for task in Path(f"/proc/{first}/task").iterdir():
            for pid in map(int, (task / "children").read_text().split()):
                yield pid
                yield from inside(pid)


_WALLS = ["bwrap", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--die-with-parent"]
