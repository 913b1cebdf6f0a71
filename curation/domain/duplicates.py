"""Near-duplicates by rapidfuzz's normalised Indel similarity: exact, equal to brute force over all pairs.

`find_pairs` and `Index` compare the texts as given; `normalise` and `normalise_code` make them comparable.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

WHOLE_THRESHOLD = 0.85
CODE_THRESHOLD = 0.95
LEAST_CODE_TOKENS = 40  # shorter code is alike by chance

_REM = re.compile(r"(?im)(^|;)\s*rem(?=\s|$).*$")
_LINE_NUMBER = re.compile(r"(?m)^\s*\d{1,5}\s+")
_CODE_TOKEN = re.compile(r'"[^"\n]*"?|[a-z_]\w*[$%!]?|\d+|[^\w\s]')
_BINS = 64


@dataclass(frozen=True, order=True)
class Pair:
    """Texts i and j, i < j, with their similarity in 0..1."""

    i: int
    j: int
    score: float


@dataclass(frozen=True)
class Match:
    i: int
    score: float


def normalise(text: str) -> str:
    """Casefolded, with every run of blanks and line breaks as one blank."""
    return " ".join(text.casefold().split())


def normalise_code(code: str) -> str:
    """The token sequence of BBj code, joined by blanks: comments, line numbers, case and layout do not count."""
    bare = _REM.sub(r"\1", _LINE_NUMBER.sub("", code)).casefold()
    return " ".join(_CODE_TOKEN.findall(bare))


def find_pairs(texts: Sequence[str], threshold: float) -> list[Pair]:
    """Every pair of texts with a similarity of at least `threshold`, sorted.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.

    Identical texts are compared once. For the rest each step is a lower bound on the Indel distance, so no
    true pair is lost: the lengths, then the character histograms, then the distance itself.
    """
    _check(threshold)
    groups: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        groups[text].append(index)
    index = Index(list(groups))
    members = list(groups.values())

    pairs = [Pair(a, b, 1.0) for same in members for n, a in enumerate(same) for b in same[n + 1 :]]
    for row in range(len(index.texts)):
        for other, score in index.near(row, threshold):
            pairs += [Pair(min(a, b), max(a, b), score) for a in members[row] for b in members[other]]
    return sorted(pairs)


class Index:
    """Texts that can be asked for near matches of another one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self._order = sorted(range(len(self.texts)), key=lambda i: len(self.texts[i]))
        self._lengths = [len(self.texts[i]) for i in self._order]
        self._place = {i: place for place, i in enumerate(self._order)}
        self._histograms = np.array([_histogram(self.texts[i]) for i in self._order], np.int32).reshape(-1, _BINS)

    def query(self, text: str, threshold: float) -> list[Match]:
        """The indexed texts at least `threshold` similar to `text`, best first."""
        _check(threshold)
        least = bisect_left(self._lengths, int(len(text) * threshold / (2 - threshold)))
        found = self._matches(text, _histogram(text), least, threshold)
        return sorted((Match(i, score) for i, score in found), key=lambda m: (-m.score, m.i))

    def near(self, row: int, threshold: float) -> list[tuple[int, float]]:
        """Matches of the indexed text `row` among those that come after it by length."""
        place = self._place[row]
        return self._matches(self.texts[row], self._histograms[place], place + 1, threshold)

    def _matches(self, text: str, histogram: np.ndarray, start: int, threshold: float) -> list[tuple[int, float]]:
        most = bisect_right(self._lengths, int(len(text) * (2 - threshold) / threshold + 1e-6))
        if start >= most:
            return []
        # histograms: int32 [candidates, bins]; their L1 distance never exceeds the Indel distance
        apart = np.abs(self._histograms[start:most] - histogram).sum(axis=1)
        allowed = (1 - threshold) * (np.array(self._lengths[start:most]) + len(text)) + 1e-6
        candidates = [self._order[start + n] for n in np.flatnonzero(apart <= allowed)]
        if not candidates:
            return []
        scores = process.cdist(
            [text],
            [self.texts[i] for i in candidates],
            scorer=Indel.normalized_similarity,
            score_cutoff=threshold,
            dtype=np.float64,
        )[0]
        return [(i, float(score)) for i, score in zip(candidates, scores, strict=True) if score >= threshold]


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


def _histogram(text: str) -> np.ndarray:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.bincount(codes % _BINS, minlength=_BINS).astype(np.int32)


def _check(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold={threshold} is outside 0 < t <= 1; 0.85 is the default")
