"""Which kinds of example are missing: the grid topic × generation of the dashboard."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from curation.domain.labels import GENERATIONS, TOPICS
from curation.models import Example

COLUMNS = ("all", *GENERATIONS)


@dataclass(frozen=True)
class CoverageRow:
    topic: str
    counts: tuple[int, ...]  # one a column; an example with two generations counts in both
    examples: int


def coverage() -> list[CoverageRow]:
    """One row a topic, in the order of FORMAT.md; empty cells are 0, since those are what to write next."""
    cells: Counter[tuple[str, str]] = Counter()
    examples: Counter[str] = Counter()
    for topic, generations in Example.objects.values_list("topic", "generations"):
        examples[topic] += 1
        cells.update((topic, generation) for generation in generations)
    return [
        CoverageRow(topic, tuple(cells[topic, column] for column in COLUMNS), examples[topic])
        for topic in TOPICS
    ]
