"""How states, outcomes and amounts are written on the training pages."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from training.domain.marks import is_failure, is_right

# The chip's class in studio.css; the word beside it says the same, so colour is never alone.
STATE_CHIPS = {"succeeded": "good", "failed": "bad", "running": "busy", "lost": "warn", "cancelled": "warn"}


def state_chip(state: str) -> str:
    return STATE_CHIPS.get(state, "")


def outcome_chip(outcome: str, mark: str) -> str:
    """Good is what the mark of the task asks for: of an answer that is meant to fail, that it is refused."""
    if is_right(mark, outcome):
        return "good"
    return "bad" if is_failure(mark, outcome) else "warn"


def duration(seconds: float) -> str:
    """ "8 s", "3 min 20 s", "2 h 05 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def elapsed(start: datetime | None, end: datetime | None) -> str:
    """From start to end, or till now; "" for what has not started."""
    return duration(((end or timezone.now()) - start).total_seconds()) if start else ""


def gpu(slot: str) -> str:
    """Of the name of a GPU slot: "GPU 0 of node7", or the machine alone when it trains on all it has."""
    machine, _, numbers = slot.rpartition(":")
    return machine if numbers == "all" else f"GPU {numbers} of {machine}"


def roughly(seconds: float) -> str:
    """ "less than a minute", "12 min", "3 h", "2 days": as exact as a guess may sound."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 36 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86400)} days"
