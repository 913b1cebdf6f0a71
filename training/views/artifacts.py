"""The models that runs have made, and their files."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_safe

from studio.http import SignedInRequest
from training.adapters import storage
from training.models import Artifact, Run
from training.services import scoring
from training.views import words

MODELS_ON_PAGE = 100


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
        "artifacts": run.artifacts.all(),
        "scored": scoring.scored(newest) if newest else None,
    }


@require_safe
def artifact_download(request: SignedInRequest, artifact_id: int) -> FileResponse:
    """Stream one file under its own name. Folders (adapters, merged models) stay on the server."""
    artifact = get_object_or_404(Artifact, pk=artifact_id)
    path = storage.path_of(artifact.sha256)
    if not path.is_file():
        raise Http404(
            f"{artifact.file_name} is a folder and has no single file to download."
            if path.is_dir()
            else f"{artifact.file_name} is no longer in the artifact store of this machine."
        )
    response = FileResponse(path.open("rb"), as_attachment=True, filename=artifact.file_name)
    response["ETag"] = f'"{artifact.sha256}"'
    return response
