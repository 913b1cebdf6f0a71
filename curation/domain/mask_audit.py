"""The loss mask of many rows, in figures: how long they are, which are cut, which teach nothing."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.domain.loss_mask import Mask

MOST_NAMED = 100  # rows of each kind; the counts are of all


@dataclass
class Tally:
    """Add every row of one side, then ask for `summary`."""

    lengths: list[int] = field(default_factory=list)
    kept: int = 0
    trained: int = 0
    cut: int = 0
    lost: int = 0
    silent: list[str] = field(default_factory=list)
    endless: list[tuple[int, str]] = field(default_factory=list)  # lost tokens, path
    _most_cut: list[tuple[int, str]] = field(default_factory=list)
    _silent: int = 0
    _endless: int = 0

    def add(self, path: str, mask: Mask) -> None:
        self.lengths.append(mask.tokens)
        self.kept += mask.kept
        self.trained += mask.trained
        self.lost += mask.lost
        if mask.lost:
            self.cut += 1
            _keep_most(self._most_cut, (mask.lost, path))
        if mask.refused or not mask.trained:
            self._silent += 1
            if len(self.silent) < MOST_NAMED:
                self.silent.append(path)
        elif not mask.ends:
            self._endless += 1
            _keep_most(self.endless, (mask.lost, path))

    def summary(self) -> dict[str, Any]:
        """JSON values. `silent` rows teach nothing; `endless` ones lack the end of their answer."""
        return {
            "rows": len(self.lengths),
            "tokens": sum(self.lengths),
            "kept": self.kept,
            "trained": self.trained,
            "cut": self.cut,
            "lost": self.lost,
            "silent": self._silent,
            "endless": self._endless,
            "p50": percentile(self.lengths, 0.5),
            "p95": percentile(self.lengths, 0.95),
            "longest": max(self.lengths, default=0),
            "silent_rows": sorted(self.silent),
            "cut_rows": _named(self._most_cut),
            "endless_rows": _named(self.endless),
        }


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least this share of the values does not exceed; 0 of none."""
    if not values:
        return 0
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _keep_most(heap: list[tuple[int, str]], row: tuple[int, str]) -> None:
    (heapq.heappush if len(heap) < MOST_NAMED else heapq.heappushpop)(heap, row)


def _named(heap: Sequence[tuple[int, str]]) -> list[list[Any]]:
    return [[path, lost] for lost, path in sorted(heap, key=lambda row: (-row[0], row[1]))]
