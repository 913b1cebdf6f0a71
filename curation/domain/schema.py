"""Front matter against the JSON Schema, in sentences that an author can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from rapidfuzz import process

from curation.domain.problems import Problem

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "training-data" / "schema" / "example.schema.json"
_LONGEST_SHOWN = 60

FieldKind = Literal["text", "word", "words", "list"]  # free text; one of; one or more of; free words


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the front matter."""
    read: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    Draft7Validator.check_schema(read)
    return read


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(schema())


def check_front_matter(meta: Mapping[str, Any], *, file: str, line_of: Mapping[str, int]) -> list[Problem]:
    """Every way in which the front matter breaks the schema.

    Args:
        meta: What YAML read.
        line_of: Line of each key in the file, counted from 1.
    """
    shape = _shape(meta)
    if shape in _GOOD:
        return []
    problems = (
        p for error in _validator().iter_errors(dict(meta)) for p in _explain(error, meta, file, line_of)
    )
    # A value of the wrong kind is also none of the allowed ones: two errors, one sentence.
    found = sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.code, p.message))
    if not found and shape:
        _GOOD.add(shape)
    return found


_GOOD: set[tuple[Any, ...]] = set()  # shapes that the schema found good: few, and most texts have one of them


def _shape(meta: Mapping[str, Any]) -> tuple[Any, ...]:
    """All that the schema can tell two front matters apart by; () where that is not certain.

    Of free text whether there is any, of free words that they are text, of other fields the words.
    """
    parts: list[Any] = []
    for field, value in meta.items():
        is_list = isinstance(value, list)
        if not all(isinstance(one, str) for one in (value if is_list else [value])):
            return ()
        kind = field_kinds().get(field)
        free = kind in ("text", "list") and ("list" if is_list else bool(value))
        parts.append((field, free if kind in ("text", "list") else tuple(value) if is_list else value))
    return tuple(parts)


def _explain(
    error: ValidationError, meta: Mapping[str, Any], file: str, line_of: Mapping[str, int]
) -> Iterator[Problem]:
    field = str(error.absolute_path[0]) if error.absolute_path else ""

    def problem(code: str, message: str, suggestion: str = "", name: str = field) -> Problem:
        return Problem(file, line_of.get(name, 1), code, "error", message, suggestion, name)

    if error.validator == "required":
        for name in schema()["required"]:
            if name not in meta:
                yield problem(
                    "field-missing", f'The field "{name}" is missing.', f"Add a line {name}: …", name
                )
        return
    if error.validator == "additionalProperties":
        known = list(schema()["properties"])
        for name in meta:
            if name not in known:
                yield problem(
                    "field-unknown",
                    f"{_shown(name)} is not a field of an example.",
                    did_you_mean(str(name), known),
                    str(name),
                )
        return
    value = error.instance
    if field == "requires_version" and isinstance(value, int | float):
        # 22.10 has become 22.1 by now, so the value itself is no suggestion.
        message = f"requires_version: {value} is a number to YAML, not text."
        yield problem("quote-it", message, 'Quote it as you wrote it, like requires_version: "23.04"')
        return
    if value is None:
        words = ", ".join(choices(field))
        suggestion = f"Write one of {words}." if words else f"Write {field}: …, or remove the line."
        yield problem("empty", f"{field} is empty.", suggestion)
        return
    allowed = choices(field)
    if allowed:
        if isinstance(value, list) and field_kinds()[field] == "word":
            words = ", ".join(allowed)
            yield problem("wrong-kind", f"{field} is a list, and holds one word.", f"Write one of {words}.")
            return
        for item in value if isinstance(value, list) else [value]:
            if item == "all" and isinstance(value, list):
                yield problem(
                    "all-in-list", f'{field}: "all" stands alone.', f"Write {field}: all, without a list."
                )
            elif item not in allowed:
                yield problem(
                    "value-unknown",
                    f"{field}: {_shown(item)} is not one of {', '.join(allowed)}.",
                    did_you_mean(str(item), allowed),
                )
        if isinstance(value, list) and not value:
            yield problem("empty", f"{field} is an empty list.", f"Name one or more of {', '.join(allowed)}.")
        if isinstance(value, list) and len({str(item) for item in value}) < len(value):
            yield problem("repeated", f"{field} names a value twice.", "Name each once.")
        return
    if error.validator == "minLength":
        yield problem("empty", f"{field} is empty.", f"Write a {field}.")
        return
    place = ".".join(str(part) for part in error.absolute_path)
    wanted = {"string": "text", "array": "a list"}.get(str(error.validator_value), str(error.validator_value))
    hint = "Put it in quotes." if wanted == "text" else f"Write {field}: [one, two]."
    yield problem("wrong-kind", f"{place}: {_shown(value)} is not {wanted}.", hint)


@cache
def field_kinds() -> dict[str, FieldKind]:
    """Each field of the front matter with what it holds, in the order of the schema."""
    kinds: dict[str, FieldKind] = {}
    for field in schema()["properties"]:
        has_list = any(one.get("type") == "array" for one in _variants(field))
        if choices(field):
            kinds[field] = "words" if has_list else "word"
        else:
            kinds[field] = "list" if has_list else "text"
    return kinds


@cache
def choices(field: str) -> tuple[str, ...]:
    """The words a field may hold, looked up in the schema; empty for free text."""
    found = (_resolved(one.get("items", one)).get("enum", []) for one in _variants(field))
    return tuple(dict.fromkeys(word for words in found for word in words))


def _variants(field: str) -> list[dict[str, Any]]:
    """The schemas one of which a field has to fit."""
    declared = schema()["properties"].get(field, {})
    return [_resolved(one) for one in declared.get("oneOf", [declared])]


def _resolved(one: dict[str, Any]) -> dict[str, Any]:
    definition = one.get("$ref", "").rpartition("/")[2]
    return schema()["definitions"][definition] if definition else one


def did_you_mean(written: str, allowed: Sequence[str]) -> str:
    """A question with the nearest allowed value, or "" when none is near."""
    best = process.extractOne(written.lower().replace("_", "-"), allowed, score_cutoff=60)
    return f'Did you mean "{best[0]}"?' if best else ""


def _shown(value: Any) -> str:
    text = " ".join(str(value).split())
    return f'"{text[:_LONGEST_SHOWN]}{"…" if len(text) > _LONGEST_SHOWN else ""}"'
