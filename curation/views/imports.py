"""Importing: send a file, watch its check, read the report, import what is good."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.domain.defects import DEFECTS
from curation.domain.reconciling import BOTH_CHANGED, MEANING
from curation.forms.imports import FolderForm, UploadForm
from curation.models import Example, ImportItem, ImportJob
from curation.models.imports import DEFECT
from curation.services import mending, queueing, reconciling, reporting, uploading, working
from curation.views.paging import page_of, whole_numbers
from studio.http import SignedInRequest

SHOWN_JOBS = 20
SHOWN_CONFLICTS = 10  # on the import's page
ACTIVE = ("queued", "checking", "confirmed", "importing")
TITLES = {
    "waiting": "Waiting for a decision",
    "record": "Conversations that fit no example",
    "example": "Examples",
}
CHIPS = {"done": "good", "failed": "bad", "cancelled": "warn", "ready": "good"}


@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: SignedInRequest) -> HttpResponse:
    """Send a file, or look at earlier imports."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            job = uploading.upload(
                name=data["file"].name,
                chunks=data["file"].chunks(),
                author=request.user,
                idempotency_key=str(data["key"]),
                topic=data["topic"],
            )
        except uploading.UploadRefused as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("import_page", job.pk)
    context = {
        "form": form,
        "folder_form": FolderForm(),
        "folder": settings.STUDIO_TRAINING_DATA.name,
        "jobs": [(job, chip(job)) for job in ImportJob.objects.select_related("requested_by")[:SHOWN_JOBS]],
        "largest_mb": uploading.LARGEST_UPLOAD_BYTES // 1000**2,
    }
    return render(request, "curation/import_list.html", context, status=422 if form.errors else 200)


@require_POST
def import_folder(request: SignedInRequest) -> HttpResponse:
    """Check the training-data folder of this server."""
    form = FolderForm(request.POST)
    if not form.is_valid():
        return redirect("import")
    source = settings.STUDIO_TRAINING_DATA
    job = uploading.open_job(
        kind="folder",
        name=source.name,
        source=source,
        author=request.user,
        idempotency_key=str(form.cleaned_data["key"]),
    )
    return redirect("import_page", job.pk)


@require_safe
def import_page(request: SignedInRequest, job_id: int) -> HttpResponse:
    return render(request, "curation/import_page.html", live(_job(job_id)))


@require_safe
def import_live(request: SignedInRequest, job_id: int) -> HttpResponse:
    return render(request, "curation/_import_live.html", live(_job(job_id)))


@require_POST
def import_confirm(request: SignedInRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    queueing.confirm(job)
    return _after(request, job)


@require_POST
def import_cancel(request: SignedInRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    working.cancel(job)
    return _after(request, job)


@require_safe
def import_problems(request: SignedInRequest, job_id: int, code: str) -> HttpResponse:
    """Every item with this problem, a page at a time."""
    job = _job(job_id)
    problems = job.problems.filter(code=code).select_related("item")
    word = request.GET.get("q", "").replace("\0", "")[:100]
    if word:
        problems = problems.filter(item__name__icontains=word) | problems.filter(message__icontains=word)
    page = page_of(problems, "pk", whole_numbers(request.GET))
    context = {"job": job, "code": code, "page": page, "word": word, "says": DEFECTS.get(code, "")}
    context["mendable"] = any(problem.severity == DEFECT for problem in page.rows)
    return render(request, "curation/import_problems.html", context)


@require_safe
def import_items(request: SignedInRequest, job_id: int, change: str) -> HttpResponse:
    """Every item that is new, changed, unchanged, refused, left out, or becomes a conversation."""
    job = _job(job_id)
    items = job.items.all()
    if change in dict(ImportItem.KINDS):
        items = items.filter(kind=change)
    elif change == "waiting":
        items = items.waiting()
    else:
        items = items.filter(change=change)
    title = TITLES.get(change) or dict(ImportItem.CHANGES).get(change, change).capitalize()
    context = {
        "job": job,
        "change": change,
        "title": title,
        "page": page_of(items, "position", whole_numbers(request.GET)),
    }
    return render(request, "curation/import_items.html", context)


@require_safe
def import_line(request: SignedInRequest, job_id: int, position: int) -> HttpResponse:
    """One file or line as it was read, and what it became."""
    item = get_object_or_404(ImportItem.objects.select_related("job"), job_id=job_id, position=position)
    row = None
    if item.source and item.change != "refused":
        row = mending.row_of(item)
    context = {
        "item": item,
        "job": item.job,
        "row": row,
        "problems": item.problems.select_related("decided_by"),
        "example": Example.objects.filter(path=item.path).first() if item.path and item.outcome else None,
    }
    return render(request, "curation/import_line.html", context)


def live(job: ImportJob) -> dict[str, Any]:
    """All of a job's page that changes."""
    report = reporting.report_of(job) if job.state in ("ready", "done") else None
    started = job.total and job.state in ("checking", "importing")
    return {
        "job": job,
        "chip": chip(job),
        "active": job.state in ACTIVE,
        "percent": round(100 * min(job.done, job.total) / job.total) if started else None,
        "report": report,
        "defects": [code for code in report.codes if code.severity == DEFECT] if report else [],
        "findings": [code for code in report.codes if code.severity != DEFECT] if report else [],
        "says": {**DEFECTS, BOTH_CHANGED: MEANING},
        "conflicts": reconciling.conflicts(job).order_by("action", "pk")[:SHOWN_CONFLICTS] if report else [],
        "from_export": bool(report) and job.items.exclude(exported_hash="").exists(),
        "may_cancel": job.state in (*ACTIVE, "ready") and not job.cancel_requested_at,
    }


def chip(job: ImportJob) -> str:
    return "busy" if job.state in ACTIVE else CHIPS.get(job.state, "")


def _job(job_id: int) -> ImportJob:
    return get_object_or_404(ImportJob.objects.select_related("requested_by"), pk=job_id)


def _after(request: SignedInRequest, job: ImportJob) -> HttpResponse:
    if request.htmx:
        return render(request, "curation/_import_live.html", live(_job(job.pk)))
    return redirect("import_page", job.pk)
