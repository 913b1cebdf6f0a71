from __future__ import annotations

import pytest

from training.domain.training_time import TimedStage


def timed(**values) -> TimedStage:
    asked = {"steps": 62, "step_s": (2.9, 3.4, 3.0), "start_s": 20.0, "evaluation_s": 12.0}
    return TimedStage(**{**asked, **values})


def test_a_stage_takes_its_start_its_steps_and_its_evaluations():
    assert timed().seconds(50) == pytest.approx(20 + 62 * 3.1 + 2 * 12)
    assert timed().between(50) == pytest.approx((20 + 62 * 2.9 + 24, 20 + 62 * 3.4 + 24))


@pytest.mark.parametrize(("steps", "every", "times"), [(62, 50, 2), (100, 50, 2), (40, 50, 1), (101, 50, 3)])
def test_it_evaluates_every_so_many_steps_and_once_more_at_its_end(steps, every, times):
    assert timed(steps=steps).evaluations(every) == times


def test_without_validation_rows_nothing_is_evaluated():
    assert timed(evaluation_s=0.0).evaluations(50) == 0


def test_it_is_read_from_what_the_recipe_reports():
    result = {"steps_of": 7, "step_s": [0.1, 0.2], "start_s": 5.1, "evaluation_s": 0.0, "rows": 63}

    read = TimedStage.from_result({**result, "gpu_used_bytes": 11 * 10**9})

    assert read == TimedStage(7, (0.1, 0.2), 5.1, 0.0, 11 * 10**9)
    assert TimedStage.from_result(result).gpu_used_bytes is None
