from __future__ import annotations

import pytest

from curation.domain.tasks import MARKS
from training.domain.marks import RIGHT, is_failure, is_right

OUTCOMES = ("compiled", "compile_error", "compile_timeout", "no_code", "truncated", "infrastructure")


@pytest.mark.parametrize(
    ("mark", "right"), [("program", "compiled"), ("meant-to-fail", "compile_error"), ("fragment", None)]
)
def test_one_outcome_is_right_by_the_mark(mark, right):
    assert [outcome for outcome in OUTCOMES if is_right(mark, outcome)] == ([right] if right else [])


@pytest.mark.parametrize("mark", RIGHT)
def test_whatever_was_judged_and_is_not_right_is_a_failure(mark):
    for outcome in OUTCOMES:
        judged = outcome != "infrastructure"
        assert is_failure(mark, outcome) == (judged and not is_right(mark, outcome))


def test_a_fragment_is_neither_right_nor_wrong_and_every_mark_is_known():
    assert not any(is_right("fragment", outcome) or is_failure("fragment", outcome) for outcome in OUTCOMES)
    assert set(MARKS) == {*RIGHT, "fragment"}
