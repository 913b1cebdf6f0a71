"""What a stage's metrics say is going wrong, while there is still time to stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from training.domain import metrics

RISES_IN_A_ROW = 3  # evaluations, each worse than the one before
RISE = 0.02  # of the lowest validation loss; less is noise
ENOUGH_POINTS = 30  # logged steps before a loss may be called stuck
FALL = 0.01  # of the first third's mean loss; less counts as no progress
NOT_A_NUMBER = ("nan", "inf", "-inf")  # as training.domain.run_folder stores them


def early_warnings(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each trouble, with what to do; empty when all looks well. `points` as in metrics.py."""
    drawn = metrics.curves(points)
    found = [_not_a_number(points), _rising(drawn.get("eval_loss", [])), _stuck(drawn.get("loss", []))]
    return [sentence for sentence in found if sentence]


def _not_a_number(points: Sequence[Mapping[str, Any]]) -> str:
    for point in points:
        for name in ("loss", "eval_loss", "grad_norm"):
            if str(point.get(name)).lower() in NOT_A_NUMBER:
                return (
                    f"{name} is {point[name]} at step {point.get('step')}: the training has broken down, and "
                    "more steps do not mend it. Stop it, and start again with a lower learning rate."
                )
    return ""


def _rising(series: Sequence[tuple[int, float]]) -> str:
    """The validation loss went up several times in a row, to clearly above its lowest value."""
    if len(series) <= RISES_IN_A_ROW:
        return ""
    newest = [value for _, value in series[-RISES_IN_A_ROW - 1 :]]
    step, lowest = min(series, key=lambda point: point[1])
    rises = all(a < b for a, b in pairwise(newest))
    if not rises or newest[-1] < lowest * (1 + RISE):
        return ""
    return (
        f"The validation loss has risen {RISES_IN_A_ROW} times in a row: {newest[-1]:.3g}, and it was "
        f"{lowest:.3g} at step {step}. The model learns the training examples by heart. "
        "Stop and keep what there is, or train fewer epochs."
    )


def _stuck(series: Sequence[tuple[int, float]]) -> str:
    """The training loss has not moved from where it began."""
    if len(series) < ENOUGH_POINTS:
        return ""
    third = len(series) // 3
    first = fmean(value for _, value in series[:third])
    last = fmean(value for _, value in series[-third:])
    if first <= 0 or last < first * (1 - FALL):
        return ""
    return (
        f"The training loss is stuck: {first:.3g} on average in the first third of the steps, {last:.3g} in "
        "the last. Stop it, and look at the learning rate and at the examples as the model sees them."
    )
