"""Texts that can be asked for near matches, and changed one by one."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np

from curation.domain.duplicates import cascade
from curation.domain.duplicates.grouping import owners_of, pairs_of_owners
from curation.domain.duplicates.matches import Match, Pair, check_threshold
from curation.domain.duplicates.profiles import profiled

_SHORTEST_TAIL = 64


def find_pairs(texts: Sequence[str], threshold: float) -> list[Pair]:
    """Every pair of texts with a similarity of at least `threshold`, sorted.

    Exact: equal to judging all pairs with rapidfuzz.distance.Indel.normalized_similarity in float64. Texts
    are compared as given. n identical ones make n (n - 1) / 2 pairs; `find_edges` tells of them with n - 1.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.
    """
    return Index(texts).pairs(threshold)


class Index:
    """Texts under numbers, the first ones under 0, 1, 2 …, as exact as find_pairs.

    Identical texts are compared once. Most texts are in a base, in order of length; what was added since is
    in a tail, and what was removed is skipped. When the tail has more texts than the square root of the base,
    both become a new base. So an edit costs little more than a query, and no answer depends on the order of
    edits.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = dict(enumerate(texts))
        self._next = len(texts)
        self._owners = owners_of(texts)
        self._profile()

    def _profile(self) -> None:
        self._base = profiled(self._owners)
        self._tail = profiled([], self._base.alphabet)
        self._profiled = len(self._base)

    def _rebuild(self) -> None:
        self._owners = {text: owners for text, owners in self._owners.items() if owners}
        if len(self._owners) > 2 * self._profiled:  # the alphabet is of too few of them to serve all well
            self._profile()
            return
        both = self._base.joined(self._tail)
        self._base = both.where(np.fromiter((text in self._owners for text in both.texts), bool, len(both)))
        self._tail = profiled([], self._base.alphabet)

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> int:
        """Returns the number of the new text; numbers are never given again."""
        i, self._next = self._next, self._next + 1
        self._put(i, text)
        return i

    def remove(self, i: int) -> None:
        """Raises: KeyError: There is no text i."""
        self._owners[self._texts.pop(i)].remove(i)

    def replace(self, i: int, text: str) -> None:
        """Raises: KeyError: There is no text i."""
        self.remove(i)
        self._put(i, text)

    def _put(self, i: int, text: str) -> None:
        self._texts[i] = text
        is_new = text not in self._owners
        self._owners.setdefault(text, []).append(i)
        if is_new:
            self._tail = self._tail.joined(profiled([text], self._base.alphabet))
            if len(self._tail) > max(_SHORTEST_TAIL, isqrt(len(self._base))):
                self._rebuild()

    def query(self, text: str, threshold: float) -> list[Match]:
        """The texts at least `threshold` similar to `text`, best first.

        Raises:
            ValueError: threshold is outside 0 < t <= 1.
        """
        check_threshold(threshold)
        asked = profiled([text], self._base.alphabet)
        matches = [
            Match(i, score)
            for profiles in (self._base, self._tail)
            for _, columns, scores in cascade.across(asked, profiles, threshold)
            for place, score in zip(columns.tolist(), scores.tolist(), strict=True)
            for i in self._owners[profiles.texts[place]]
        ]
        return sorted(matches, key=lambda match: (-match.score, match.i))

    def near(self, i: int, threshold: float) -> list[Match]:
        """The other texts at least `threshold` similar to text i, best first.

        Raises:
            KeyError: There is no text i.
            ValueError: threshold is outside 0 < t <= 1.
        """
        return [match for match in self.query(self._texts[i], threshold) if match.i != i]

    def pairs(self, threshold: float) -> list[Pair]:
        """All pairs at least `threshold` similar, as find_pairs gives them.

        Raises:
            ValueError: threshold is outside 0 < t <= 1.
        """
        check_threshold(threshold)
        if len(self._tail):
            self._rebuild()
        found = (
            part for tile in cascade.tiles(self._base) for part in cascade.within(self._base, threshold, tile)
        )
        return pairs_of_owners([self._owners[text] for text in self._base.texts], found)
