"""From all pairs to those that rapidfuzz must judge, and its word on them. Nothing true is lost on the way.

The steps stand in the order of growing cost, and each bounds what two texts have in common from above
(`profiles` says why): the lengths; the characters in 32 bins, for a whole tile of pairs at once; the
characters in 64 bins; the longest common subsequence of the texts reduced to one part of the alphabet after
the other. What is left is for the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel, LCSseq

from curation.domain.duplicates.profiles import Places, Profiles, Strings

_ROWS = 64  # of a tile
_AREA = 131_072  # of a tile; what is computed of it fits the processor's cache
_MANY = 16  # candidates of one text, from which on asking for it once is faster than pair by pair
_SLACK = 1e-6  # characters; float64 never errs by as much

# Places of one, places of the other, float64 scores: [pairs] each.
Found = tuple[Places, Places, NDArray[np.float64]]


def tiles(profiles: Profiles) -> range:
    """The numbers of the tiles that all pairs of these texts are divided into."""
    return range(-(-len(profiles) // _ROWS))


def within(profiles: Profiles, threshold: float, tile: int) -> Iterator[Found]:
    """The pairs of a tile, as places i < j, that are similar enough."""
    for rows, columns in candidates(profiles, threshold, tile):
        yield judged(profiles, rows, profiles, columns, threshold)


def candidates(profiles: Profiles, threshold: float, tile: int) -> Iterator[tuple[Places, Places]]:
    """The pairs of a tile, as places i < j, that may be similar enough. They are ordered by i."""
    start = _ROWS * tile
    for rows, columns in _common_enough(
        profiles, slice(start, start + _ROWS), profiles, start + 1, threshold
    ):
        later = columns > rows
        yield rows[later], columns[later]


def across(asked: Profiles, profiles: Profiles, threshold: float) -> Iterator[Found]:
    """Pairs of a place in `asked`, which holds one text, and one in `profiles` that are similar enough."""
    shortest = asked.lengths[0] * threshold / (2 - threshold) - _SLACK
    first = int(np.searchsorted(profiles.lengths, shortest))
    for rows, columns in _common_enough(asked, slice(0, 1), profiles, first, threshold):
        yield judged(asked, rows, profiles, columns, threshold)


def _common_enough(
    a: Profiles, rows: slice, b: Profiles, first: int, threshold: float
) -> Iterator[tuple[Places, Places]]:
    """Pairs of a place in `rows` and one from `first` on that have enough in common, counted coarsely."""
    lengths, counts = a.lengths[rows], a.coarse[:, rows, np.newaxis]
    last = int(np.searchsorted(b.lengths, lengths[-1] * (2 - threshold) / threshold + _SLACK, side="right"))
    width = _AREA // len(lengths)
    needed_of_rows = _share(lengths, threshold).astype(counts.dtype)[:, np.newaxis]
    for start in range(first, last, width):
        columns = slice(start, min(start + width, last))
        needed_of_columns = _share(b.lengths[columns], threshold).astype(counts.dtype)
        surplus = np.repeat(-needed_of_columns[np.newaxis], len(lengths), axis=0)
        smaller = np.empty_like(surplus)
        for of_rows, of_columns in zip(counts, b.coarse[:, columns], strict=True):
            np.minimum(of_columns, of_rows, out=smaller)
            surplus += smaller
        row, column = np.divmod(np.flatnonzero(surplus >= needed_of_rows), columns.stop - start)
        yield row + rows.start, column + start


def _share(lengths: NDArray[np.int64], threshold: float) -> NDArray[np.float64]:
    """What texts of these lengths add to the common characters that a pair needs, rounded down."""
    return np.floor(threshold * lengths / 2)


def may_match(a: Profiles, rows: Places, b: Profiles, columns: Places, threshold: float) -> NDArray[np.bool_]:
    """For each pair (rows[k], columns[k]), whether it has enough characters in common."""
    needed = _needed(a, rows, b, columns, threshold)
    found = np.minimum(a.lengths[rows], b.lengths[columns]) >= needed
    at = np.flatnonzero(found)
    common = np.minimum(a.counts[rows[at]], b.counts[columns[at]])
    found[at] = common.sum(axis=1, dtype=common.dtype) >= needed[at]
    return found


def _needed(a: Profiles, rows: Places, b: Profiles, columns: Places, threshold: float) -> NDArray[np.float64]:
    """How long the common subsequence of each pair must be."""
    return threshold * (a.lengths[rows] + b.lengths[columns]) / 2 - _SLACK


def judged(a: Profiles, rows: Places, b: Profiles, columns: Places, threshold: float) -> Found:
    """Those of the pairs (rows[k], columns[k]) that are similar enough, with their scores.

    Equal rows should stand together; that makes it faster.
    """
    rows, columns = likely(a, rows, b, columns, threshold)
    return scored(a, rows, b, columns, threshold)


def likely(
    a: Profiles, rows: Places, b: Profiles, columns: Places, threshold: float
) -> tuple[Places, Places]:
    """Those of the pairs (rows[k], columns[k]) that all bounds leave; most of them are similar enough."""
    kept = may_match(a, rows, b, columns, threshold)
    rows, columns = rows[kept], columns[kept]
    common = np.minimum(a.counts[rows], b.counts[columns])
    bound = common.sum(axis=1, dtype=common.dtype)
    needed = _needed(a, rows, b, columns, threshold)
    for number, part in enumerate(a.alphabet.parts):
        in_any_order = common[:, part.bins].sum(axis=1, dtype=common.dtype)
        in_order = _scores(
            a.reduced(number, rows), rows, b.reduced(number, columns), columns, LCSseq.similarity
        )
        bound = bound - in_any_order + in_order
        kept = bound >= needed
        rows, columns, common, bound, needed = (x[kept] for x in (rows, columns, common, bound, needed))
    return rows, columns


def scored(a: Profiles, rows: Places, b: Profiles, columns: Places, threshold: float) -> Found:
    """Those of the pairs (rows[k], columns[k]) that the judge finds similar enough, with their scores."""
    # rapidfuzz rounds the cutoff and so loses pairs that are exactly at it: "aa", "aaa" at 0.8.
    cutoff = max(0.0, threshold - 1e-5)
    scores = _scores(a.texts, rows, b.texts, columns, Indel.normalized_similarity, cutoff)
    kept = scores >= threshold
    return rows[kept], columns[kept], scores[kept]


def _scores(
    left: Strings,
    rows: Places,
    right: Strings,
    columns: Places,
    scorer: Callable[..., float],
    cutoff: float | None = None,
) -> NDArray[np.float64]:
    """scorer(left[rows[k]], right[columns[k]]) for each k, or 0 where that is below the cutoff."""
    others = right[columns].tolist()
    stretches = list(runs(rows))
    if len(others) < _MANY * len(stretches):
        return process.cpdist(
            left[rows].tolist(), others, scorer=scorer, score_cutoff=cutoff, dtype=np.float64
        )
    found = np.empty(len(others))
    for start, stop in stretches:
        found[start:stop] = process.cdist(
            [left[rows[start]]], others[start:stop], scorer=scorer, score_cutoff=cutoff, dtype=np.float64
        )
    return found


def runs(rows: Places) -> Iterator[tuple[int, int]]:
    """(start, stop) of each stretch of equal places."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1)).tolist()
    return pairwise([*starts, len(rows)])
