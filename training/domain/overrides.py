"""Values of a recipe as words of a command line: pretrain.max_steps=50."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from training.domain import recipe as recipes
from training.domain.recipe import FIELDS, Field, Value

_FIELDS = {field.key: field for field in FIELDS}
_SWITCH = {"true": True, "yes": True, "false": False, "no": False}


def read(words: Iterable[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """stage → name → value, and a sentence for each word that is no such pair.

    Whether names and values are good is for recipe.problems to say: what cannot be read as the field's kind
    stays text.
    """
    values: dict[str, dict[str, Any]] = {}
    unread: list[str] = []
    for word in words:
        key, equals, text = word.partition("=")
        stage, dot, name = key.strip().partition(".")
        if not (equals and dot and stage and name):
            unread.append(f'"{word}": write STAGE.NAME=VALUE, such as pretrain.max_steps=50')
        elif name in values.get(stage, {}):
            unread.append(f"{stage}.{name}: it is given twice")
        else:
            values.setdefault(stage, {})[name] = _value(_FIELDS.get(f"{stage}.{name}"), text.strip())
    return values, unread


def problems(recipe_name: str, words: Iterable[str]) -> list[str]:
    """Everything that is wrong with these words over the named recipe, a sentence each."""
    values, unread = read(words)
    return unread + recipes.problems(recipes.with_overrides(recipes.named(recipe_name), values))


def _value(field: Field | None, text: str) -> Value:
    kind = type(field.default) if field else str
    if kind is bool:
        return _SWITCH.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text
