from datetime import timedelta
from itertools import product

import pytest

from training.domain.lifecycle import (
    STAGES,
    STATE_WORDS,
    TERMINAL,
    may_become,
    may_retry,
    retry_delay,
    states_before,
)

LEGAL = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("queued", "failed"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("running", "lost"),
    ("lost", "queued"),
    ("lost", "failed"),
    ("lost", "cancelled"),
}


def test_only_the_listed_changes_of_state_are_legal():
    assert {pair for pair in product(STATE_WORDS, STATE_WORDS) if may_become(*pair)} == LEGAL


def test_a_terminal_state_never_changes():
    assert {"succeeded", "failed", "cancelled"} == TERMINAL
    assert not any(may_become(old, new) for old in TERMINAL for new in STATE_WORDS)


def test_the_states_before_a_state_are_those_that_may_become_it():
    assert states_before("running") == ("queued",)
    assert set(states_before("cancelled")) == {"queued", "running", "lost"}


def test_a_word_that_is_no_state_is_refused():
    with pytest.raises(ValueError, match='"paused" is not one of'):
        may_become("paused", "running")


def test_only_lost_runs_and_one_killed_process_are_tried_again_and_at_most_three_times():
    assert may_retry("lost", 1)
    assert may_retry("lost", 2)
    assert not may_retry("lost", 3)
    assert may_retry("process_killed", 1)
    assert not may_retry("process_killed", 2, kills=1)
    for code in ("gpu_oom", "config_invalid", "data_invalid", "disk_full", "bug", "cancelled"):
        assert not may_retry(code, 1)


def test_each_further_try_waits_longer():
    assert [retry_delay(n) for n in (1, 2, 3, 9)] == [timedelta(minutes=m) for m in (1, 5, 15, 15)]


def test_the_stages_come_in_the_order_in_which_each_needs_the_one_before():
    assert STAGES == ("export", "pretrain", "instruct", "merge", "convert", "quantise", "package", "evaluate")
