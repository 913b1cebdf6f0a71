"""The states of runs and stages, the order of stages, and which change of state is legal."""

from __future__ import annotations

from datetime import timedelta

STAGES = ("export", "pretrain", "instruct", "merge", "convert", "quantise", "package", "evaluate")
TRAINING_STAGES = ("pretrain", "instruct")  # those that may end early and still leave something

STATE_WORDS: dict[str, str] = {
    "queued": "waiting for a worker",
    "running": "running",
    "succeeded": "finished",
    "failed": "failed",
    "cancelled": "cancelled",
    "lost": "worker lost",
}

# running → lost → queued is the way of a run whose worker died; the rest ends where it ends.
_NEXT: dict[str, frozenset[str]] = {
    "queued": frozenset({"running", "cancelled", "failed"}),
    "running": frozenset({"succeeded", "failed", "cancelled", "lost"}),
    "lost": frozenset({"queued", "failed", "cancelled"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}

TERMINAL = frozenset(state for state, after in _NEXT.items() if not after)

MAX_ATTEMPTS = 3
REQUEUE_DELAYS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_WORTH_ANOTHER_TRY = frozenset({"lost"})


def may_become(old: str, new: str) -> bool:
    """True when a run or stage in state `old` may change to `new`. A terminal state never changes.

    Raises:
        ValueError: either word is not a state.
    """
    for state in (old, new):
        if state not in _NEXT:
            raise ValueError(f'state "{state}" is not one of {", ".join(_NEXT)}')
    return new in _NEXT[old]


def states_before(new: str) -> tuple[str, ...]:
    """All states from which `new` may be reached: the WHERE of the UPDATE that enters it."""
    return tuple(old for old in _NEXT if may_become(old, new))


def may_retry(code: str, attempt: int, *, kills: int = 0) -> bool:
    """True when a run that ended with this failure code is worth another try without a person.

    Args:
        code: A failure code (training.domain.failure.FAILURES).
        attempt: How often the run was claimed so far, counted from 1.
        kills: How often this run ended with process_killed before; only the first one is retried.
    """
    if attempt >= MAX_ATTEMPTS:
        return False
    return code in _WORTH_ANOTHER_TRY or (code == "process_killed" and kills == 0)


def retry_delay(attempt: int) -> timedelta:
    """How long a run waits before its next try, after `attempt` (1, 2, …) claims: 1, 5, 15 minutes."""
    return REQUEUE_DELAYS[min(max(attempt, 1), len(REQUEUE_DELAYS)) - 1]
