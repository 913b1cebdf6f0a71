"""What runs have made: models and the files beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema

from curation.api import etags
from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, ById, Id, Page, page_of
from studio.http import resumable
from training.models import Artifact
from training.services import packaging

router = Router(tags=["models"])


class ArtifactFilters(ById):
    run: Id | None = None


class ArtifactOut(Schema):
    id: int
    run: int
    kind: str
    file_name: str
    sha256: str
    size_bytes: int
    is_folder: bool
    created_at: datetime


@router.get("/artifacts", response=Page[ArtifactOut], summary="List what runs have made, newest first")
def artifact_list(
    request: ApiRequest, response: HttpResponse, asked: Query[ArtifactFilters]
) -> dict[str, Any]:
    rows = Artifact.objects.all() if asked.run is None else Artifact.objects.filter(run=asked.run)
    found = page_of(request, response, rows, "-pk", asked)
    return found | {"items": [_out(artifact) for artifact in found["items"]]}


@router.get("/artifacts/{artifact_id}", response=ArtifactOut, summary="Read what is known of a file")
def artifact_get(request: ApiRequest, artifact_id: Id) -> dict[str, Any]:
    return _out(get_object_or_404(Artifact, pk=artifact_id))


@router.get(
    "/artifacts/{artifact_id}/file",
    response={200: Any, 206: Any, 304: None, 404: Problem},
    summary="Download a file",
    openapi_extra={"responses": {200: {"content": {"application/octet-stream": {"schema": {}}}}}},
)
def artifact_file(request: ApiRequest, artifact_id: Id) -> HttpResponseBase:
    """Folders (adapters, merged models) stay on the server. Range and If-Range ask for a part (206)."""
    artifact = get_object_or_404(Artifact, pk=artifact_id)
    path = packaging.file_of(artifact)
    if etags.is_known(request, artifact.sha256):
        return HttpResponse(status=304, headers={"ETag": f'"{artifact.sha256}"'})
    return resumable(
        request,
        path.open("rb"),
        name=artifact.file_name,
        size_bytes=artifact.size_bytes,
        content_type="application/octet-stream",
        etag=artifact.sha256,
    )


def _out(artifact: Artifact) -> dict[str, Any]:
    names = ("kind", "file_name", "sha256", "size_bytes", "is_folder", "created_at")
    return {name: getattr(artifact, name) for name in names} | {"id": artifact.pk, "run": artifact.run_id}
