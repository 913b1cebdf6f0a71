"""The audit log: who did what and when, as a page and as a file. Nothing here, or anywhere, changes it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from curation.services import auditing
from curation.views.paging import page_of, whole_numbers
from studio import audit_trail
from studio.forms import AuditFilterForm
from studio.http import SignedInRequest, stream

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@require_safe
def audit_log(request: SignedInRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    page = page_of(audit_trail.entries(form.wanted(), reader=request.user), "-id", whole_numbers(request.GET))
    context = {
        "form": form,
        "page": page,
        "rows": [audit_trail.told(entry) for entry in page.rows],
        "people": User.objects.order_by("username").values_list("username", flat=True),
    }
    template = "studio/_audit_table.html" if request.htmx else "studio/audit_log.html"
    return render(request, template, context)


@require_POST
def audit_export(request: SignedInRequest) -> HttpResponse | StreamingHttpResponse:
    """What the filters show, as a file. Taking it is itself an entry, the newest in the file."""
    form = AuditFilterForm(request.POST)
    format = request.POST.get("format", "")
    if form.errors or format not in FORMATS:
        messages.error(request, "Nothing was exported: a filter or the format is none of its choices.")
        return redirect("audit_log")
    entry = auditing.record(
        actor=request.user, action="audit.export", format=format, filters=form.chosen_words()
    )
    return stream(
        request,
        audit_trail.exported(
            audit_trail.entries(form.wanted(), reader=request.user), newest=entry.pk, format=format
        ),
        name=f"audit-log-{timezone.now():%Y-%m-%d}.{format}",
        content_type=FORMATS[format],
    )
