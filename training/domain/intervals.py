"""The share of accepted answers over tasks; answers to one task are not taken for independent trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A share between 0 and 1 with its 95 % interval, and how the interval was found."""

    value: float
    low: float
    high: float
    method: str  # "Wilson" or "bootstrap over tasks"


def over_tasks(results: Sequence[tuple[int, int]], *, seed: int = 13) -> Interval:
    """Estimate the share of accepted answers.

    Args:
        results: One (accepted, asked) a task, asked >= 1.
        seed: Of the resampling, so that a page shows the same figures each time.

    With one answer a task: Wilson's interval. With more: the mean of accepted/asked over tasks, and a
    percentile bootstrap that draws whole tasks. Where all tasks have the same share (all 0, all a half)
    the bootstrap has no width, and Wilson's interval over tasks stands in for it.

    Raises:
        ValueError: there is no task, or one without an answer.
    """
    if not results or any(asked < 1 for _, asked in results):
        raise ValueError("a share needs at least one task, and at least one answer a task")
    shares = np.array([accepted / asked for accepted, asked in results])
    value = float(shares.mean())
    if all(asked == 1 for _, asked in results) or np.ptp(shares) == 0:
        from scipy import stats  # takes 0.8 s to import, and every command imports this module

        exact = stats.binomtest(round(value * len(shares)), len(shares)).proportion_ci(LEVEL, method="wilson")
        return Interval(value, float(exact.low), float(exact.high), "Wilson")
    rng = np.random.default_rng(seed)
    # float [resamples, tasks] would be 24 MB for 300 tasks; the index array is drawn in one go all the same.
    drawn = shares[rng.integers(0, len(shares), size=(RESAMPLES, len(shares)))].mean(axis=1)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high), "bootstrap over tasks")
