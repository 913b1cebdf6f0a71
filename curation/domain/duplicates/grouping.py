"""From places to texts, and from pairs to clusters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, product

import numpy as np

from curation.domain.duplicates import cascade
from curation.domain.duplicates.matches import Pair, check_threshold
from curation.domain.duplicates.profiles import profiled


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


def find_edges(texts: Sequence[str], threshold: float) -> list[Pair]:
    """As few of find_pairs' pairs as make the same clusters: n - 1 for a cluster of n texts, sorted.

    Of identical texts each goes with the first one. Texts that are known to be in one cluster are not judged
    any more, so that 2,000 variants of one text take 1,999 edges and hardly more calls of the judge, instead
    of 2.0 million of both.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.
    """
    check_threshold(threshold)
    owners = owners_of(texts)
    profiles = profiled(owners)
    firsts = [owners[text][0] for text in profiles.texts]
    edges = [Pair(same[0], other, 1.0) for same in owners.values() for other in same[1:]]
    cluster = np.arange(len(profiles))
    for tile in cascade.tiles(profiles):
        for some_rows, some_columns in cascade.candidates(profiles, threshold, tile):
            apart = cluster[some_rows] != cluster[some_columns]
            rows, columns = cascade.likely(
                profiles, some_rows[apart], profiles, some_columns[apart], threshold
            )
            for row in np.unique(rows).tolist():
                of_row = columns[(rows == row) & (cluster[columns] != cluster[row])]
                _, near, scores = cascade.scored(
                    profiles, np.full(len(of_row), row), profiles, of_row, threshold
                )
                for column, score in zip(near.tolist(), scores.tolist(), strict=True):
                    if cluster[column] != cluster[row]:
                        cluster[cluster == cluster[column]] = cluster[row]
                        i, j = sorted((firsts[row], firsts[column]))
                        edges.append(Pair(i, j, score))
    return sorted(edges)


def owners_of(texts: Iterable[str]) -> dict[str, list[int]]:
    """The different texts, each with the numbers of those that are the same."""
    owners: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        owners[text].append(i)
    return owners


def pairs_of_owners(owners: Sequence[Sequence[int]], found: Iterable[cascade.Found]) -> list[Pair]:
    """Pairs of texts, sorted, from what was found between different ones.

    Args:
        owners: For each place the numbers of the texts that are the same; each two of them are a pair too.
    """
    pairs = [Pair(min(i, j), max(i, j), 1.0) for group in owners for i, j in combinations(group, 2)]
    for rows, columns, scores in found:
        for row, column, score in zip(rows.tolist(), columns.tolist(), scores.tolist(), strict=True):
            pairs += [Pair(min(i, j), max(i, j), score) for i, j in product(owners[row], owners[column])]
    return sorted(pairs)
