"""The reference of the API as a page: read from the OpenAPI schema on this server, without a script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja.responses import NinjaJSONEncoder

from curation.api.problems import KINDS
from studio.api import api
from studio.http import SignedInRequest
from studio.roles import OPERATIONS, SCOPES

Json = Mapping[str, Any]
PAGE = "Page_"  # how pydantic begins the name of a Page[…]
FORMATS = {"date-time": "time", "uuid": "UUID", "binary": "file"}
LARGE = 2**62  # a bound that is only there because a database counts no further
BOUNDS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


@dataclass(frozen=True)
class Type:
    """In words, such as "list of "; `shape` names the object that it ends with, described further down."""

    words: str
    shape: str = ""


@dataclass(frozen=True)
class Field:
    """One parameter, or one field of an object: `place` is path, query, header or body."""

    name: str
    place: str
    type: Type
    required: bool
    says: str


@dataclass(frozen=True)
class Answer:
    status: int
    says: str
    type: Type | None


@dataclass(frozen=True)
class Described:
    anchor: str
    method: str
    path: str
    summary: str
    says: str
    scope: str
    role: str
    fields: tuple[Field, ...]
    media_type: str
    answers: tuple[Answer, ...]
    refusals: tuple[int, ...]


@dataclass(frozen=True)
class Shape:
    name: str
    says: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Reference:
    groups: tuple[tuple[str, tuple[Described, ...]], ...]  # by tag, in the order of the schema
    shapes: tuple[Shape, ...]  # that something on the page links to


@require_safe
def api_reference(request: SignedInRequest) -> HttpResponse:
    context = {
        "reference": reference(),
        "kinds": KINDS.items(),
        "scopes": SCOPES.items(),
        "count": len(OPERATIONS),
    }
    return render(request, "studio/api_reference.html", context)


@require_safe
def api_schema(request: SignedInRequest) -> JsonResponse:
    return JsonResponse(api.get_openapi_schema(), encoder=NinjaJSONEncoder)


@cache
def reference() -> Reference:
    schema = json.loads(json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder))  # keys as they are sent
    defined: Json = schema["components"]["schemas"]
    groups: dict[str, list[Described]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            described = _described(path, method, operation, defined)
            groups.setdefault(operation["tags"][0], []).append(described)
    shapes = tuple(
        Shape(name, _plain(shape.get("description", "")), fields_of(shape))
        for name, shape in sorted(defined.items())
        if not name.startswith(PAGE)
    )
    operations = [one for some in groups.values() for one in some]
    fields = [field for one in operations for field in one.fields]
    fields += [field for shape in shapes for field in shape.fields]
    linked = {field.type.shape for field in fields} | {"Problem"}
    linked |= {answer.type.shape for one in operations for answer in one.answers if answer.type}
    return Reference(
        tuple((tag, tuple(some)) for tag, some in groups.items()),
        tuple(shape for shape in shapes if shape.name in linked),
    )


def _described(path: str, method: str, operation: Json, defined: Json) -> Described:
    contents: Json = operation.get("requestBody", {}).get("content", {})
    media_type = next(iter(contents), "")
    body: Json = contents.get(media_type, {}).get("schema", {})
    parameters = [
        Field(p["name"], p["in"], type_of(p["schema"]), p["required"], _says(p["schema"], p))
        for p in operation["parameters"]
    ]
    answers = {int(status): answer for status, answer in operation["responses"].items()}
    return Described(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        says=_plain(operation.get("description", "")),
        scope=operation["x-scope"] or "",
        role=operation["x-role"],
        fields=(*parameters, *fields_of(defined[_name(body)] if "$ref" in body else body)),
        media_type=media_type,
        answers=tuple(_answer(status, answer) for status, answer in answers.items() if status < 400),
        refusals=tuple(status for status in answers if status >= 400),
    )


def _answer(status: int, answer: Json) -> Answer:
    content: Json = next(iter(answer.get("content", {}).values()), {})
    shape = content.get("schema")
    return Answer(status, answer["description"], type_of(shape) if shape else None)


def fields_of(shape: Json) -> tuple[Field, ...]:
    required = shape.get("required", ())
    return tuple(
        Field(name, "body", type_of(inside), name in required, _says(inside, inside))
        for name, inside in shape.get("properties", {}).items()
    )


def type_of(shape: Json) -> Type:
    """ "list of text", "whole number or null", "page of" an ExampleRow."""
    if "$ref" in shape:
        name = _name(shape)
        return (
            Type("page of ", name.removeprefix(PAGE).rstrip("_")) if name.startswith(PAGE) else Type("", name)
        )
    if "allOf" in shape:
        return type_of(shape["allOf"][0])
    if "anyOf" in shape:
        first, *others = (type_of(one) for one in shape["anyOf"])
        words = " or ".join(dict.fromkeys([first.words, *(one.words for one in others)]))
        return Type(f"{others[0].words} or ", first.shape) if first.shape else Type(words)
    kind = shape.get("type", "")
    if kind == "array":
        inside = type_of(shape.get("items", {}))
        return Type(f"list of {inside.words}", inside.shape)
    if kind == "string":
        return Type(FORMATS.get(shape.get("format", ""), "text"))
    named = {"integer": "whole number", "boolean": "true or false", "": "anything"}
    return Type(str(named.get(kind, kind)))


def _name(shape: Json) -> str:
    return str(shape["$ref"]).rpartition("/")[2]


def _says(shape: Json, described: Json) -> str:
    """What is known about a value: words, its choices, its bounds, its default."""
    choices = next((one for one in (shape, *shape.get("anyOf", ())) if one.get("type") != "null"), shape)
    parts = [_plain(described["description"])] if "description" in described else []
    if names := [str(choice) for choice in choices.get("enum", ()) if choice != ""]:
        parts.append(f"one of {', '.join(names)}")
    if "const" in choices:
        parts.append(f"always {choices['const']}")
    known = ((choices[bound], words) for bound, words in BOUNDS.items() if bound in choices)
    parts += [words.format(f"{bound:,}") for bound, words in known if bound < LARGE]
    if shape.get("default") not in (None, "", []):
        parts.append(f"default {shape['default']}")
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]


def _plain(description: str) -> str:
    """Without the signs of Markdown, which the schema's readers know."""
    return description.replace("`", "").replace("\n", " ")
