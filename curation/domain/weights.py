"""A weight for each training row, so that a rare generation is not drowned by a frequent one.

    raw(row)    = mean over its labels of 1 / sqrt(training rows that bear the label)
    weight(row) = raw(row) x (labelled training rows) / (sum of raw over them)      mean 1, six digits

The square root is the usual middle way: it lifts a rare label without letting ten rows count
like ten thousand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FORMULA = (
    "mean over the row's generation labels of 1/sqrt(n), n being the training rows with that label; scaled "
    "so that labelled training rows weigh 1 on average"
)
UNLABELLED = 1.0  # of a conversation, and of every validation row: a validation loss stays comparable


@dataclass(frozen=True)
class Weights:
    """`rows_of` counts the training rows of each label; a row with two labels counts for both."""

    rows_of: dict[str, int]
    scale: float

    def of(self, labels: Sequence[str]) -> float:
        """The weight of a training row with these labels."""
        return round(_raw(labels, self.rows_of) * self.scale, 6) if labels else UNLABELLED


def weigh(rows: Iterable[Sequence[str]]) -> Weights:
    """The weights for training rows with these generation labels; a row without a label changes nothing."""
    kinds = Counter(tuple(labels) for labels in rows if labels)
    rows_of: Counter[str] = Counter()
    for labels, count in kinds.items():
        for label in labels:
            rows_of[label] += count
    # fsum gives the same sum in whatever order, so on every machine the same digits.
    total = math.fsum(count * _raw(labels, rows_of) for labels, count in kinds.items())
    return Weights(dict(sorted(rows_of.items())), sum(kinds.values()) / total if total else 1.0)


def _raw(labels: Sequence[str], rows_of: dict[str, int] | Counter[str]) -> float:
    return math.fsum(1 / math.sqrt(rows_of[label]) for label in labels) / len(labels)
