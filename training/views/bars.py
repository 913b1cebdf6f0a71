"""A score as a small bar with its interval, in figures for an SVG that the template writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.services.scoring import PoolScore

WIDTH = 200  # user units of the SVG, 0 % to 100 %


@dataclass(frozen=True)
class Bar:
    """Where bar and interval end, in user units."""

    value: float
    low: float
    high: float
    width: int = WIDTH


@dataclass(frozen=True)
class DrawnPool:
    pool: PoolScore
    bar: Bar | None  # None while the score is undefined


def with_bars(pools: Sequence[PoolScore]) -> list[DrawnPool]:
    return [DrawnPool(pool, bar_of(pool)) for pool in pools]


def bar_of(pool: PoolScore) -> Bar | None:
    if pool.value is None or pool.low is None or pool.high is None:
        return None
    value, low, high = (round(share * WIDTH, 1) for share in (pool.value, pool.low, pool.high))
    return Bar(value, low, high)
