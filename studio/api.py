"""The API: the operations of curation and training under one schema, every error in one form."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import path
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.parser import Parser
from ninja.security.http import HttpAuthBase
from pydantic import Field

from curation.api import (
    assignments,
    bulk,
    conflicts,
    conversations,
    corpus,
    drafts,
    duplicates,
    etags,
    examples,
    exports,
    freezing,
    general,
    imports,
    labels,
    masks,
    problems,
    queue,
    reviews,
    saved_views,
    snapshot_diffs,
    snapshots,
    texts,
)
from curation.api.problems import KINDS, MEDIA_TYPE, Mistake, Problem, Refusal
from curation.api.refusals import REFUSALS as CURATION_REFUSALS
from curation.api.shapes import ApiRequest
from curation.services import awaiting
from studio import answering, audit_operations, roles
from studio.door import MOST_BYTES, PREFIX, View, door, makes_something
from studio.models import ApiToken
from training.api import artifacts, evaluations, lineage, probes, run_queue, runs, tasks
from training.api.refusals import REFUSALS as TRAINING_REFUSALS

DESCRIPTION = """\
Everything that the pages do. Each request shows a token (`Authorization: Bearer …`), which acts as its owner
within its scopes and within the role that the owner has then.
"""


class StrictParser(Parser):
    """JSON as RFC 8259 has it: no NaN, and no key twice, of which one value would be lost. 2.0 is 2."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(
            request.body,
            parse_constant=_no_constant,
            parse_float=_number,
            object_pairs_hook=_keys_once,
        )


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def _number(digits: str) -> int | float:
    value = float(digits)
    return int(value) if value.is_integer() else value


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


class Token(HttpAuthBase):
    """Says in the schema that a token is needed. The door has looked at it; what came past it is refused."""

    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        return getattr(request, "token", None)


class StudioAPI(NinjaAPI):
    @property
    def urls(self) -> Any:
        """Every operation behind the door, and a problem for every address that is none."""
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            pattern.callback = door(cast(View, pattern.callback), self)
        return [*patterns, path("<path:rest>", nothing_here, name="nothing_here")], app_name, namespace

    @cached_property
    def operations(self) -> dict[str, dict[str, Any]]:
        """ "GET /examples" and its like -> what the schema says about each."""
        return {
            f"{method.upper()} /{address.removeprefix('/' + PREFIX)}": operation
            for address, methods in self.get_openapi_schema()["paths"].items()
            for method, operation in methods.items()
        }

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        """ninja's, with what the door adds to every operation."""
        schema = super().get_openapi_schema(**where)
        for address, methods in schema["paths"].items():
            for method, operation in methods.items():
                _complete(operation, f"{method.upper()} /{address.removeprefix('/' + PREFIX)}")
        defined = Problem.model_json_schema(ref_template=REF_TEMPLATE, mode="serialization")
        schema["components"]["schemas"] |= {**defined.pop("$defs"), "Problem": defined}
        return schema

    def get_openapi_operation_id(self, operation: Any) -> str:
        return str(operation.view_func.__name__)


def _header(name: str, says: str, shape: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    typed = {"type": "string", **shape}
    return {"in": "header", "name": name, "description": says, "required": required, "schema": typed}


# The headers that the door and curation/api/etags.py read.
HEADERS = {
    "Idempotency-Key": _header(
        answering.HEADER,
        "the same key gives the first answer again",
        {"pattern": f"^{answering.KEY.pattern}$"},
    ),
    "If-Match": _header(
        "If-Match",
        "the ETag of the text that you have seen",
        {"pattern": f"^{etags.SEEN.pattern}$"},
        required=True,
    ),
    "If-None-Match": _header("If-None-Match", "an ETag; 304 when nothing changed since", {}),
}


def _complete(operation: dict[str, Any], name: str) -> None:
    """Name scope and role, the headers that the door reads, and the problems it may answer with."""
    scope, role = roles.OPERATIONS[name]
    operation |= {"x-scope": scope, "x-role": " or ".join(roles.named(role))}
    answers = {int(status): details for status, details in operation["responses"].items()}
    refused = {401, 403, 422, *(status for status in answers if status >= 400)}
    if "{" in name:
        refused.add(404)
    if "requestBody" in operation:
        refused |= {400, 413, 415}
    if makes_something(name):
        refused |= {400, 409}
        operation["parameters"].append(HEADERS["Idempotency-Key"])
    if 428 in refused:
        refused.add(412)
        operation["parameters"].append(HEADERS["If-Match"])
    if 304 in answers:
        operation["parameters"].append(HEADERS["If-None-Match"])
    ref = {"schema": {"$ref": REF_TEMPLATE.format(model="Problem")}}
    for status in sorted(refused):
        titles = [kind.title for kind in KINDS.values() if kind.status == status]
        answers[status] = {"description": "; or: ".join(titles), "content": {MEDIA_TYPE: ref}}
    operation["responses"] = answers


def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    return problems.answer(
        Refusal("not-found", f"/{PREFIX}{rest} is no address of the API. Look at /api/docs.")
    )


api = StudioAPI(
    title="BBj Studio",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url=None,  # studio/reference.py serves it, to those who may read it
    docs_url=None,
    auth=Token(),
    parser=StrictParser(),
)


class Me(Schema):
    """Whom a token speaks for, and what it may do now."""

    username: str
    roles: list[str]
    token: str
    scopes: list[str]
    operations: list[str]


@api.get("", response=Me, summary="What this token may do", tags=["token"])
def me(request: ApiRequest) -> dict[str, Any]:
    token: ApiToken = request.token  # type: ignore[attr-defined]
    held = roles.roles_of(token.owner)
    return {
        "username": token.owner.get_username(),
        "roles": [role for role in roles.ROLES if role in held],
        "token": token.name,
        "scopes": token.scopes,
        "operations": roles.operations_of(token.scopes, held),
    }


class WaitingOut(Schema):
    """How much there is for you to go on with."""

    to_review: int
    assigned: int = Field(description="of these, what somebody asked you to judge")
    disputed: int = Field(description="what reviewers disagree about and you may settle")
    sent_back: int = Field(description="your examples of which changes are requested")
    drafts: int
    clusters: int = Field(description="of near-duplicates, when a worker counted last")


@api.get("/waiting", response=WaitingOut, summary="What waits for you", tags=["token"])
def waiting(request: ApiRequest) -> dict[str, int]:
    found = awaiting.what_waits(request.user, roles.roles_of(request.user))
    counts = {name: getattr(found, name) for name in ("to_review", "assigned", "disputed", "clusters")}
    return counts | {"sent_back": found.sent_back_count, "drafts": found.draft_count}


for noun in (
    examples,
    texts,
    labels,
    drafts,
    queue,
    reviews,
    assignments,
    saved_views,
    bulk,
    duplicates,
    imports,
    conflicts,
    conversations,
    corpus,
    general,
    snapshots,
    freezing,
    exports,
    snapshot_diffs,
    masks,
    runs,
    run_queue,
    probes,
    artifacts,
    evaluations,
    lineage,
    tasks,
    audit_operations,
):
    api.add_router("", noun.router)


def _refusal_of(kind: str) -> Callable[[HttpRequest, Any], HttpResponse]:
    return lambda _, said: problems.answer(Refusal(kind, str(said)))


for error, kind in {**CURATION_REFUSALS, **TRAINING_REFUSALS}.items():
    api.add_exception_handler(error, _refusal_of(kind))


@api.exception_handler(Refusal)
def refused(_: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problems.answer(refusal)


@api.exception_handler(ValidationError)
def invalid(_: HttpRequest, error: ValidationError) -> HttpResponse:
    mistakes = [_mistake(one) for one in error.errors]
    return problems.answer(
        Refusal("invalid", " ".join(f"{m.place}: {m.message}" for m in mistakes[:3]), mistakes)
    )


def _mistake(error: dict[str, Any]) -> Mistake:
    """pydantic's finding, with the name of our Python argument left out of the place."""
    source, *inside = error["loc"]
    inside = inside[1:] if source == "body" else inside
    place = ".".join(map(str, [source, *inside]))
    if error["type"] == "extra_forbidden":
        return Mistake(place=place, code="unknown", message=f'"{inside[-1]}" is no field of this request.')
    return Mistake(place=place, code=error["type"].replace("_", "-"), message=f"{error['msg']}.")


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.answer(Refusal("not-found", str(error) or f"There is nothing at {request.path}."))


@api.exception_handler(HttpError)
def http_error(_: HttpRequest, error: HttpError) -> HttpResponse:
    """ninja's own: of a body that is no JSON, and of a request without a token that came past the door."""
    if error.status_code == 401:
        return problems.answer(Refusal("token", "Send the header Authorization: Bearer <token>."))
    cause = f" ({error.__cause__})" if error.__cause__ else ""
    return problems.answer(Refusal("malformed", f"{error}{cause}."))


@api.exception_handler(RequestDataTooBig)
def too_large(_: HttpRequest, __: RequestDataTooBig) -> HttpResponse:
    return problems.answer(Refusal("too-large", f"The body has more than {MOST_BYTES:,} bytes."))


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(MultiPartParserError)
def malformed(_: HttpRequest, error: Exception) -> HttpResponse:
    return problems.answer(Refusal("malformed", f"{error}."))


api.add_exception_handler(Exception, problems.bug)
