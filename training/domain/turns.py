"""When the runs that wait will start, if each takes as long as such runs took lately."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

NEVER_KNOWN = float("inf")


def expected_starts(running: Sequence[float | None], waiting: Sequence[float | None]) -> list[float | None]:
    """Seconds until each waiting run starts, in their order; None where that cannot be told.

    Whoever is free first takes the next one. Where nothing runs, one worker is free now.

    Args:
        running: Seconds that each running run still takes; None: unknown.
        waiting: Seconds that each waiting run will take; None: unknown.
    """
    free = [NEVER_KNOWN if left is None else max(0.0, left) for left in running] or [0.0]
    heapq.heapify(free)
    starts: list[float | None] = []
    for takes in waiting:
        start = heapq.heappop(free)
        starts.append(None if start == NEVER_KNOWN else start)
        heapq.heappush(free, start + (NEVER_KNOWN if takes is None else takes))
    return starts
