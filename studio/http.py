"""Request types, and a file as an answer. The one module of studio/ that curation and training may import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django_htmx.middleware import HtmxDetails

BLOCK_BYTES = 1024 * 1024


class SignedInRequest(HttpRequest):
    """A request that passed RoleMiddleware: there is a user, and the user may use this URL."""

    user: User
    htmx: HtmxDetails


def download(
    request: HttpRequest, file: IO[bytes], *, name: str, size_bytes: int, content_type: str
) -> StreamingHttpResponse:
    """Send an open file under this name, block by block, and close it."""
    if not isinstance(request, ASGIRequest):
        return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    # An ordinary iterator would be read to its end into memory first, and a model has gigabytes.
    response = StreamingHttpResponse(_blocks(file), content_type=content_type)
    response["Content-Length"] = str(size_bytes)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
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


async def _blocks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Read in another thread, so that other requests go on."""
    with file:
        while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
            yield block
