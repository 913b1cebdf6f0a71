"""The door before every operation of the API: who asks, whether they may, and whether it can be read.

It asks the table (studio/roles.py) by method and address, before an operation runs. A session of the browser
opens nothing here, so no request can be forged with a cookie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse

from curation.api.problems import Mistake, Refusal
from curation.services import uploading
from studio import answering, roles, tokens
from studio.models import ApiToken

PREFIX = "api/v1/"
MOST_BYTES = 2 * 1024 * 1024  # of a JSON body; the text of an example is at most half of that
AROUND_A_FILE_BYTES = 64 * 1024  # the other fields of an upload
WITHOUT = {"WWW-Authenticate": 'Bearer realm="BBj Studio"'}

View = Callable[..., HttpResponse]
Operation = Mapping[str, Any]  # as OpenAPI describes it


class Api(Protocol):
    """What the door asks of the API behind it."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """ "GET /examples" and its like -> what OpenAPI says about each."""

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """The problem that an error is to a program."""


def door(view: View, api: Api) -> View:
    """`view` behind the door."""

    @wraps(view)
    def through(request: HttpRequest, **place: Any) -> HttpResponse:
        head = request.method == "HEAD"
        request.method = "GET" if head else request.method
        try:
            answer = _admitted(request, lambda: view(request, **place), api)
        except Exception as error:  # of the door; ninja answers those of an operation itself
            answer = api.on_exception(request, error)
        finally:
            request.method = "HEAD" if head else request.method
        answer.setdefault("Cache-Control", "private, no-cache")  # ask each time; If-None-Match saves the rest
        return answer

    return through


def _admitted(request: HttpRequest, view: Callable[[], HttpResponse], api: Api) -> HttpResponse:
    name = operation_of(request)
    token = token_of(request)
    authorise(token, name)
    look_at(request, api.operations[name])
    request.user = token.owner
    request.token = token  # type: ignore[attr-defined]
    key = request.headers.get(answering.HEADER)
    if key is not None and makes_something(name):
        return answering.once(request, token.owner, key, view)
    return view()


def operation_of(request: HttpRequest) -> str:
    """ "GET /examples/{example_id}" and its like: a key of roles.OPERATIONS.

    Raises:
        Refusal: 405, with the methods that the address takes.
    """
    match = request.resolver_match
    assert match is not None  # the view was found by its address
    address = "/" + match.route.removeprefix(PREFIX).replace("<", "{").replace(">", "}")
    name = f"{request.method} {address}"
    if name not in roles.OPERATIONS:
        methods = [
            method
            for method, _, known in (row.partition(" ") for row in roles.OPERATIONS)
            if known == address
        ]
        allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
        raise Refusal(
            "method", f"{address} takes {allowed}, not {request.method}.", headers={"Allow": allowed}
        )
    return name


def token_of(request: HttpRequest) -> ApiToken:
    """The token that the request shows.

    Raises:
        Refusal: 401; it does not tell whether a token is unknown, expired or revoked.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Refusal(
            "token",
            "Send the header Authorization: Bearer <token>. A session is not enough.",
            headers=WITHOUT,
        )
    token = tokens.recognise(secret.strip())
    if token is None:
        detail = (
            "This token is not valid: unknown, expired or revoked. Make a new one on the page API tokens."
        )
        headers = {"WWW-Authenticate": f'{WITHOUT["WWW-Authenticate"]}, error="invalid_token"'}
        raise Refusal("token", detail, headers=headers)
    return token


def authorise(token: ApiToken, name: str) -> None:
    """Scope of the token ∩ present role of its owner.

    Raises:
        Refusal: 403, naming the scope or the role.
    """
    scope, role = roles.OPERATIONS[name]
    if scope is not None and scope not in token.scopes:
        raise Refusal("scope", f'{name} needs the scope "{scope}"; this token has {", ".join(token.scopes)}.')
    if role != roles.SIGNED_IN and not roles.roles_of(token.owner) & set(roles.named(role)):
        words = " or ".join(f'"{one}"' for one in roles.named(role))
        raise Refusal("role", f"{name} needs the role {words}, which {token.owner.get_username()} has not.")


def makes_something(name: str) -> bool:
    """Whether an Idempotency-Key has a meaning: for what only reads it would store answers for nothing."""
    return name.startswith("POST ") and not str(roles.OPERATIONS[name][0]).endswith(":read")


def look_at(request: HttpRequest, operation: Operation) -> None:
    """Refuse what is too large, in another format, or asks for something that is not known.

    Raises:
        Refusal: 413, 415 or 422.
    """
    known = sorted(one["name"] for one in operation["parameters"] if one["in"] == "query")
    if unknown := sorted(set(request.GET) - set(known)):
        says = f"This address takes {', '.join(known)}." if known else "This address takes no query."
        mistakes = [Mistake(place=f"query.{name}", code="unknown", message=says) for name in unknown]
        raise Refusal("invalid", "The query has names that are not known here.", mistakes)
    media_types = operation.get("requestBody", {}).get("content", {})
    length = request.headers.get("Content-Length", "")
    sent_bytes = int(length) if length.isascii() and length.isdigit() else 0
    if not media_types or not sent_bytes:
        return
    if request.content_type not in media_types:
        said = request.content_type or "no content type"
        raise Refusal("media-type", f"The body is {said}. Send {' or '.join(media_types)}.")
    is_upload = "multipart/form-data" in media_types
    most = uploading.LARGEST_UPLOAD_BYTES + AROUND_A_FILE_BYTES if is_upload else MOST_BYTES
    if sent_bytes > most:
        raise Refusal("too-large", f"The body has {sent_bytes:,} bytes; at most {most:,} are read.")
