"""Ending a stage that nobody watches any more, though its supervisor lives.

A supervisor may be asleep (SIGSTOP, a paused machine) or hang on a disk or a database. It then renews no
lease, the run is given to another one, and that works in the same folder. So the stage waits for no order: it
ends itself before the lease can have passed (docs/decisions/0044-a-stage-that-nobody-watches.md).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

LOOK_S = 1.0


def end_when_unwatched(sign: Path) -> None:
    """Kill this process and its children once `sign` has not been touched for STAGE_PATIENCE_S seconds.

    Started by hand a stage has no supervisor, and nothing is done. The time is counted in looks and not by a
    clock: when the whole machine slept, the supervisor too gets its time after waking.
    """
    if patience_s := float(os.environ.get("STAGE_PATIENCE_S") or 0):
        look_s = min(LOOK_S, patience_s / 4)
        looks = round(patience_s / look_s)
        threading.Thread(target=_watch, args=(sign, look_s, looks), daemon=True).start()


def _watch(sign: Path, look_s: float, looks: int) -> None:
    seen, in_vain = _touched(sign), 0
    while in_vain < looks:
        time.sleep(look_s)
        touched = _touched(sign)
        seen, in_vain = (touched, 0) if touched != seen else (seen, in_vain + 1)
    # Not a word before: who sleeps does not read our output, and a full pipe would block.
    if os.getsid(0) == os.getpid():  # else a PID namespace ends with us, or we are a child of the stage
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _touched(sign: Path) -> int:
    try:
        return sign.stat().st_mtime_ns
    except OSError:
        return 0
