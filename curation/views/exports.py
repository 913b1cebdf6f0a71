"""A dataset version to take away: in a format as one .zip, or a single file of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from curation.models import Snapshot
from curation.services import exporting
from studio.http import SignedInRequest, download

CONTENT_TYPES = {
    "manifest.json": "application/json; charset=utf-8",
    "README.md": "text/markdown; charset=utf-8",
    "train.jsonl": "application/x-ndjson; charset=utf-8",
    "validation.jsonl": "application/x-ndjson; charset=utf-8",
}


@require_safe
def snapshot_download(
    request: SignedInRequest, snapshot_id: int, file_name: str
) -> HttpResponse | StreamingHttpResponse:
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    if file_name not in exporting.FILES:
        raise Http404
    try:
        file, size_bytes = exporting.made(snapshot, file_name)
    except exporting.ExportRefused as error:
        messages.error(request, str(error))
        return redirect("snapshot_page", snapshot.pk)
    name = f"{snapshot.name}-{file_name}"
    return download(request, file, name=name, size_bytes=size_bytes, content_type=CONTENT_TYPES[file_name])


@require_safe
def snapshot_export(
    request: SignedInRequest, snapshot_id: int, format: str
) -> HttpResponse | StreamingHttpResponse:
    """?weights=1 adds the column `weight` to each row."""
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    if format not in exporting.FORMATS:
        raise Http404
    weights = request.GET.get("weights") == "1"
    try:
        file, size_bytes = exporting.archive(snapshot, format=format, weights=weights)
    except exporting.ExportRefused as error:
        messages.error(request, str(error))
        return redirect("snapshot_page", snapshot.pk)
    name = exporting.archive_name(snapshot, format, weights)
    return download(request, file, name=name, size_bytes=size_bytes, content_type="application/zip")
