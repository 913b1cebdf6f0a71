from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.krippendorff import Alpha, measure, reading

# Krippendorff (2011), section C: four observers, twelve units, a dot where nothing was said.
OBSERVERS = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
FOUR = [[v for v in unit if v != "."] for unit in zip(*(row.split() for row in OBSERVERS), strict=True)]
# Section A: two observers, two values, nothing missing.
TWO = list(zip("0100000010", "1110010000", strict=True))


def by_pairs(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Another way: the disagreeing pairs within units against those among all values, pair by pair."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    inside = sum((one != other) / (len(unit) - 1) for unit in units for one, other in permutations(unit, 2))
    among = sum(one != other for one, other in permutations(values, 2))
    if not among:
        return None
    return 1 - (inside / len(values)) / (among / (len(values) * (len(values) - 1)))


def bounds(alpha: Alpha) -> tuple[float, float]:
    assert alpha.low is not None
    assert alpha.high is not None
    return alpha.low, alpha.high


def test_the_worked_examples_of_the_source():
    assert measure(FOUR).value == pytest.approx(0.743, abs=0.0005)
    assert by_pairs(FOUR) == pytest.approx(0.743, abs=0.0005)
    assert measure(TWO).value == pytest.approx(0.095, abs=0.0005)
    assert (measure(FOUR).units, measure(FOUR).votes) == (11, 40)


@given(units=st.lists(st.lists(st.sampled_from("abc"), max_size=4), max_size=12))
def test_both_ways_of_computing_it_agree(units):
    alpha, expected = measure(units), by_pairs(units)

    assert alpha.value == (expected if expected is None else pytest.approx(expected))
    assert alpha.votes == sum(len(unit) for unit in units if len(unit) > 1)
    if alpha.low is not None:
        low, high = bounds(alpha)
        assert low <= high <= 1


@pytest.mark.parametrize("units", [[], [["a"], ["b"]], [[]]])
def test_without_two_votes_on_a_text_there_is_nothing_to_say(units):
    assert measure(units) == Alpha(None, None, None, 0, 0, 0)
    assert reading(measure(units)) == "No text has two votes on this yet."


def test_without_variation_it_is_not_defined_rather_than_perfect():
    alpha = measure([["a", "a"]] * 50)

    assert (alpha.value, alpha.word) == (None, "no variation")
    assert "no proof of agreement" in reading(alpha)


def test_without_disagreement_the_rule_of_three_takes_the_place_of_an_interval():
    alpha = measure([["a", "a"], ["b", "b"]] * 30)

    assert (alpha.value, alpha.low, alpha.word) == (1, None, "tentative")
    assert "as many as 5% of texts" in reading(alpha)


def test_the_interval_is_the_same_each_time_and_narrows_with_more_texts():
    few, many = measure(TWO * 3), measure(TWO * 30)

    assert few == measure(TWO * 3)
    (lowest, highest), (low, high) = bounds(few), bounds(many)
    assert lowest < low < 0.095 < high < highest


def test_the_interval_holds_what_more_data_would_have_shown():
    """Of a known population, about 95 of 100 samples have an interval with its alpha in it."""
    from random import Random

    population = [["a", "a"]] * 60 + [["b", "b"]] * 25 + [["a", "b"]] * 15
    truth = measure(population * 100).value or 0
    dice, hits = Random(3), 0
    for _ in range(100):
        low, high = bounds(measure(dice.choices(population, k=200)))
        hits += low <= truth <= high

    assert hits >= 88


def units_of(agreed: int, split: int) -> list[list[str]]:
    return [["a", "a"]] * agreed + [["b", "b"]] * agreed + [["a", "b"]] * split


@pytest.mark.parametrize(
    ("units", "word", "says"),
    [
        (units_of(100, 5), "reliable", "well beyond chance"),
        (units_of(12, 2), "tentative", "Probably reliable, but it may be as low as"),
        (units_of(100, 25), "tentative", "tentative conclusions only"),
        (units_of(100, 100), "not reliable", "better than chance, but not to be relied on"),
        (units_of(10, 7), "not reliable", "though it may be up to"),
        (units_of(10, 60), "not reliable", "No better than chance"),
        ([["a", "a"]] * 40 + [["a", "b"]], "not reliable", "Too few answers differ"),
    ],
)
def test_a_value_is_read_cautiously(units, word, says):
    alpha = measure(units)

    assert alpha.word == word
    assert says in reading(alpha)


def test_a_handful_of_texts_is_not_read_at_all():
    alpha = measure([["approve", "reject"]])

    assert alpha.word == "too few"
    assert reading(alpha) == "1 text can say nothing about agreement: ask two reviewers for more."
    assert measure(units_of(2, 1)).word == "not reliable"


def test_few_texts_are_called_rough():
    assert "With 26 texts this is rough." in reading(measure(units_of(12, 2)))
    assert "rough" not in reading(measure(units_of(100, 5)))
