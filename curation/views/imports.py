"""Importing the server's training-data folder: what it would do first, then the good ones."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from curation.forms.imports import ImportForm
from curation.services import importing, source_files
from studio.http import SignedInRequest

SHOWN_PROBLEMS = 500


@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: SignedInRequest) -> HttpResponse:
    try:
        plan = importing.plan_import(settings.STUDIO_TRAINING_DATA)
    except source_files.FolderRefused as error:
        return render(request, "curation/import.html", {"refused": str(error)}, status=_status(request))
    if request.method != "POST":
        return _page(request, plan)
    form = ImportForm(request.POST)
    if not form.is_valid() or form.cleaned_data["plan_digest"] != plan.digest:
        form.add_error(
            None, "The folder or the examples changed since this page was made. Look again, then import."
        )
        return _page(request, plan, form)
    result = importing.run_import(plan, author=request.user, note="imported from training-data")
    messages.success(
        request,
        f"Imported: {result.created} new, {result.changed} changed, {result.unchanged} unchanged, "
        f"{result.refused} refused.",
    )
    return redirect("example_list")


def _page(
    request: SignedInRequest, plan: importing.ImportPlan, form: ImportForm | None = None
) -> HttpResponse:
    context = {
        "plan": plan,
        "form": form,
        "folder": settings.STUDIO_TRAINING_DATA.name,
        "counts": [(word, plan.count(word)) for word in ("new", "changed", "unchanged", "refused")],
        "refused_files": [file for file in plan.files if file.change == "refused"][:SHOWN_PROBLEMS],
        "noted_files": [f for f in plan.files if f.change != "refused" and f.problems][:SHOWN_PROBLEMS],
        "to_write": [file for file in plan.files if file.change in ("new", "changed")][:SHOWN_PROBLEMS],
    }
    return render(request, "curation/import.html", context, status=422 if form else 200)


def _status(request: SignedInRequest) -> int:
    return 422 if request.method == "POST" else 200
