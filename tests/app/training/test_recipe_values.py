"""The advanced part of the train page: every value of a recipe."""

from __future__ import annotations

import pytest
from django.urls import reverse

from training.domain import recipe as recipes
from training.forms.recipes import RecipeForm
from training.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def sent(snapshot):
    """What a browser sends of the page when nothing was changed."""

    def form(recipe="rehearsal", **changes):
        start = {"snapshot": snapshot.pk, "recipe_name": recipe, "seed": 13, "replicates": 1}
        start |= {"idempotency_key": "k", "values_of": recipe}
        return start | RecipeForm(recipe).own_values | changes

    return form


@pytest.mark.parametrize("name", recipes.RECIPE_NAMES)
def test_a_recipes_own_values_are_no_changes(name):
    form = RecipeForm(name, RecipeForm(name).own_values)

    assert form.is_valid(), form.errors
    assert form.overrides == {}
    assert not form.changed


def test_every_value_is_shown_with_its_range_and_reason(as_maintainer, snapshot):
    page = as_maintainer.get(reverse("run_start"), {"recipe_name": "qwen7b"}).content.decode()

    for field in recipes.FIELDS:
        assert f'name="{field.key}"' in page
    assert "1 to 1024 device steps; default 32. 1 x 32 = 32 sequences an optimizer step." in page
    assert 'value="5e-05"' in page
    assert '<details id="advanced">' in page, "closed: nothing was changed"


def test_changed_values_are_frozen_with_the_run(as_maintainer, sent):
    changes = {"instruct.learning_rate": "0.0005", "pretrain.nf4": "False", "generate.samples": "3"}

    as_maintainer.post(reverse("run_start"), sent(**changes))

    recipe = Run.objects.get().recipe
    assert recipe["instruct"]["learning_rate"] == 0.0005
    assert recipe["generate"]["samples"] == 3
    assert recipe["pretrain"]["learning_rate"] == 2e-3, "the rest is the recipe's own"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("instruct.learning_rate", "7", "instruct.learning_rate=7.0 is outside 1e-06 to 0.01"),
        ("instruct.learning_rate", "nan", "Enter a number."),
        ("pretrain.batch_size", "1.5", "Enter a whole number."),
        ("pretrain.batch_size", "", "This field is required."),
        ("pretrain.backend", "jax", "jax is not one of the available choices"),
        ("base.model", "../etc", "write tiny, owner/name"),
        ("pretrain.lora_rank", "16", "alpha is 2 x rank, write 32"),
    ],
)
def test_a_wrong_value_is_said_and_nothing_typed_is_lost(as_maintainer, sent, field, value, sentence):
    answer = as_maintainer.post(reverse("run_start"), sent(**{field: value}))

    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert sentence in page
    assert '<details id="advanced" open>' in page
    if field != "pretrain.backend":
        assert f'value="{value}"' in page
    assert not Run.objects.exists()


def test_values_are_checked_without_starting(as_maintainer, sent):
    answer = as_maintainer.post(reverse("run_start"), sent(check="1", **{"generate.samples": "3"}))

    assert answer.status_code == 200
    assert "Nothing stands in the way." in answer.content.decode()
    assert not Run.objects.exists()


def test_values_that_were_shown_for_another_recipe_do_not_count(as_maintainer, sent, snapshot):
    """Without scripts the page still shows the values of the recipe that was chosen before."""
    asked = sent("rehearsal") | {"recipe_name": "qwen7b", "check": "1"}

    page = as_maintainer.post(reverse("run_start"), asked).content.decode()

    assert 'value="Qwen/Qwen2.5-Coder-7B"' in page
    assert '<details id="advanced">' in page


def test_an_instruct_base_is_told_what_it_costs(as_maintainer, sent):
    asked = sent("qwen7b", check="1", **{"base.model": "Qwen/Qwen2.5-Coder-7B-Instruct"})

    page = " ".join(as_maintainer.post(reverse("run_start"), asked).content.decode().split())

    assert "Take the Base model of the same size" in page


def test_another_recipe_changes_the_values_and_leaves_advanced_open_or_closed(as_maintainer, snapshot):
    page = as_maintainer.get(reverse("run_start"), {"snapshot": snapshot.pk}).content.decode()

    (asks,) = [line for line in page.splitlines() if 'hx-select-oob="#recipe-values"' in line]
    assert '<select name="recipe_name"' in asks, "another dataset version leaves what was typed"
    assert page.index('<details id="advanced">') < page.index('<div id="recipe-values">')
