"""From places to texts, and from pairs to clusters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from operator import attrgetter

from curation.domain.duplicates import cascade
from curation.domain.duplicates.matches import Pair


def clusters(n: int, pairs: Sequence[Pair]) -> list[int]:
    """For each of n texts the leader of its cluster: the smallest index reachable over pairs (union-find)."""
    leader = list(range(n))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for pair in pairs:
        a, b = find(pair.i), find(pair.j)
        leader[max(a, b)] = min(a, b)
    return [find(i) for i in range(n)]


def owners_of(texts: Iterable[str]) -> dict[str, list[int]]:
    """The different texts, each with the numbers of those that are the same."""
    owners: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        owners[text].append(i)
    return dict(owners)


def pairs_of_owners(owners: Sequence[Sequence[int]], found: Iterable[cascade.Found]) -> list[Pair]:
    """Pairs of texts, sorted, from what was found between different ones.

    Args:
        owners: For each place the numbers of the texts that are the same; each two of them are a pair too.
    """
    pairs = [Pair(min(i, j), max(i, j), 1.0) for group in owners for i, j in combinations(group, 2)]
    for rows, columns, scores in found:
        for row, column, score in zip(rows.tolist(), columns.tolist(), scores.tolist(), strict=True):
            pairs += [Pair(min(i, j), max(i, j), score) for i, j in product(owners[row], owners[column])]
    return sorted(pairs, key=attrgetter("i", "j"))
