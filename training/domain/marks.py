"""What counts as right and as a failure, by the mark of the task (curation.domain.tasks.MARKS)."""

from __future__ import annotations

from curation.domain.tasks import MEANT_TO_FAIL, PROGRAM

# Mark -> the outcome that is right. A fragment has none: it is no program, so it is put to no model.
RIGHT = {PROGRAM: "compiled", MEANT_TO_FAIL: "compile_error"}
OTHERWISE_FAILED = ("compile_timeout", "no_code", "truncated")  # whatever the mark says
FAILURES = {
    PROGRAM: ("compile_error", *OTHERWISE_FAILED),
    MEANT_TO_FAIL: ("compiled", *OTHERWISE_FAILED),
}


def is_right(mark: str, outcome: str) -> bool:
    return RIGHT.get(mark) == outcome


def is_failure(mark: str, outcome: str) -> bool:
    """Whether there is something to teach. What could not be judged is neither right nor a failure."""
    return outcome in FAILURES.get(mark, ())
