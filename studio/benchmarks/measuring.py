"""How a benchmark measures and what it hands over."""

from __future__ import annotations

import math
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

MOST_RUNS = 5
BUDGET_S = 2.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Table:
    """One table of figures.

    Attributes:
        name: Its key in the JSON.
        columns: Key in the JSON -> heading. Heading or note names the unit.
        rows: A dict a row, with the keys of `columns`. None is a figure that was not taken.
        note: What a reader must know to read the figures rightly.
        figures: Single figures beside the rows.
    """

    name: str
    title: str
    columns: dict[str, str]
    rows: list[dict[str, Any]]
    note: str = ""
    figures: dict[str, float | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"title": self.title, "note": self.note, **self.figures, "rows": self.rows}


def timed(
    work: Callable[..., Result], *arguments: Any, most_runs: int = MOST_RUNS, budget_s: float = BUDGET_S
) -> tuple[float, Result]:
    """(median CPU seconds of this process for one call, what the last call returned).

    CPU seconds, since other programs disturb them less than the clock's. It calls until most_runs calls or
    budget_s seconds are used up, and at least once.
    """
    taken: list[float] = []
    while True:
        started = time.process_time()
        result = work(*arguments)
        taken.append(time.process_time() - started)
        if len(taken) >= most_runs or sum(taken) >= budget_s:
            return statistics.median(taken), result


class Stopped(Exception):
    """Work was not done within its limit."""


@contextmanager
def at_most(limit_s: float) -> Iterator[None]:
    """Stop what runs inside after so many seconds by the clock. In the main thread only.

    Raises:
        Stopped: The limit was reached.
    """

    def stop(*_: object) -> None:
        raise Stopped

    # By the clock: while a timer of CPU time is armed, Linux tells process_time in whole ticks.
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The exponent k of seconds ~ size^k: 1 is linear, 2 quadratic."""
    # The slope of a line through the logarithms.
    return statistics.linear_regression([math.log(x) for x in sizes], [math.log(y) for y in seconds]).slope


def peak_mb() -> int | None:
    """The most memory this process has held; None where the system does not tell it as Linux does.

    Not getrusage, whose peak begins with the parent's.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = status.read_text().splitlines()
    return next(round(int(line.split()[1]) / 1000) for line in lines if line.startswith("VmHWM"))
