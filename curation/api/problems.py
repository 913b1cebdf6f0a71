"""What the API says when it says no: one form for every error (RFC 9457, application/problem+json)."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import Field

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
DOCS = "/api/docs"  # where each kind is explained; `type` links there


@dataclass(frozen=True)
class Kind:
    status: int
    title: str
    remedy: str


KINDS = {
    "malformed": Kind(400, "The request cannot be read", "Send valid JSON, as one object."),
    "token": Kind(401, "A valid token is needed", "Send Authorization: Bearer followed by a token."),
    "scope": Kind(403, "The token's scopes do not include this", "Make a token with the scope."),
    "role": Kind(403, "Your role does not include this", "Ask an admin for the role."),
    "own-work": Kind(403, "This is your own work", "Somebody else has to do this."),
    "not-found": Kind(404, "There is nothing here", "Look at the address and the id."),
    "method": Kind(405, "This address does not take that method", "The header Allow lists those it takes."),
    "conflict": Kind(409, "This does not fit the present state", "Read the state again, then decide."),
    "answering": Kind(409, "The first request with this key is still running", "Wait, then send it again."),
    "stale": Kind(412, "The text changed meanwhile", "Get it again, look at the new text, send its ETag."),
    "too-large": Kind(413, "The request is too large", "Send less at once."),
    "media-type": Kind(415, "This form of body is not read here", "Send the content type that is named."),
    "invalid": Kind(422, "The request has mistakes", "Mend what `errors` names."),
    "key-used": Kind(422, "The key belongs to another request", "Use a new key for a new request."),
    "no-match": Kind(
        428,
        "If-Match is missing or is no ETag",
        "Send the ETag of the text that you have seen as If-Match, in quotes.",
    ),
    "bug": Kind(500, "The studio made a mistake", "The server's log has the details."),
}


class Mistake(Schema):
    """One thing wrong with a request: where, what, and what to write instead."""

    place: str = Field(description='"body.text", "query.limit", or a line of the text: "body.text:12"')
    code: str = Field(description="a stable name of the rule")
    message: str


class Problem(Schema):
    """Why the request was refused; nothing was changed."""

    type: str = Field(description="the kind of problem, as a link to its explanation")
    title: str
    status: int
    detail: str
    errors: list[Mistake] = Field(default=[], description="all of them at once")


class Refusal(Exception):
    """An endpoint, or the door before it, says no. `kind` is a key of KINDS."""

    def __init__(
        self, kind: str, detail: str, errors: Iterable[Mistake] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.errors, self.headers = kind, detail, list(errors), headers or {}


def answer(refusal: Refusal) -> HttpResponse:
    kind = KINDS[refusal.kind]
    problem = Problem(
        type=f"{DOCS}#problem-{refusal.kind}",
        title=kind.title,
        status=kind.status,
        detail=refusal.detail,
        errors=refusal.errors,
    )
    return HttpResponse(
        problem.model_dump_json(), status=kind.status, content_type=MEDIA_TYPE, headers=refusal.headers
    )


def bug(request: HttpRequest, error: Any) -> HttpResponse:
    """What nobody foresaw: the log has it all, the answer nothing of it."""
    log.error("%s %s", request.method, request.path, exc_info=error)
    return answer(Refusal("bug", "Nothing more is known here; the server's log has the details."))
