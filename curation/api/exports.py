"""A dataset version to take away: in a format as one .zip, or a single file of it."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from curation.api import etags
from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, Id
from curation.models import Snapshot
from curation.services import exporting
from studio.http import download

router = Router(tags=["dataset versions"])
CONTENT_TYPES = {
    "manifest.json": "application/json",
    "README.md": "text/markdown; charset=utf-8",
    "train.jsonl": "application/x-ndjson",
    "validation.jsonl": "application/x-ndjson",
}


class ExportOptions(Schema):
    weights: bool = Field(False, description="with a column `weight`, in the formats that have rows")


@router.get(
    "/snapshots/{snapshot_id}/files/{file_name}",
    response={200: Any, 304: None, 409: Problem},
    summary="Download a file of a dataset version",
    openapi_extra={
        "responses": {
            200: {"content": {kind.partition(";")[0]: {"schema": {}} for kind in CONTENT_TYPES.values()}}
        }
    },
)
def snapshot_file(
    request: ApiRequest,
    snapshot_id: Id,
    file_name: Literal[*exporting.FILES],  # type: ignore[valid-type]
) -> HttpResponseBase:
    """Byte-identical each time."""
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    tag = f"{snapshot.digest}.{file_name}"
    if etags.is_known(request, tag):
        return HttpResponse(status=304, headers={"ETag": f'"{tag}"'})
    file, size_bytes = exporting.made(snapshot, file_name)
    name = f"{snapshot.name}-{file_name}"
    response = download(
        request, file, name=name, size_bytes=size_bytes, content_type=CONTENT_TYPES[file_name]
    )
    response["ETag"] = f'"{tag}"'
    return response


@router.get(
    "/snapshots/{snapshot_id}/exports/{format}",
    response={200: Any, 304: None, 409: Problem},
    summary="Download a dataset version in a format",
    openapi_extra={"responses": {200: {"content": {"application/zip": {"schema": {}}}}}},
)
def snapshot_export(
    request: ApiRequest,
    snapshot_id: Id,
    format: Literal[*exporting.FORMATS],  # type: ignore[valid-type]
    options: Query[ExportOptions],
) -> HttpResponseBase:
    """One .zip, byte-identical each time and on every machine."""
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    name = exporting.archive_name(snapshot, format, options.weights)
    tag = f"{snapshot.digest}.{name}"
    if etags.is_known(request, tag):
        return HttpResponse(status=304, headers={"ETag": f'"{tag}"'})
    file, size_bytes = exporting.archive(snapshot, format=format, weights=options.weights)
    response = download(request, file, name=name, size_bytes=size_bytes, content_type="application/zip")
    response["ETag"] = f'"{tag}"'
    return response
