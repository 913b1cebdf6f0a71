"""How several runs differ in what they were asked to do, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = "–"


@dataclass(frozen=True)
class Difference:
    """One value that is not the same in all runs; `values` in the order of the runs, as text."""

    name: str  # "instruct.learning_rate"
    values: tuple[str, ...]


def differences(configurations: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """The values that differ, by name; empty when all were asked for the same. Nested names have dots."""
    flat = [dict(_flat(one, "")) for one in configurations]
    names = sorted({name for one in flat for name in one})
    found = [Difference(name, tuple(one.get(name, ABSENT) for one in flat)) for name in names]
    return [one for one in found if len(set(one.values)) > 1]


def _flat(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        path = f"{above}.{name}" if above else name
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield path, str(value)
