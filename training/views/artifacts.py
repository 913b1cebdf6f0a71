"""The models that runs have made, and their files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_safe

from studio.http import SignedInRequest
from training.adapters import storage
from training.models import Artifact, Run
from training.services import packaging, scoring
from training.views import words

MODELS_ON_PAGE = 100
BLOCK_BYTES = 1024 * 1024


@require_GET
def model_list(request: SignedInRequest) -> HttpResponse:
    """Runs that have a finished quantised model, newest first."""
    runs = (
        Run.objects.filter(artifacts__kind__startswith="gguf_q")
        .distinct()
        .select_related("snapshot")
        .prefetch_related("artifacts", "evaluations")
        .order_by("-pk")[:MODELS_ON_PAGE]
    )
    return render(request, "training/model_list.html", {"rows": [model_row(run) for run in runs]})


def model_row(run: Run) -> dict[str, Any]:
    newest = max(run.evaluations.all(), key=lambda evaluation: evaluation.pk, default=None)
    return {
        "run": run,
        "chip": words.state_chip(run.state),
        "artifacts": packaging.newest(run),
        "scored": scoring.scored(newest) if newest else None,
    }


@require_safe
def artifact_download(request: SignedInRequest, artifact_id: int) -> StreamingHttpResponse:
    """Stream one file under its own name. Folders (adapters, merged models) stay on the server."""
    artifact = get_object_or_404(Artifact, pk=artifact_id)
    path = storage.path_of(artifact.sha256)
    if not path.is_file():
        raise Http404(
            f"{artifact.file_name} is a folder and has no single file to download."
            if path.is_dir()
            else f"{artifact.file_name} is no longer in the artifact store of this machine."
        )
    if isinstance(request, ASGIRequest):
        # An ordinary iterator would be read to its end into memory first, and a model has gigabytes.
        response = StreamingHttpResponse(blocks(path), content_type="application/octet-stream")
        response["Content-Length"] = str(artifact.size_bytes)
        response["Content-Disposition"] = content_disposition_header(True, artifact.file_name) or "attachment"
    else:
        response = FileResponse(path.open("rb"), as_attachment=True, filename=artifact.file_name)
    response["ETag"] = f'"{artifact.sha256}"'
    return response


async def blocks(path: Path) -> AsyncIterator[bytes]:
    """A file's bytes, read in another thread so that other requests go on."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
            yield block
