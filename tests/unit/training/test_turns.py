"""Whose turn comes when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from training.domain.turns import expected_starts

seconds = st.one_of(st.none(), st.floats(0, 1e6))


def test_on_one_gpu_each_waits_for_all_before_it():
    assert expected_starts([60], [100, 30, 5]) == [60, 160, 190]


def test_two_gpus_take_the_next_as_each_becomes_free():
    assert expected_starts([60, 10], [100, 30, 5]) == [10, 60, 90]


def test_where_nothing_runs_the_first_starts_now():
    assert expected_starts([], [100, 30]) == [0, 100]


def test_behind_one_of_unknown_length_nothing_is_said():
    assert expected_starts([None], [100, 30]) == [None, None]
    assert expected_starts([10], [None, 30]) == [10, None]


@given(st.lists(seconds, max_size=4), st.lists(seconds, max_size=8))
def test_nobody_starts_before_who_stands_in_front(running, waiting):
    starts = expected_starts(running, waiting)

    known = [start for start in starts if start is not None]
    assert len(starts) == len(waiting)
    assert known == sorted(known)
    assert starts[: len(known)] == known, "after the first unknown one nothing is known"
