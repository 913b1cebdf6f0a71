"""What the editor asks while somebody types: is it right, what becomes of it; and it is kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from curation.domain.bbj import CHECK_VERSION
from curation.forms.editor import EditorForm
from curation.models import Draft, Example
from curation.services import authoring, looking
from curation.views.advice import live_context
from curation.views.editor import keep, own_draft
from curation.views.findings import Spots
from studio.http import SignedInRequest

MOST_FINDINGS = 200  # more help nobody, and a text of quotes alone has one a line


@require_POST
def draft_keep(request: SignedInRequest) -> HttpResponse:
    form = EditorForm(request.POST)
    if not form.is_valid():
        return render(request, "curation/_draft_state.html", {"form": form}, status=422)
    data = form.cleaned_data
    draft = own_draft(request, data["draft"])
    example = _edited(request, data["example"], draft)
    present = example.head.text if example and example.head else ""
    if draft is None and not form.typed_something(present):
        return render(request, "curation/_draft_state.html", {"draft": None})
    return render(request, "curation/_draft_state.html", {"draft": keep(request, data, example, draft)})


def _edited(request: SignedInRequest, example_id: int | None, draft: Draft | None) -> Example | None:
    """The example that is edited. A draft of a holdout task is begun by nobody who may not read it."""
    if draft:
        return draft.example
    example = Example.everything.select_related("head").filter(pk=example_id or 0).first()
    return example if example and looking.may_read(request.user, example) else None


@require_POST
def example_check(request: SignedInRequest) -> HttpResponse:
    """{"problems", "findings", "left_out", "checker"} of any text.

    `problems` are of the file (curation.domain.problems), `findings` of its code; lines count in the file,
    and each says where the form shows it (curation.views.findings.Spot). Each list has MOST_FINDINGS at most,
    and `left_out` is how many more there are.
    """
    form = EditorForm(request.POST)
    form.is_valid()  # what else stands in the form is judged when it is saved
    if "text" not in form.cleaned_data:
        return JsonResponse({"detail": " ".join(map(str, form.errors["text"]))}, status=422)
    path, text = form.cleaned_data.get("path", ""), form.cleaned_data["text"]
    pool = form.cleaned_data.get("pool", "")
    checked = authoring.read(text.encode("utf-8", "replace"), path=path, pool=pool)
    # A path is no problem before it is typed.
    said = [p for p in checked.problems if p.code != "path" or (path and not path.endswith("/"))]
    problems = authoring.sorted_by_line([*form.piece_problems, *said])
    findings = authoring.findings(checked)
    spots = Spots(text, form.sheet)
    answer = {
        "problems": [
            {**spots.worded(problem).as_dict(), **spots.of_problem(problem).as_dict()}
            for problem in problems[:MOST_FINDINGS]
        ],
        "findings": [_finding(finding, spots) for finding in findings[:MOST_FINDINGS]],
        "left_out": sum(max(len(found) - MOST_FINDINGS, 0) for found in (problems, findings)),
        "checker": CHECK_VERSION,
    }
    return JsonResponse(answer)


@require_POST
def example_preview(request: SignedInRequest) -> HttpResponse:
    """Suggested labels, the length in tokens, and the sections as they will look."""
    form = EditorForm(request.POST)
    form.is_valid()
    if "text" not in form.cleaned_data:
        return HttpResponse(" ".join(map(str, form.errors["text"])), status=422, content_type="text/plain")
    data = form.cleaned_data
    context = live_context(data["text"], path=data.get("path", ""), accepted=data.get("accepted", ""))
    return render(request, "curation/_editor_live.html", {**context, "as_form": form.sheet is not None})


def _finding(finding: dict[str, Any], spots: Spots) -> dict[str, Any]:
    return {
        **finding,
        **spots.of_line(finding["source_line"]).as_dict(),
        "line": finding["source_line"],
        "severity": "error" if finding["certain"] else "warning",
    }
