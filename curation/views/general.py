"""General code against forgetting: bringing it in, and taking what came from a source out again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from curation.forms.corpus import LICENCES, GeneralChoiceForm, GeneralForm
from curation.services import borrowing, gathering, stocking, uploading
from curation.views.corpus import report
from studio.http import SignedInRequest


@require_http_methods(["GET", "HEAD", "POST"])
def general_add(request: SignedInRequest) -> HttpResponse:
    """Bring lines in; with "check" only say what would happen. Sending the same again changes nothing."""
    form = GeneralForm(request.POST, request.FILES) if request.method == "POST" else GeneralForm()
    context: dict[str, Any] = {"form": form, "licences": LICENCES}
    if request.method == "POST" and form.is_valid():
        file, only_check = form.cleaned_data["file"], "check" in request.POST
        name, most = uploading.plain(file.name), borrowing.UPLOAD_MOST_LINES
        try:
            if only_check:
                found = borrowing.plan(file.chunks(), name=name, on=form.terms(), most=most)
            else:
                found = borrowing.add(
                    file.chunks(), name=name, on=form.terms(), author=request.user, most=most
                )
        except gathering.CorpusRefused as refused:
            form.add_error("file", str(refused))
        else:
            context |= report(found.problems) | {"summary": found.summary(dry_run=only_check)}
            context["checked"] = only_check
    return render(request, "curation/general_add.html", context, status=422 if form.errors else 200)


@require_POST
def general_choose(request: SignedInRequest) -> HttpResponse:
    form = GeneralChoiceForm(request.POST)
    if form.is_valid():
        try:
            borrowing.choose(by=request.user, **form.cleaned_data)
        except stocking.StockRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Dataset versions that are frozen from now on go by that.")
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("corpus_list")
