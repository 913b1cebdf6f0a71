"""What comparing gives, and the default thresholds."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE_THRESHOLD = 0.85
CODE_THRESHOLD = 0.95
LEAST_CODE_TOKENS = 40  # shorter code is alike by chance


@dataclass(frozen=True, order=True, slots=True)
class Pair:
    """Texts i and j, i < j, with their similarity in 0..1."""

    i: int
    j: int
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """Text i of an index, with its similarity in 0..1 to the text that was asked about."""

    i: int
    score: float


def check_threshold(threshold: float) -> None:
    """Raises: ValueError: threshold is outside 0 < t <= 1."""
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold={threshold} is outside 0 < t <= 1; {WHOLE_THRESHOLD} is the default")
