import pytest

from training.domain.early_warnings import early_warnings


def losses(*values, name="loss"):
    return [{"step": step * 10, "of": 1000, name: value} for step, value in enumerate(values, 1)]


def test_a_training_that_goes_well_warns_of_nothing():
    falling = [3.0 - 0.04 * step for step in range(40)]

    assert early_warnings(losses(*falling) + losses(3.0, 2.5, 2.2, 2.1, name="eval_loss")) == []


@pytest.mark.parametrize("name", ["loss", "eval_loss", "grad_norm"])
def test_what_is_no_number_is_named_with_its_step(name):
    (said,) = early_warnings(losses(3.0, "nan", name=name))

    assert said.startswith(f"{name} is nan at step 20:")
    assert "lower learning rate" in said


def test_a_validation_loss_that_rises_three_times_is_said_with_its_lowest_value():
    (said,) = early_warnings(losses(3.0, 2.0, 2.1, 2.2, 2.3, name="eval_loss"))

    assert "2.3, and it was 2 at step 20" in said


@pytest.mark.parametrize(
    "values",
    [(3.0, 2.0, 2.1, 2.2), (3.0, 2.0, 2.1, 2.05, 2.2, 2.3), (2.0, 2.001, 2.002, 2.003, 2.004)],
    ids=["twice only", "with a fall between", "by less than noise"],
)
def test_a_validation_loss_that_wavers_is_no_trouble(values):
    assert early_warnings(losses(*values, name="eval_loss")) == []


def test_a_loss_that_stays_where_it_began_is_stuck_but_not_before_there_are_enough_steps():
    assert early_warnings(losses(*[2.5] * 29)) == []
    (said,) = early_warnings(losses(*[2.5, 2.49] * 15))
    assert said.startswith("The training loss is stuck: 2.5")
