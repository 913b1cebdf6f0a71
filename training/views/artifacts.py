"""The models that runs have made, and their files."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_safe

from studio.http import SignedInRequest, resumable
from training.models import Artifact, Run
from training.services import packaging, scoring
from training.views import words

MODELS_ON_PAGE = 100


@require_GET
def model_list(request: SignedInRequest) -> HttpResponse:
    """Runs that have a finished quantised model, newest first."""
    runs = (
        Run.objects.filter(artifacts__kind__startswith="gguf_q")
        .distinct()
        .select_related("snapshot")
        .defer("snapshot__manifest", "snapshot__report")
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
def artifact_download(request: SignedInRequest, artifact_id: int) -> HttpResponseBase:
    """Stream one file under its own name. Folders (adapters, merged models) stay on the server."""
    artifact = get_object_or_404(Artifact, pk=artifact_id)
    try:
        path = packaging.file_of(artifact)
    except packaging.NoFile as error:
        raise Http404(str(error)) from error
    return resumable(
        request,
        path.open("rb"),
        name=artifact.file_name,
        size_bytes=artifact.size_bytes,
        content_type="application/octet-stream",
        etag=artifact.sha256,
    )
