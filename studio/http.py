"""Request types, and a file as an answer. The one module of studio/ that curation and training may import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django_htmx.middleware import HtmxDetails

from studio import ranges

BLOCK_BYTES = 1024 * 1024


class SignedInRequest(HttpRequest):
    """A request that passed RoleMiddleware: there is a user, and the user may use this URL."""

    user: User
    htmx: HtmxDetails


def download(
    request: HttpRequest, file: IO[bytes], *, name: str, size_bytes: int, content_type: str
) -> StreamingHttpResponse:
    """Send an open file under this name, block by block, and close it."""
    blocks = _limited(file, size_bytes)
    # Over ASGI an ordinary iterator would be read to its end into memory first, and a model has gigabytes.
    over_asgi = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(_in_a_thread(blocks) if over_asgi else blocks, content_type=content_type)
    response["Content-Length"] = str(size_bytes)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def resumable(
    request: HttpRequest, file: IO[bytes], *, name: str, size_bytes: int, content_type: str, etag: str
) -> HttpResponseBase:
    """The same, in parts too: Range and If-Range as in RFC 9110. `etag` without its quotes."""
    headers = request.headers
    try:
        part = ranges.part_of(
            size_bytes,
            asked=headers.get("Range", ""),
            if_range=headers.get("If-Range", ""),
            etag=f'"{etag}"',
        )
    except ranges.Unsatisfiable:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size_bytes}"})
    wanted = part or ranges.Part(0, size_bytes - 1, size_bytes)
    file.seek(wanted.first)
    response = download(request, file, name=name, size_bytes=wanted.size, content_type=content_type)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = f'"{etag}"'
    if part:
        response.status_code = 206
        response["Content-Range"] = part.content_range
    return response


def stream(
    request: HttpRequest, blocks: Iterator[bytes], *, name: str, content_type: str
) -> StreamingHttpResponse:
    """Send what is made block by block, under this name, and never hold all of it."""
    over_asgi = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(_one_by_one(blocks) if over_asgi else blocks, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


async def _one_by_one(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Make each block in the thread that holds the database's connection."""
    following = sync_to_async(lambda: next(blocks, None))
    while (block := await following()) is not None:
        yield block


def _limited(file: IO[bytes], size: int) -> Iterator[bytes]:
    with file:
        while size > 0 and (block := file.read(min(BLOCK_BYTES, size))):
            size -= len(block)
            yield block


async def _in_a_thread(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read in another thread, so that other requests go on."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
