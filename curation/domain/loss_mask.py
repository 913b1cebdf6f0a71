"""Which tokens of a row a training run learns, which it only reads, and which it never sees.

The rule of training.recipes.instruct: prompt and answer become one row; what the prompt alone and the whole
begin with alike is read and not learnt; a row is cut behind `limit` tokens. A test holds both against each
other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, NamedTuple

END_OF_TURN = "<|im_end|>"

Kind = Literal["prompt", "trained", "cut"]


@dataclass(frozen=True, slots=True)
class Mask:
    """
    Attributes:
        tokens: Of the whole row, before it is cut.
        start: How many at its beginning are never learnt: the prompt.
        limit: How many a run takes.
        end: Place of the token that ends the answer; -1 where there is none.
        refused: The prompt alone fills the limit: training refuses the row, and with it the run.
    """

    tokens: int
    start: int
    limit: int
    end: int
    refused: bool

    @property
    def kept(self) -> int:
        return min(self.tokens, self.limit)

    @property
    def trained(self) -> int:
        return max(self.kept - self.start, 0)

    @property
    def lost(self) -> int:
        """Tokens that the cut takes away."""
        return self.tokens - self.kept

    @property
    def ends(self) -> bool:
        """Whether the end of the answer is learnt: else the model is never taught to stop there."""
        return self.start <= self.end < self.kept

    def kind(self, place: int) -> Kind:
        if place >= self.kept:
            return "cut"
        return "trained" if place >= self.start else "prompt"


class Piece(NamedTuple):
    """Text that one token stands for; several where a character is cut into tokens."""

    text: str
    tokens: int
    kind: Kind


def mask(asked: Sequence[int], whole: Sequence[int], *, limit: int, end_token: int | None) -> Mask:
    """
    Args:
        asked: Tokens of the prompt alone, with the beginning of an answer.
        whole: Tokens of prompt and answer.
        end_token: Id of END_OF_TURN in this tokenizer.
    """
    same = takewhile(lambda pair: pair[0] == pair[1], zip(asked, whole, strict=False))
    start = sum(1 for _ in same)
    ends = (place for place in range(len(whole) - 1, start - 1, -1) if whole[place] == end_token)
    return Mask(len(whole), start, limit, next(ends, -1), len(asked) >= limit)


def pieces(text: str, offsets: Sequence[tuple[int, int]], mask: Mask) -> Iterator[Piece]:
    """The whole text token by token; joined, the pieces are the text again.

    Args:
        offsets: Where each token begins and ends in `text`. Tokens of one character share its place, and what
            stands between two tokens belongs to the later one.
    """
    done, tokens, kind = 0, 0, mask.kind(0)
    reach = 0
    for place, (_, end) in enumerate(offsets):
        if tokens and end > reach:
            yield Piece(text[done:reach], tokens, kind)
            done, tokens, kind = reach, 0, mask.kind(place)
        reach = max(reach, end)
        tokens += 1
    if tokens or text:
        yield Piece(text[done:], tokens, kind)
