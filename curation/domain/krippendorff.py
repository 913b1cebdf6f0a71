"""Krippendorff's alpha for nominal data: how far people agree beyond what chance would give.

Source: Klaus Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A to C;
https://repository.upenn.edu/asc_papers/43. The bounds .667 and .800 are those of his "Content Analysis".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RELIABLE, TENTATIVE = 0.8, 0.667
DRAWS, SEED = 2000, 1  # of the bootstrap: the same data gives the same interval
MOST_UNDEFINED = 0.05  # share of draws without an alpha from which on there is no interval
ROUGH_BELOW = 30  # units; an interval from fewer says little
FEW_BELOW = 5  # units; from fewer not even the value says anything

_UNDEFINED = {
    "no data": "No text has two votes on this yet.",
    "no variation": (
        "Everybody gave the same answer every time. Alpha compares agreement with chance, and without a "
        "second answer there is no chance to compare with: this is no proof of agreement."
    ),
}

Word = Literal["reliable", "tentative", "not reliable", "too few", "no variation", "no data"]


@dataclass(frozen=True)
class Alpha:
    """Agreement on one question.

    Attributes:
        value: 1 is perfect, 0 is chance, below is worse; None where it is not defined.
        low, high: 95 % interval, by drawing units anew; None where there is none to give.
        units: Texts with two votes or more.
        votes: Of these units.
        split: Units whose votes are not all the same.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int
    votes: int
    split: int

    @property
    def word(self) -> Word:
        """In a word. Reliable only when the low end of the interval is, too."""
        if not self.units:
            return "no data"
        if self.value is None:
            return "no variation"
        if self.units < FEW_BELOW:
            return "too few"
        if self.low is not None and self.low >= RELIABLE:
            return "reliable"
        return "tentative" if self.value >= TENTATIVE else "not reliable"

    @property
    def most_split(self) -> float:
        """Of which share of texts people may still disagree, at 95 %, when they never did in these."""
        return float(1 - 0.05 ** (1 / self.units))


def measure(units: Iterable[Sequence[Hashable]]) -> Alpha:
    """Alpha of votes: for each unit what each person said of it. Units with fewer than two votes say nothing.

    Few kinds of unit occur, so a draw of units is a draw of how often each kind occurs.
    """
    kinds = Counter(frozenset(Counter(votes).items()) for votes in units if len(votes) > 1)
    if not kinds:
        return Alpha(None, None, None, 0, 0, 0)
    answers = {answer: n for n, answer in enumerate({answer for kind in kinds for answer, _ in kind})}
    counts = np.zeros((len(kinds), len(answers)))
    for row, kind in enumerate(kinds):
        for answer, votes in kind:
            counts[row, answers[answer]] = votes
    often = np.array(list(kinds.values()))
    n = int(often.sum())
    split = sum(times for kind, times in kinds.items() if len(kind) > 1)
    votes = int((often @ counts).sum())
    (value,) = _alphas(counts, often[np.newaxis, :])
    if np.isnan(value):
        return Alpha(None, None, None, n, votes, split)
    low, high = _interval(counts, often, n) if split else (None, None)
    return Alpha(float(value), low, high, n, votes, split)


def _alphas(counts: NDArray[np.float64], often: NDArray[np.int64]) -> NDArray[np.float64]:
    """alpha = 1 - observed / expected disagreement, for each row of `often`; nan without variation.

    Args:
        counts: Votes, kinds of unit × answers.
        often: How many units are of each kind, draws × kinds.
    """
    votes = counts.sum(axis=1)
    # Pairs of different values in a unit, each unit's pairs weighed by 1 / (votes - 1).
    differing = (votes**2 - (counts**2).sum(axis=1)) / (votes - 1)
    of_answer = often @ counts
    total = of_answer.sum(axis=1)
    expected = (total**2 - (of_answer**2).sum(axis=1)) / (total - 1)
    found = np.full(len(often), np.nan)
    varied = expected > 0
    found[varied] = 1 - (often @ differing)[varied] / expected[varied]
    return found


def _interval(
    counts: NDArray[np.float64], often: NDArray[np.int64], n: int
) -> tuple[float, float] | tuple[None, None]:
    draws = np.random.default_rng(SEED).multinomial(n, often / n, size=DRAWS)
    found = _alphas(counts, draws)
    defined = found[~np.isnan(found)]
    if len(defined) < (1 - MOST_UNDEFINED) * DRAWS:
        return None, None
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def reading(alpha: Alpha) -> str:
    """What a value means, for people who are no statisticians. Cautious."""
    if alpha.value is None:
        return _UNDEFINED[alpha.word]
    if alpha.units < FEW_BELOW:
        texts = "1 text" if alpha.units == 1 else f"{alpha.units} texts"
        return f"{texts} can say nothing about agreement: ask two reviewers for more."
    few = f" With {alpha.units} texts this is rough." if alpha.units < ROUGH_BELOW else ""
    if not alpha.split:
        return (
            f"No disagreement in {alpha.units} texts. It could still come up in as many as "
            f"{alpha.most_split:.0%} of texts: too few were judged twice to say more.{few}"
        )
    if alpha.low is None:
        return f"Too few answers differ to say how sure this is.{few}"
    if alpha.low >= RELIABLE:
        return f"Reviewers agree well beyond chance, and the low end is above {RELIABLE} too.{few}"
    if alpha.value >= RELIABLE:
        return f"Probably reliable, but it may be as low as {alpha.low:.2f}: judge more texts twice.{few}"
    if alpha.value >= TENTATIVE:
        low = f", and it may be as low as {alpha.low:.2f}" if alpha.low < TENTATIVE else ""
        return f"Between {TENTATIVE} and {RELIABLE}{low}: good for tentative conclusions only.{few}"
    if alpha.high is not None and alpha.high >= TENTATIVE:
        return f"Below {TENTATIVE}, though it may be up to {alpha.high:.2f}: do not rely on it yet.{few}"
    if alpha.value > 0:
        return f"Below {TENTATIVE}: better than chance, but not to be relied on. Talk the rule over.{few}"
    return f"No better than chance: reviewers seem to mean different things by it. Talk the rule over.{few}"
