"""Near-duplicates by rapidfuzz's normalised Indel similarity: exact, equal to brute force over all pairs.

`find_pairs` and `Index` compare the texts as given; `normalise` and `normalise_code` make them comparable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

WHOLE_THRESHOLD = 0.85
CODE_THRESHOLD = 0.95
LEAST_CODE_TOKENS = 40  # shorter code is alike by chance

_CONTINUATION = re.compile(r"\n:")
_CODE_TOKEN = re.compile(r'"[^"\n]*"?|[^\W\d]\w*[$%!]?|\d+|[^\w\s]')
_BEFORE_A_STATEMENT = frozenset((";", ":", "then", "else"))
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
    """The token sequence of BBj code, joined by blanks: comments, line numbers, case and layout do not count.

    A line whose first column is ":" goes on with the one before. A blank inside a string becomes "·", so that
    splitting at blanks gives the tokens back.
    """
    tokens: list[str] = []
    for line in _CONTINUATION.sub("", code).casefold().split("\n"):
        found = _CODE_TOKEN.findall(line)
        if found and found[0].isdigit():
            del found[0]
        for place, token in enumerate(found):
            if token == "rem" and (place == 0 or found[place - 1] in _BEFORE_A_STATEMENT):
                del found[place:]
                break
        if found and found[-1] == ";":  # it separated the statement from the comment
            del found[-1]
        tokens += ("·".join(token.split()) for token in found)
    return " ".join(tokens)


def find_pairs(texts: Sequence[str], threshold: float) -> list[Pair]:
    """Every pair of texts with a similarity of at least `threshold`, sorted.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.

    Identical texts are compared once, all others as Index does it.
    """
    _check(threshold)
    groups: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        groups[text].append(i)
    index = Index(list(groups))
    members = list(groups.values())

    pairs = [Pair(a, b, 1.0) for same in members for n, a in enumerate(same) for b in same[n + 1 :]]
    for row in range(len(members)):
        for other, score in index.near(row, threshold):
            pairs += [Pair(min(a, b), max(a, b), score) for a in members[row] for b in members[other]]
    return sorted(pairs)


class Index:
    """Texts that can be asked for near matches of another one.

    Each step drops only what cannot reach the threshold, by a lower bound on the Indel distance: the lengths,
    the character histograms, then the distance of the texts reduced to some of their characters. The last one
    adds up: an insertion or deletion touches one character, so it counts in one of several disjoint sets.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self._order = sorted(range(len(self.texts)), key=lambda i: len(self.texts[i]))
        self._place = {i: place for place, i in enumerate(self._order)}
        ordered = [self.texts[i] for i in self._order]
        self._lengths = np.array([len(text) for text in ordered], np.int64)
        # int32 [texts, bins], in order of length like everything below
        self._histograms = np.array([_histogram(text) for text in ordered], np.int32).reshape(-1, _BINS)
        self._layers = [(bins, [_reduced(t, bins) for t in ordered]) for bins in _layers(self._histograms)]

    def query(self, text: str, threshold: float) -> list[Match]:
        """The indexed texts at least `threshold` similar to `text`, best first."""
        _check(threshold)
        least = int(np.searchsorted(self._lengths, int(len(text) * threshold / (2 - threshold))))
        found = self._matches(text, _histogram(text), least, threshold)
        return sorted((Match(i, score) for i, score in found), key=lambda m: (-m.score, m.i))

    def near(self, row: int, threshold: float) -> list[tuple[int, float]]:
        """(index, score) of what matches the indexed text `row` among those that come after it by length."""
        place = self._place[row]
        return self._matches(self.texts[row], self._histograms[place], place + 1, threshold)

    def _matches(
        self, text: str, histogram: np.ndarray, start: int, threshold: float
    ) -> list[tuple[int, float]]:
        longest = int(len(text) * (2 - threshold) / threshold + 1e-6)
        most = int(np.searchsorted(self._lengths, longest, side="right"))
        apart = np.abs(self._histograms[start:most] - histogram)
        bound = apart.sum(axis=1)
        allowed = (1 - threshold) * (self._lengths[start:most] + len(text)) + 1e-6
        rows = np.flatnonzero(bound <= allowed)
        for bins, reduced in self._layers:
            if not rows.size:
                return []
            mine, theirs = [_reduced(text, bins)], [reduced[start + row] for row in rows]
            distances = process.cdist(mine, theirs, scorer=Indel.distance, dtype=np.int64)[0]
            bound[rows] += distances - apart[rows][:, bins].sum(axis=1)
            rows = rows[bound[rows] <= allowed[rows]]
        found = [self._order[start + row] for row in rows]
        scores = process.cdist(
            [text],
            [self.texts[i] for i in found],
            scorer=Indel.normalized_similarity,
            # rapidfuzz rounds the cutoff and so loses pairs that are exactly at it: "aa", "aaa" at 0.8.
            score_cutoff=max(0.0, threshold - 1e-5),
            dtype=np.float64,
        )[0]
        return [(i, float(score)) for i, score in zip(found, scores, strict=True) if score >= threshold]


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
    """int32 [bins]; characters that share a bin only make the bound weaker."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.bincount(codes % _BINS, minlength=_BINS).astype(np.int32)


def _layers(histograms: np.ndarray) -> list[np.ndarray]:
    """Two disjoint sets of bins that hold about a fifth of all characters each: the rarest, then the next."""
    counts = histograms.sum(axis=0)
    rarest_first = np.argsort(counts, kind="stable")
    share = np.cumsum(counts[rarest_first]) / max(1, int(counts.sum()))
    ends = np.searchsorted(share, [0.22, 0.44])
    return [rarest_first[: ends[0]], rarest_first[ends[0] : ends[1]]]


def _reduced(text: str, bins: np.ndarray) -> str:
    """The characters of `text` that fall into these bins, in order."""
    kept = set(bins.tolist())
    return text.translate({ord(sign): None for sign in set(text) if ord(sign) % _BINS not in kept})


def _check(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold={threshold} is outside 0 < t <= 1; 0.85 is the default")
