"""An open file as an answer, block by block, on either kind of server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import IO

from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

BLOCK_BYTES = 1024 * 1024


def download(
    request: HttpRequest, file: IO[bytes], *, name: str, size_bytes: int, content_type: str
) -> StreamingHttpResponse:
    """Send the file under this name and close it."""
    if not isinstance(request, ASGIRequest):
        return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    # An ordinary iterator would be read to its end into memory first.
    response = StreamingHttpResponse(_blocks(file), content_type=content_type)
    response["Content-Length"] = str(size_bytes)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


async def _blocks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Read in another thread, so that other requests go on."""
    with file:
        while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
            yield block
