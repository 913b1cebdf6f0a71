"""Intervals over tasks: Wilson for one answer a task, a bootstrap over tasks for more."""

from __future__ import annotations

import pytest

from training.domain.intervals import over_tasks


def test_one_answer_a_task_gives_wilsons_interval():
    found = over_tasks([(1, 1)] * 8 + [(0, 1)] * 2)

    # Wilson (1927) for 8 of 10 at 95 %: 0.4902 to 0.9433.
    assert found.value == 0.8
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)
    assert found.method == "Wilson"


def test_answers_to_one_task_are_no_independent_trials():
    ten_tasks = [(10, 10)] * 5 + [(0, 10)] * 5

    clustered = over_tasks(ten_tasks)
    as_if_independent = over_tasks([(1, 1)] * 50 + [(0, 1)] * 50)

    assert clustered.value == as_if_independent.value == 0.5
    assert clustered.high - clustered.low > 2 * (as_if_independent.high - as_if_independent.low)


def test_the_same_answers_give_the_same_interval_each_time():
    results = [(1, 2), (0, 2), (2, 2), (1, 2)]

    assert over_tasks(results) == over_tasks(results)


@pytest.mark.parametrize(
    ("results", "value"), [([(0, 3)] * 4, 0.0), ([(1, 2)] * 4, 0.5), ([(3, 3)] * 4, 1.0)]
)
def test_unanimous_tasks_still_leave_doubt(results, value):
    found = over_tasks(results)

    assert found.value == value
    assert found.high - found.low > 0.3


def test_no_tasks_have_no_share():
    with pytest.raises(ValueError, match="at least one task"):
        over_tasks([])
