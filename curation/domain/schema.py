"""Front matter against the JSON Schema, in sentences that an author can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from rapidfuzz import process

from curation.domain.labels import GENERATIONS
from curation.domain.problems import Problem

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "training-data" / "schema" / "example.schema.json"
_LONGEST_SHOWN = 60


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the front matter."""
    read: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    Draft7Validator.check_schema(read)
    return read


def check_front_matter(meta: Mapping[str, Any], *, file: str, line_of: Mapping[str, int]) -> list[Problem]:
    """Every way in which the front matter breaks the schema.

    Args:
        meta: What YAML read.
        line_of: Line of each key in the file, counted from 1.
    """
    problems = (
        p
        for error in Draft7Validator(schema()).iter_errors(dict(meta))
        for p in _explain(error, meta, file, line_of)
    )
    # A value of the wrong kind is also none of the allowed ones: two errors, one sentence.
    return sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.code, p.message))


def _explain(
    error: ValidationError, meta: Mapping[str, Any], file: str, line_of: Mapping[str, int]
) -> Iterator[Problem]:
    field = str(error.absolute_path[0]) if error.absolute_path else ""
    line = line_of.get(field, 1)

    def problem(code: str, message: str, suggestion: str = "", at: int = line) -> Problem:
        return Problem(file, at, code, "error", message, suggestion)

    if error.validator == "required":
        for name in schema()["required"]:
            if name not in meta:
                yield problem("field-missing", f'The field "{name}" is missing.', f"Add a line {name}: …")
        return
    if error.validator == "additionalProperties":
        known = list(schema()["properties"])
        for name in meta:
            if name not in known:
                yield problem(
                    "field-unknown",
                    f"{_shown(name)} is not a field of an example.",
                    did_you_mean(str(name), known),
                    line_of.get(str(name), 1),
                )
        return
    value = error.instance
    if field == "requires_version" and isinstance(value, int | float):
        # 22.10 has become 22.1 by now, so the value itself is no suggestion.
        message = f"requires_version: {value} is a number to YAML, not text."
        yield problem("quote-it", message, 'Quote it as you wrote it, like requires_version: "23.04"')
        return
    if value is None:
        yield problem("empty", f"{field} is empty.", f"Write {field}: …, or remove the line.")
        return
    allowed = _allowed(field)
    if allowed:
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


def _allowed(field: str) -> list[str]:
    """The words a field may hold, looked up in the schema; empty for free text."""
    one = list(GENERATIONS)
    if field == "generation":
        return ["all", *one]
    if field in ("from_generation", "to_generation"):
        return one
    return list(schema()["properties"].get(field, {}).get("enum", []))


def did_you_mean(written: str, allowed: list[str]) -> str:
    """A question with the nearest allowed value, or "" when none is near."""
    best = process.extractOne(written.lower().replace("_", "-"), allowed, score_cutoff=60)
    return f'Did you mean "{best[0]}"?' if best else ""


def _shown(value: Any) -> str:
    text = " ".join(str(value).split())
    return f'"{text[:_LONGEST_SHOWN]}{"…" if len(text) > _LONGEST_SHOWN else ""}"'
