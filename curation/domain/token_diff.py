"""Two texts side by side, and which characters of a line the other side lacks.

Lines are matched first; between two matches each line is put beside the one it resembles most, and only such
a pair is compared token by token. Every step has a limit, past which whole lines count as changed, so that a
text of 64 kB takes less than a second, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

MOST_LINES = 2_000  # a side; the rest is not shown, and counted
MOST_TOKENS = 400  # of a line; a longer line is changed as a whole
MOST_MATCHED = 10_000  # items a side that are matched one by one; beyond, only how both begin and end
LARGEST_BLOCK = 80  # lines a side; a larger block is put side by side in order
LEAST_ALIKE = 0.4  # lines that share less are two lines, not one that changed

_TOKEN = re.compile(r"\w+[$%!]?|\s+|[^\w\s]")


@dataclass(frozen=True)
class Line:
    """`marks` are (from, to) in characters of `text`: what the other side does not have."""

    number: int  # counted from 1
    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of each side, or a line that only one side has."""

    left: Line | None
    right: Line | None

    @property
    def same(self) -> bool:
        return self.left is not None and self.right is not None and self.left.text == self.right.text


@dataclass(frozen=True)
class Diff:
    rows: tuple[Row, ...]
    left_out: int  # lines past MOST_LINES, of both sides together


def diff(left: str, right: str) -> Diff:
    """Compare two texts by line, then by token. Joined, the lines of a side give that text back."""
    return diff_lines(left.split("\n"), right.split("\n"))


def diff_lines(left: Sequence[str], right: Sequence[str]) -> Diff:
    """The same for lines; a side may have none."""
    a, b = left[:MOST_LINES], right[:MOST_LINES]
    return Diff(tuple(_rows(a, b)), len(left) - len(a) + len(right) - len(b))


def _rows(a: Sequence[str], b: Sequence[str]) -> Iterator[Row]:
    i = j = 0
    for same_i, same_j in [*_matches(a, b), (len(a), len(b))]:
        yield from _block(a, b, range(i, same_i), range(j, same_j))
        if same_i < len(a):
            yield Row(Line(same_i + 1, a[same_i]), Line(same_j + 1, b[same_j]))
        i, j = same_i + 1, same_j + 1


def equal_runs(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int]]:
    """What two sides have in common, in order, as (place in a, place in b, length).

    A longest common subsequence, except where more than MOST_MATCHED items differ.
    """
    first = same_start(a, b)
    last = same_start(a[first:][::-1], b[first:][::-1])
    ends = len(a) - last, len(b) - last
    runs = [(0, 0, first)]
    if max(ends) - first <= MOST_MATCHED:
        numbers: dict[str, int] = {}
        inner = [
            [numbers.setdefault(item, len(numbers)) for item in side[first:end]]
            for side, end in zip((a, b), ends, strict=True)
        ]
        runs += [
            (first + block.src_start, first + block.dest_start, block.src_end - block.src_start)
            for block in Indel.opcodes(*inner)
            if block.tag == "equal"
        ]
    return [run for run in (*runs, (*ends, last)) if run[2]]


def same_start(a: Sequence[str], b: Sequence[str]) -> int:
    """With how many equal items both sides begin."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _matches(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The places of a longest common subsequence, each by itself."""
    return [(i + n, j + n) for i, j, length in equal_runs(a, b) for n in range(length)]


def _block(a: Sequence[str], b: Sequence[str], left: range, right: range) -> Iterator[Row]:
    """The lines between two that are the same."""
    i, j = left.start, right.start
    for near_i, near_j in [*_nearest(a, b, left, right), (left.stop, right.stop)]:
        yield from (Row(_whole(a, n), None) for n in range(i, near_i))
        yield from (Row(None, _whole(b, n)) for n in range(j, near_j))
        if near_i < left.stop:
            yield _compared(a, b, near_i, near_j)
        i, j = near_i + 1, near_j + 1


def _nearest(a: Sequence[str], b: Sequence[str], left: range, right: range) -> list[tuple[int, int]]:
    """Pairs of lines, in order on both sides, whose likenesses have the largest sum."""
    if not left or not right:
        return []
    if max(len(left), len(right)) > LARGEST_BLOCK:
        return list(zip(left, right, strict=False))
    texts = [a[n][:2000].casefold() for n in left], [b[n][:2000].casefold() for n in right]
    alike = process.cdist(*texts, scorer=Indel.normalized_similarity, dtype=np.float64)
    alike[alike < LEAST_ALIKE] = 0.0
    best = np.zeros((len(left) + 1, len(right) + 1))
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            best[i, j] = max(best[i + 1, j], best[i, j + 1], best[i + 1, j + 1] + alike[i, j])
    pairs = []
    i = j = 0
    while i < len(left) and j < len(right):
        if alike[i, j] and best[i, j] == best[i + 1, j + 1] + alike[i, j]:
            pairs.append((left[i], right[j]))
            i, j = i + 1, j + 1
        elif best[i, j] == best[i + 1, j]:
            i += 1
        else:
            j += 1
    return pairs


def _whole(side: Sequence[str], n: int) -> Line:
    text = side[n]
    return Line(n + 1, text, ((0, len(text)),) if text else ())


def _compared(a: Sequence[str], b: Sequence[str], i: int, j: int) -> Row:
    """Two lines that became one another, token by token."""
    first, second = _TOKEN.findall(a[i]), _TOKEN.findall(b[j])
    if max(len(first), len(second)) > MOST_TOKENS:
        return Row(_whole(a, i), _whole(b, j))
    kept = _matches(first, second)
    lefts, rights = {n for n, _ in kept}, {n for _, n in kept}
    return Row(Line(i + 1, a[i], _marks(first, lefts)), Line(j + 1, b[j], _marks(second, rights)))


def _marks(tokens: Sequence[str], kept: set[int]) -> tuple[tuple[int, int], ...]:
    """Where the tokens stand that are not kept; neighbours are one mark."""
    marks: list[tuple[int, int]] = []
    at = 0
    for n, token in enumerate(tokens):
        end = at + len(token)
        if n not in kept:
            if marks and marks[-1][1] == at:
                marks[-1] = (marks[-1][0], end)
            else:
                marks.append((at, end))
        at = end
    return tuple(marks)
