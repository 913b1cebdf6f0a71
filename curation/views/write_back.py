"""Examples as files to take away and edit; an import brings them back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from curation.forms.examples import ExampleFilterForm
from curation.services import exporting, writing_back
from studio.http import SignedInRequest, download


@require_safe
def example_download(request: SignedInRequest) -> HttpResponse | StreamingHttpResponse:
    """What the list finds with the same filters, as a .zip; approved ones, unless ?status= says otherwise."""
    asked = request.GET.copy()
    asked.setdefault("status", "approved")
    form = ExampleFilterForm(asked)
    filters = form.filters(request.user)
    if form.errors:
        messages.error(request, "A filter of the download is none of its choices; nothing was made.")
        return redirect("example_list")
    try:
        file, size_bytes = writing_back.export_archive(filters)
    except exporting.ExportRefused as refused:
        messages.error(request, str(refused))
        return redirect(f"{reverse('example_list')}?{request.GET.urlencode()}")
    name = f"examples-{filters.status or 'all'}.zip"
    return download(request, file, name=name, size_bytes=size_bytes, content_type="application/zip")
