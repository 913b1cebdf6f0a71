"""Metric lines of a stage as curves that a page can draw.

A line is {"stage", "step", "of", "loss"?, "eval_loss"?, "learning_rate"?, "grad_norm"?, "tokens_per_s"?,
"at"}. A resumed stage repeats the steps since its checkpoint; the later line of a step counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SERIES = ("loss", "eval_loss", "learning_rate", "grad_norm", "tokens_per_s")
PACE_POINTS = 20  # lines that the pace is taken from: the first step of all loads the model and tells nothing


@dataclass(frozen=True)
class Progress:
    """How far a stage is: `step` of `of` steps, and the latest values."""

    step: int
    of: int
    loss: float | None
    eval_loss: float | None
    tokens_per_s: float | None

    @property
    def share(self) -> float:
        return self.step / self.of if self.of else 0.0


def curves(points: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Each series as (step, value), ascending by step. NaN and infinities (stored as text) are left out."""
    by_step: dict[str, dict[int, float]] = {name: {} for name in SERIES}
    for point in points:
        step = point.get("step")
        if not isinstance(step, int):
            continue
        for name in SERIES:
            value = point.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
                by_step[name][step] = float(value)
    return {name: sorted(values.items()) for name, values in by_step.items() if values}


def thin(series: Sequence[tuple[int, float]], *, at_most: int = 400) -> list[tuple[int, float]]:
    """At most `at_most` points of a curve, its first and last among them; every kept point is a measured one.

    Each bucket of steps keeps the value farthest from the bucket's mean, so that a spike is never thinned
    away.

    Raises:
        ValueError: at_most is below 2.
    """
    if at_most < 2:
        raise ValueError(f"at_most={at_most}: a curve needs at least 2 points")
    if len(series) <= at_most:
        return list(series)
    inner, buckets = series[1:-1], at_most - 2
    kept = []
    for i in range(buckets):
        bucket = inner[i * len(inner) // buckets : (i + 1) * len(inner) // buckets]
        mean = math.fsum(value for _, value in bucket) / len(bucket)
        kept.append(max(bucket, key=lambda point: abs(point[1] - mean)))
    return [series[0], *kept, series[-1]]


def progress(points: Sequence[Mapping[str, Any]]) -> Progress | None:
    """Where the stage is now; None before its first line."""
    if not points:
        return None
    drawn = curves(points)

    def latest(name: str) -> float | None:
        return drawn[name][-1][1] if name in drawn else None

    last = points[-1]
    return Progress(
        step=int(last.get("step", 0)),
        of=int(last.get("of", 0)),
        loss=latest("loss"),
        eval_loss=latest("eval_loss"),
        tokens_per_s=latest("tokens_per_s"),
    )


def seconds_left(points: Sequence[Mapping[str, Any]]) -> float | None:
    """How long the stage takes from its newest line on, at the pace of its newest lines.

    None before two steps have a time, and once all steps are done.
    """
    timed = [
        (point["step"], moment)
        for point in points[-PACE_POINTS:]
        if isinstance(point.get("step"), int) and (moment := _moment(point.get("at")))
    ]
    if not timed or not (of := points[-1].get("of")):
        return None
    # A resumed stage goes back to its checkpoint: only what came after that is one pace.
    start = max((n for n in range(1, len(timed)) if timed[n][0] < timed[n - 1][0]), default=0)
    (first, began), (last, newest) = timed[start], timed[-1]
    if last <= first or not last < of:
        return None
    return (newest - began).total_seconds() / (last - first) * (of - last)


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
