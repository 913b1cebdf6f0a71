"""Which kinds of example are missing: the grid topic × generation, split by type and difficulty if asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from django.db.models import Count

from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.models import Example

COLUMNS = ("all", *GENERATIONS)
EACH_ONCE = ""  # the column of all examples whatever their label


@dataclass(frozen=True)
class Cell:
    """Examples that may become training data, and those of them that are approved."""

    approved: int = 0
    examples: int = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.approved + other.approved, self.examples + other.examples)


@dataclass(frozen=True)
class Row:
    """What there is of one kind. "" for a type or a difficulty is every one, also none."""

    topic: str
    type: str
    difficulty: str
    cells: tuple[Cell, ...]  # one of COLUMNS each; an example with two generations counts in both
    total: Cell  # each example once


@dataclass(frozen=True)
class Grid:
    rows: list[Row]
    total: Cell


def coverage(
    *, type: str = "", difficulty: str = "", by_type: bool = False, by_difficulty: bool = False
) -> Grid:
    """Count by one question to an index. Empty cells are 0, since those are what to write next.

    Args:
        type, difficulty: Only these.
        by_type, by_difficulty: Each topic has a row for each of them.
    """
    cells: dict[tuple[str, str, str], dict[str, Cell]] = defaultdict(lambda: defaultdict(Cell))
    whole = Cell()
    for status, its_type, topic, its_difficulty, label, examples in _groups():
        if type in ("", its_type) and difficulty in ("", its_difficulty):
            count = Cell(examples if status == "approved" else 0, examples)
            kind = (topic, its_type if by_type else type, its_difficulty if by_difficulty else difficulty)
            for column in (*label.split(), EACH_ONCE):
                cells[kind][column] += count
            whole += count
    kinds = product(
        TOPICS,
        TYPES if by_type and not type else [type],
        DIFFICULTIES if by_difficulty and not difficulty else [difficulty],
    )
    return Grid(
        [Row(*kind, tuple(cells[kind][name] for name in COLUMNS), cells[kind][EACH_ONCE]) for kind in kinds],
        whole,
    )


def _groups() -> Iterable[tuple[str, str, str, str, str, int]]:
    """Status, type, topic, difficulty and label, with how many examples have them: in the index's order."""
    live = Example.objects.without_discarded().order_by()
    kinds = live.values_list("status", "type", "topic", "difficulty", "generation_label")
    return kinds.annotate(n=Count("*"))
