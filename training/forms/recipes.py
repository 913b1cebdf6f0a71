"""Every value of a recipe as a field: default, range, unit and reason come from training.domain.recipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms

from training.domain import recipe as recipes

STAGE_TITLES = {
    "base": "Base model",
    "pretrain": "Stage 1: raw programs",
    "instruct": "Stage 2: questions and answers",
    "quantise": "The file that people run",
    "generate": "Answers that are scored",
}


class RecipeForm(forms.Form):
    """The values of one named recipe."""

    def __init__(self, recipe_name: str, data: Any = None) -> None:
        super().__init__(data)
        self.named = recipes.named(recipe_name)
        for field in recipes.FIELDS:
            self.fields[field.key] = _form_field(field, self.named[field.stage][field.name])

    def clean(self) -> dict[str, Any]:
        if self.errors:  # of the wrong kind; ranges can be asked only of numbers
            return self.cleaned_data
        for sentence in recipes.problems(recipes.with_overrides(self.named, self.overrides)):
            key = sentence.partition("=")[0].partition(":")[0].split()[0]
            self.add_error(key if key in self.fields else None, sentence)
        return self.cleaned_data

    @property
    def overrides(self) -> dict[str, dict[str, Any]]:
        """stage → name → value, of the values that are not the recipe's own."""
        changed: dict[str, dict[str, Any]] = {}
        for field in recipes.FIELDS:
            value = self.cleaned_data.get(field.key)
            if value is not None and value != self.named[field.stage][field.name]:
                changed.setdefault(field.stage, {})[field.name] = value
        return changed

    @property
    def own_values(self) -> dict[str, str]:
        """The named recipe's values as a browser would send them."""
        return {field.key: str(self.named[field.stage][field.name]) for field in recipes.FIELDS}

    @property
    def changed(self) -> bool:
        """Whether a value differs from the recipe's own, or cannot be read."""
        return self.is_bound and (bool(self.errors) or bool(self.overrides))

    def stages(self) -> Iterator[tuple[str, list[tuple[recipes.Field, forms.BoundField]]]]:
        """Title of each stage, with its fields."""
        for stage, title in STAGE_TITLES.items():
            yield title, [(field, self[field.key]) for field in recipes.FIELDS if field.stage == stage]


def _form_field(field: recipes.Field, value: Any) -> forms.Field:
    said = {"label": field.name.replace("_", " "), "initial": value}
    if isinstance(field.default, bool):
        return forms.TypedChoiceField(
            **said, choices=[("True", "yes"), ("False", "no")], coerce=lambda text: text == "True"
        )
    if field.choices:
        return forms.ChoiceField(**said, choices=[(choice, choice) for choice in field.choices])
    if isinstance(field.default, str):
        return forms.CharField(**said, required=False, max_length=300)
    # The domain says what is out of range, in its own words; here only what is no number.
    return (forms.IntegerField if isinstance(field.default, int) else forms.FloatField)(**said)
