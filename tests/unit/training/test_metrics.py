import pytest

from training.domain.metrics import curves, progress, seconds_left, thin


def test_the_later_line_of_a_repeated_step_counts():
    points = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}, {"step": 2, "loss": 2.5, "eval_loss": 2.6}]

    assert curves(points) == {"loss": [(1, 3.0), (2, 2.5)], "eval_loss": [(2, 2.6)]}


def test_what_is_no_finite_number_is_left_out():
    assert curves([{"step": 1, "loss": "nan"}, {"step": 2, "loss": True}, {"loss": 1.0}]) == {}


def test_thinning_keeps_the_ends_and_the_spike():
    series = [(step, 1.0) for step in range(1, 1001)]
    series[500] = (501, 9.0)

    thinned = thin(series, at_most=50)

    assert len(thinned) == 50
    assert (thinned[0], thinned[-1]) == (series[0], series[-1])
    assert (501, 9.0) in thinned
    assert thinned == sorted(thinned)


def test_a_short_curve_stays_as_it_is():
    assert thin([(1, 2.0), (2, 1.0)], at_most=2) == [(1, 2.0), (2, 1.0)]


def test_a_curve_of_one_point_cannot_be_asked_for():
    with pytest.raises(ValueError, match="at least 2 points"):
        thin([], at_most=1)


def test_progress_tells_step_total_and_latest_values():
    now = progress([{"step": 5, "of": 20, "loss": 2.0}, {"step": 10, "of": 20, "eval_loss": 2.2}])

    assert now is not None
    assert (now.step, now.of, now.share, now.loss, now.eval_loss) == (10, 20, 0.5, 2.0, 2.2)
    assert progress([]) is None


def at(step, second, of=100):
    return {"step": step, "of": of, "at": f"2026-01-01T00:{second // 60:02}:{second % 60:02}+00:00"}


def test_the_time_left_follows_the_pace_of_the_newest_steps():
    assert seconds_left([at(10, 60), at(20, 80), at(30, 100)]) == 140


def test_a_resumed_stage_is_timed_from_its_checkpoint_on():
    assert seconds_left([at(10, 0), at(50, 10), at(40, 600), at(50, 620)]) == 100


@pytest.mark.parametrize("points", [[], [at(10, 5)], [at(90, 5), at(100, 9)], [{"step": 1}, {"step": 2}]])
def test_without_a_pace_or_at_the_end_no_time_is_told(points):
    assert seconds_left(points) is None
