"""One example that two people changed: what only one of them changed is taken, the rest a person chooses.

Lines are matched as in diffs (token_diff), with a limit, so that no text takes long. Nothing is dropped here:
the lines of each side, joined, give that side's text back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from curation.domain.token_diff import equal_runs, same_start

MOST_CONFLICTS = 100  # more than anybody chooses one by one: they become one, with all between them

Kind = Literal["unchanged", "alike", "theirs", "mine", "conflict"]
Choice = Literal["theirs", "mine", "both"]
CHOICES: tuple[Choice, ...] = ("theirs", "mine", "both")
Lines = tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """Lines of the three texts that belong together.

    `kind` is who changed them: nobody, both to the same, one of the two, or both differently.
    """

    kind: Kind
    base: Lines
    theirs: Lines
    mine: Lines

    def lines(self, choice: Choice = "both") -> Lines:
        """What stands in the merged text; `choice` counts in a conflict only. Both: theirs, then mine."""
        if self.kind != "conflict":
            return self.mine if self.kind == "mine" else self.theirs
        return {"theirs": self.theirs, "mine": self.mine, "both": self.theirs + self.mine}[choice]


def merge(base: str | None, theirs: str, mine: str) -> tuple[Piece, ...]:
    """The three texts as pieces, in order.

    Args:
        base: What both started from. None where nobody knows it: then each difference is a conflict.
    """
    a, b = theirs.split("\n"), mine.split("\n")
    z = base.split("\n") if base is not None else _common(a, b)
    pieces: list[Piece] = []
    z_at = a_at = b_at = 0
    for z_from, a_from, b_from, length in _agreed(z, a, b):
        between = tuple(z[z_at:z_from]), tuple(a[a_at:a_from]), tuple(b[b_at:b_from])
        pieces += _changed(*between, known=base is not None)
        if length:
            _append_unchanged(pieces, tuple(z[z_from : z_from + length]))
        z_at, a_at, b_at = z_from + length, a_from + length, b_from + length
    return _few_conflicts(pieces)


def conflicts(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.kind == "conflict"]


def merged(pieces: Sequence[Piece], choices: Sequence[Choice]) -> str:
    """The text that follows from one choice a conflict, in order.

    Raises:
        ValueError: Not as many choices as there are conflicts.
    """
    left = iter(choices)
    lines: list[str] = []
    for piece in pieces:
        if piece.kind != "conflict":
            lines += piece.lines()
        elif choice := next(left, None):
            lines += piece.lines(choice)
        else:
            raise ValueError("a conflict has no choice")
    if next(left, None):
        raise ValueError("more choices than conflicts")
    return "\n".join(lines)


def _agreed(
    base: Sequence[str], theirs: Sequence[str], mine: Sequence[str]
) -> Iterator[tuple[int, int, int, int]]:
    """The runs of lines that all three have, as (place in each, length), and an empty one at their ends."""
    left, right = equal_runs(base, theirs), equal_runs(base, mine)
    i = j = 0
    while i < len(left) and j < len(right):
        (one, in_theirs, n), (other, in_mine, m) = left[i], right[j]
        start, end = max(one, other), min(one + n, other + m)
        if start < end:
            yield start, in_theirs + start - one, in_mine + start - other, end - start
        if one + n < other + m:
            i += 1
        else:
            j += 1
    yield len(base), len(theirs), len(mine), 0


def _changed(base: Lines, theirs: Lines, mine: Lines, *, known: bool) -> Iterator[Piece]:
    """The piece between two that are unchanged; lines with which both sides of a conflict begin or end
    are no part of it."""
    if theirs == mine:
        if base or theirs:
            yield Piece("alike", base, theirs, mine)
    elif known and theirs == base:
        yield Piece("mine", base, theirs, mine)
    elif known and mine == base:
        yield Piece("theirs", base, theirs, mine)
    else:
        first = same_start(theirs, mine)
        last = same_start(theirs[first:][::-1], mine[first:][::-1])
        if first:
            yield Piece("alike", (), theirs[:first], mine[:first])
        yield Piece("conflict", base, theirs[first : len(theirs) - last], mine[first : len(mine) - last])
        if last:
            yield Piece("alike", (), theirs[-last:], mine[-last:])


def _append_unchanged(pieces: list[Piece], lines: Lines) -> None:
    if pieces and pieces[-1].kind == "unchanged":
        lines = pieces.pop().base + lines
    pieces.append(Piece("unchanged", lines, lines, lines))


def _few_conflicts(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    places = [n for n, piece in enumerate(pieces) if piece.kind == "conflict"]
    if len(places) <= MOST_CONFLICTS:
        return tuple(pieces)
    start, end = places[0], places[-1] + 1
    sides = [
        tuple(line for piece in pieces[start:end] for line in getattr(piece, side))
        for side in ("base", "theirs", "mine")
    ]
    return (*pieces[:start], Piece("conflict", *sides), *pieces[end:])


def _common(a: Sequence[str], b: Sequence[str]) -> list[str]:
    return [line for i, _, length in equal_runs(a, b) for line in a[i : i + length]]
