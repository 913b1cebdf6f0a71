"""How a dataset version's examples spread over generations and types, on either side of the split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curation.domain.labels import GENERATIONS, TYPES

LEAST = 5  # examples of each generation and type, below which a model has hardly seen the kind
EVERY = "all"


@dataclass(frozen=True)
class Stratum:
    """Examples of one generation and type. One with two generations counts in both."""

    generation: str
    type: str
    train: int
    validation: int

    @property
    def examples(self) -> int:
        return self.train + self.validation


def strata(rows: Iterable[tuple[str, str, str]]) -> list[Stratum]:
    """Those that hold examples, in the order of the labels.

    Args:
        rows: Generations as words, type and side of each example.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for label, its_type, side in rows:
        counts.update((generation, its_type, side) for generation in label.split())
    found = (
        Stratum(
            generation, its_type, *(counts[generation, its_type, side] for side in ("train", "validation"))
        )
        for generation in (EVERY, *GENERATIONS)
        for its_type in TYPES
    )
    return [one for one in found if one.examples]


def thin(
    found: Iterable[Stratum], *, generations: Sequence[str] = GENERATIONS, types: Sequence[str] = TYPES
) -> list[tuple[str, str, int]]:
    """Generation, type and examples where there are fewer than LEAST.

    What holds for every generation teaches each of them, so it counts for each.
    """
    counts = {(one.generation, one.type): one.examples for one in found}
    totals = (
        (
            generation,
            its_type,
            counts.get((generation, its_type), 0)
            + (counts.get((EVERY, its_type), 0) if generation != EVERY else 0),
        )
        for generation in generations
        for its_type in types
    )
    return [one for one in totals if one[2] < LEAST]
