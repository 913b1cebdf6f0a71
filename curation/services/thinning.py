"""Of raw programs that are near-duplicates of each other, a dataset version takes one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from curation.services import deduplicating
from curation.services.deduplicating import Compared


def left_out(
    items: Sequence[Compared] | Mapping[int, Compared], clusters: Sequence[str], age: Mapping[int, int]
) -> dict[int, int]:
    """Each program that is left out -> the one that is taken for it, which is a near-duplicate of it.

    Taken is the longer one; of two of a length the older. In a chain of programs that are near to their
    neighbours only, several are taken.

    Args:
        clusters: The cluster of each item; the rest of a cluster are examples and conversations, which stay.
        age: Number of each program among the items -> a number that grows with the day it came.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number in age:
        groups[clusters[number]].append(number)
    out: dict[int, int] = {}
    for group in groups.values():
        rest = sorted(group, key=lambda n: (-len(items[n].whole), age[n]))
        while len(rest) > 1:
            kept, *others = rest
            near = deduplicating.near_across([items[n] for n in others], [items[kept]])
            gone = {others[one.i] for one in near}
            out |= dict.fromkeys(sorted(gone), kept)
            rest = [n for n in others if n not in gone]
    return out
