"""What people still have to decide about near-duplicates, and how well a threshold has done so far.

Clusters are derived from bonds, each time anew: nothing that is stored can contradict a decision.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

Ids = tuple[int, int]  # of two examples, the smaller one first

# A text counts as near from `threshold` on, and code, which resembles other code by nature, from CODE_STEP
# above it. So the rule of the split, .85 and .95 (docs/decisions/0005), is the step .85.
LOWEST, CODE_STEP = 0.80, 0.10
STEPS = tuple(round(0.80 + n / 100, 2) for n in range(21))
_Z95 = 1.959963984540054  # of the normal distribution, two-sided 95 %


def level_of_text(score: float) -> float:
    """The highest threshold at which two texts of this likeness are near."""
    return score


def level_of_code(score: float) -> float:
    """The same of code. Code that is the same is near at every threshold."""
    return 1.0 if score >= 1.0 else round(score - CODE_STEP, 9)


def code_threshold(threshold: float) -> float:
    """From which likeness on code is near at this threshold."""
    return min(1.0, round(threshold + CODE_STEP, 6))


@dataclass(frozen=True)
class Bond:
    """Each example of `left` is alike to each of `right`, up to a threshold of `level`.

    With `left` is `right` they are alike among themselves. A bond of n identical texts is one bond and not
    n² pairs; 2,000 of them would be 2.0 million.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    level: float


@dataclass(frozen=True)
class Edge:
    a: int
    b: int
    level: float


def edges_of(bonds: Iterable[Bond], distinct: Collection[Ids]) -> list[Edge]:
    """Few edges that connect what the bonds connect, at every threshold, without the pairs judged distinct.

    An example about which nobody judged stands for all such others: one edge leads there and not one to each.
    """
    apart: dict[int, set[int]] = {}
    for a, b in distinct:
        apart.setdefault(a, set()).add(b)
        apart.setdefault(b, set()).add(a)
    edges: dict[Ids, float] = {}

    def connect(a: int, b: int, level: float) -> None:
        if a != b and b not in apart.get(a, ()):
            key = (min(a, b), max(a, b))
            edges[key] = max(edges.get(key, 0.0), level)

    for bond in bonds:
        free_left = next((a for a in bond.left if apart.get(a, set()).isdisjoint(bond.right)), None)
        free_right = next((b for b in bond.right if apart.get(b, set()).isdisjoint(bond.left)), None)
        if free_left is not None and free_right is not None:
            # Free of judgements, each reaches all of the other side, so these stars connect everybody.
            for b in bond.right:
                connect(free_left, b, bond.level)
            for a in bond.left:
                connect(a, free_right, bond.level)
        else:
            for a in bond.left:
                for b in bond.right:
                    connect(a, b, bond.level)
    return [Edge(a, b, level) for (a, b), level in sorted(edges.items())]


@dataclass(frozen=True)
class Cluster:
    members: tuple[int, ...]  # ascending; the first one names the cluster
    edges: tuple[Edge, ...]

    @property
    def level(self) -> float:
        return max(edge.level for edge in self.edges)


def clusters_of(edges: Iterable[Edge], threshold: float) -> list[Cluster]:
    """Examples that a chain of near edges connects; the most alike first, then the largest."""
    near = [edge for edge in edges if edge.level >= threshold]
    union = _Union()
    for edge in near:
        union.join(edge.a, edge.b)
    members: dict[int, list[int]] = {}
    for one in union.known():
        members.setdefault(union.find(one), []).append(one)
    inside: dict[int, list[Edge]] = {}
    for edge in near:
        inside.setdefault(union.find(edge.a), []).append(edge)
    found = [Cluster(tuple(sorted(some)), tuple(inside[root])) for root, some in members.items()]
    return sorted(found, key=lambda c: (-c.level, -len(c.members), c.members[0]))


def counts_by_step(edges: Iterable[Edge]) -> dict[float, tuple[int, int]]:
    """For each threshold of STEPS: how many clusters there are, and how many examples in them."""
    waiting = sorted(edges, key=lambda edge: edge.level)
    union = _Union()
    counts = {}
    for step in reversed(STEPS):
        while waiting and waiting[-1].level >= step:
            edge = waiting.pop()
            union.join(edge.a, edge.b)
        counts[step] = (union.groups, len(union.known()))
    return {step: counts[step] for step in STEPS}


class _Union:
    """Union-find over what was joined; `groups` counts the sets that result."""

    def __init__(self) -> None:
        self._leader: dict[int, int] = {}
        self.groups = 0

    def known(self) -> Collection[int]:
        return self._leader.keys()

    def find(self, one: int) -> int:
        while self._leader[one] != one:
            self._leader[one] = self._leader[self._leader[one]]
            one = self._leader[one]
        return one

    def join(self, a: int, b: int) -> None:
        fresh = [one for one in (a, b) if one not in self._leader]
        self._leader.update({one: one for one in fresh})
        first, second = self.find(a), self.find(b)
        if len(fresh) == 2:
            self.groups += 1
        elif not fresh and first != second:
            self.groups -= 1
        self._leader[max(first, second)] = min(first, second)


@dataclass(frozen=True)
class Candidate:
    """What decides which example of a cluster is worth keeping."""

    example: int
    sound: bool  # the check is not certain that its code is broken
    approved: bool
    length: int  # characters
    created_at: datetime


def by_worth(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first: sound code, then approved, then longer, then older."""
    return sorted(candidates, key=lambda c: (not c.sound, not c.approved, -c.length, c.created_at, c.example))


@dataclass(frozen=True)
class Precision:
    """Of the pairs that people judged and that are near at a threshold: how many are duplicates.

    `low` and `high` are Wilson's 95 % interval; (0, 1) when nobody judged such a pair. People do not judge a
    random sample, so it speaks of the judged pairs only.
    """

    duplicates: int
    judged: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        return self.duplicates / self.judged if self.judged else None


def precision(judged: Sequence[tuple[float, bool]], threshold: float) -> Precision:
    """`judged`: the level of each judged pair, and whether it is a duplicate."""
    verdicts = [duplicate for level, duplicate in judged if level >= threshold]
    low, high = wilson(sum(verdicts), len(verdicts))
    return Precision(sum(verdicts), len(verdicts), low, high)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of nothing.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927). A test compares it with scipy's, whose import
    alone would take a page most of a second.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = successes / n, _Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
