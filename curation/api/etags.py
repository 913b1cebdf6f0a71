"""Whether a program has seen the present text: its content hash is in the ETag, and in If-Match.

The ETag of an example is "<content hash>.<digest of the answer>": it changes with every answer, so that a
cached one never hides a new status. If-Match is held against the content hash alone, with or without the
rest: what a reviewer says meanwhile does not stop an edit, another text does.
"""

from __future__ import annotations

import hashlib
import re

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from curation.api.problems import Refusal
from curation.models import Example

_TAG = re.compile(r'(W/)?"([^"]*)"')
SEEN = re.compile(r'"[!#-~]+"( *, *"[!#-~]+")*')  # If-Match; a weak tag never matches (RFC 9110)


def answer(
    request: HttpRequest, response: HttpResponse, body: Schema, content_hash: str
) -> Schema | HttpResponse:
    """The body with its ETag, or 304 where the program has exactly this one already."""
    digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    return unchanged_or(request, response, body, f"{content_hash}.{digest[:16]}")


def unchanged_or(
    request: HttpRequest, response: HttpResponse, body: Schema, tag: str
) -> Schema | HttpResponse:
    response["ETag"] = f'"{tag}"'
    if is_known(request, tag):
        return HttpResponse(status=304, headers={"ETag": response["ETag"]})
    return body


def is_known(request: HttpRequest, tag: str) -> bool:
    """Whether If-None-Match names this tag."""
    if request.method != "GET":
        return False
    known = request.headers.get("If-None-Match", "")
    return known.strip() == "*" or tag in (value for _, value in _TAG.findall(known))


def seen_hash(request: HttpRequest, example: Example) -> str:
    """The content hash that If-Match names, which is that of the present text.

    Raises:
        Refusal: 428 without If-Match, 412 when it names another text.
    """
    asked = request.headers.get("If-Match", "").strip()
    if not SEEN.fullmatch(asked):
        raise Refusal(
            "no-match", f'If-Match: write the ETag of the text of {example.path} that you have seen: "…".'
        )
    seen = [tag.partition(".")[0] for _, tag in _TAG.findall(asked)]
    if example.content_hash not in seen:
        raise Refusal("stale", f"{example.path} has another text by now than the one that If-Match names.")
    return example.content_hash
