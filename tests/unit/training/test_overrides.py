"""Values of a recipe on a command line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from training.domain import overrides
from training.domain import recipe as recipes


def test_each_value_is_read_as_what_its_field_holds():
    words = ["pretrain.max_steps=50", "instruct.epochs=2", "instruct.learning_rate=1e-4", "pretrain.nf4=no"]

    assert overrides.read([*words, "base.model=/models/a=b"]) == (
        {
            "pretrain": {"max_steps": 50, "nf4": False},
            "instruct": {"epochs": 2, "learning_rate": 1e-4},
            "base": {"model": "/models/a=b"},
        },
        [],
    )


def test_every_wrong_word_is_named_at_once():
    words = ["max_steps=5", "pretrain.max_step=5", "instruct.epochs=many", "instruct.batch_size=1000"]

    said = overrides.problems("rehearsal", [*words, "instruct.nf4=maybe", "pretrain.nf4", "instruct.nf4=no"])

    assert [sentence.partition(":")[0].partition("=")[0] for sentence in said] == [
        '"max_steps',
        '"pretrain.nf4"',
        "instruct.nf4",
        "pretrain.max_step",
        "instruct.epochs",
        "instruct.batch_size",
        "instruct.nf4",
    ]
    assert 'Did you mean "max_steps"?' in said[3]


@given(st.sampled_from(recipes.RECIPE_NAMES), st.sampled_from(recipes.FIELDS))
def test_every_value_of_a_named_recipe_is_read_back_as_it_is(name, field):
    value = recipes.named(name)[field.stage][field.name]

    values, unread = overrides.read([f"{field.key}={value}"])

    assert (values, unread) == ({field.stage: {field.name: value}}, [])


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_words_are_answered(words):
    assert isinstance(overrides.problems("rehearsal", words), list)
