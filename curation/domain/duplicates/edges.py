"""Clusters with the fewest pairs: edges that join texts which are not yet in one cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from curation.domain.duplicates import cascade
from curation.domain.duplicates.grouping import owners_of
from curation.domain.duplicates.matches import Pair, check_threshold
from curation.domain.duplicates.profiles import Places, Profiles, profiled


def find_edges(
    texts: Sequence[str], threshold: float, tell: Callable[[int, int], None] = lambda done, of: None
) -> list[Pair]:
    """As few of find_pairs' pairs as make the same clusters: n - 1 for a cluster of n texts, sorted.

    Of identical texts each goes with the first one. Texts that are known to be in one cluster are not judged
    any more, so that 2,000 variants of one text take 1,999 edges and hardly more calls of the judge, instead
    of 2.0 million of both.

    Args:
        tell: Told now and then how much is done, of how much.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.
    """
    check_threshold(threshold)
    owners = owners_of(texts)
    profiles = profiled(owners)
    firsts = [owners[text][0] for text in profiles.texts]

    edges = [Pair(same[0], other, 1.0) for same in owners.values() for other in same[1:]]
    for row, column, score in _joining(profiles, threshold, tell):
        i, j = sorted((firsts[row], firsts[column]))
        edges.append(Pair(i, j, score))
    return sorted(edges)


def _joining(
    profiles: Profiles, threshold: float, tell: Callable[[int, int], None]
) -> Iterator[tuple[int, int, float]]:
    """(place, place, score) of pairs, each of which makes one cluster of two."""
    cluster = np.arange(len(profiles))  # of each place; the number is that of some place in it
    for row, columns in _likely(profiles, threshold, cluster, tell):
        apart = columns[cluster[columns] != cluster[row]]
        _, near, scores = cascade.scored(profiles, np.full(len(apart), row), profiles, apart, threshold)
        for column, score in zip(near.tolist(), scores.tolist(), strict=True):
            if cluster[column] != cluster[row]:
                cluster[cluster == cluster[column]] = cluster[row]
                yield row, column, score


def _likely(
    profiles: Profiles, threshold: float, cluster: Places, tell: Callable[[int, int], None]
) -> Iterator[tuple[int, Places]]:
    """A place and those that are likely near to it, unless a tile began with both in one cluster."""
    tiles = cascade.tiles(profiles)
    for tile in tiles:
        tell(tile, len(tiles))
        for rows, columns in cascade.candidates(profiles, threshold, tile):
            apart = cluster[rows] != cluster[columns]
            rows, columns = cascade.likely(profiles, rows[apart], profiles, columns[apart], threshold)
            for start, stop in cascade.runs(rows):
                yield int(rows[start]), columns[start:stop]
