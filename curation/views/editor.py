"""The editor. Whatever happens, what was typed is on the page again or in a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.domain.bbj import CHECK_VERSION
from curation.forms.examples import EditorForm
from curation.models import Draft, Example
from curation.services import authoring, drafting
from curation.views import places
from curation.views.highlighting import file_html
from studio.http import SignedInRequest

MOST_FINDINGS = 200  # more help nobody, and a text of quotes alone has one a line
NEW_EXAMPLE = """\
---
title: "Say in a few words what the example shows"
type: completion
generation: all
difficulty: basic
tags: []
description: "What a person would ask for, in one sentence"
---

## Code

```bbj
rem What this program does

```

## Expected Output

```
What it prints
```

## Explanation

Why it works.
"""


@require_http_methods(["GET", "HEAD", "POST"])
def example_new(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        return _save(request, example=None, draft=None)
    return _page(request, EditorForm(initial={"text": NEW_EXAMPLE}), example=None, draft=None)


@require_http_methods(["GET", "HEAD", "POST"])
def example_edit(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = get_object_or_404(Example.objects.select_related("head"), pk=example_id)
    if request.method == "POST":
        return _save(request, example=example, draft=None)
    beside = _beside(request.GET)
    if draft := Draft.objects.filter(author=request.user, example=example).first():
        query = f"?beside={beside.pk}" if beside else ""
        return redirect(places.keep(request, f"{reverse('draft_edit', args=[draft.pk])}{query}"))
    assert example.head
    initial = {
        "path": example.path,
        "text": example.head.text,
        "base_hash": example.content_hash,
        "example": example.pk,
        "beside": beside.pk if beside else None,
    }
    return _page(request, EditorForm(initial=initial), example=example, draft=None)


@require_http_methods(["GET", "HEAD", "POST"])
def draft_edit(request: SignedInRequest, draft_id: int) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.select_related("example__head"), pk=draft_id, author=request.user)
    if request.method == "POST":
        return _save(request, example=draft.example, draft=draft)
    form = _form_of(draft, _beside(request.GET))
    return _page(request, form, example=draft.example, draft=draft, checked=_check(draft))


@require_safe
def draft_list(request: SignedInRequest) -> HttpResponse:
    drafts = Draft.objects.filter(author=request.user).select_related("example")[:200]
    return render(request, "curation/draft_list.html", {"drafts": drafts})


@require_POST
def draft_keep(request: SignedInRequest) -> HttpResponse:
    """Called by the editor while somebody types."""
    form = EditorForm(request.POST)
    if not form.is_valid():
        return render(request, "curation/_draft_state.html", {"form": form}, status=422)
    data = form.cleaned_data
    example = Example.objects.select_related("head").filter(pk=data["example"]).first()
    draft = _own_draft(request, data["draft"])
    if draft is None and _nothing_typed(data["text"], example):
        return render(request, "curation/_draft_state.html", {"draft": None})
    return render(request, "curation/_draft_state.html", {"draft": _keep(request, data, example, draft)})


@require_POST
def example_check(request: SignedInRequest) -> JsonResponse:
    """Called by the editor while somebody types: {"problems", "findings", "left_out", "checker"} of any text.

    `problems` are of the file (curation.domain.problems), `findings` of its code; lines count in the file.
    Each list has MOST_FINDINGS at most, and `left_out` is how many more there are.
    """
    form = EditorForm(request.POST)
    form.is_valid()  # what else stands in the form is judged when it is saved
    if "text" not in form.cleaned_data:
        return JsonResponse({"detail": " ".join(map(str, form.errors["text"]))}, status=422)
    path = form.cleaned_data.get("path", "")
    checked = authoring.read(form.cleaned_data["text"].encode("utf-8", "replace"), path=path)
    problems = [p for p in checked.problems if path or p.code != "path"]  # it is not typed yet
    findings = authoring.findings(checked)
    answer = {
        "problems": [problem.as_dict() for problem in authoring.sorted_by_line(problems)[:MOST_FINDINGS]],
        "findings": [
            {
                **finding,
                "line": finding["source_line"],
                "severity": "error" if finding["certain"] else "warning",
            }
            for finding in findings[:MOST_FINDINGS]
        ],
        "left_out": sum(max(len(found) - MOST_FINDINGS, 0) for found in (problems, findings)),
        "checker": CHECK_VERSION,
    }
    return JsonResponse(answer)


@require_POST
def draft_discard(request: SignedInRequest, draft_id: int) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.select_related("example"), pk=draft_id, author=request.user)
    example = draft.example
    drafting.discard(draft)
    messages.success(request, "The draft is gone. No example was changed.")
    return redirect("example_page", example.pk) if example else redirect("draft_list")


def _save(request: SignedInRequest, *, example: Example | None, draft: Draft | None) -> HttpResponse:
    form = EditorForm(request.POST)
    if not form.is_valid():
        return _page(request, form, example=example, draft=draft, status=422)
    data = form.cleaned_data
    draft = draft or _own_draft(request, data["draft"])
    path = example.path if example else data["path"]
    if request.POST.get("action") == "keep":
        draft = _keep(request, data, example, draft)
        messages.success(request, "Kept as a draft; the example itself is unchanged.")
        return redirect("draft_edit", draft.pk)
    try:
        saved = authoring.save(
            author=request.user,
            path=path,
            text=data["text"],
            base_hash=(data["base_hash"] or example.content_hash) if example else "",
            note=data["note"],
            draft=draft,
        )
    except authoring.StaleText as stale:
        query = urlencode({"note": data["note"]})
        return redirect(f"{reverse('draft_merge', args=[stale.draft.pk])}?{query}")
    if saved.draft:
        shown = EditorForm(initial={**data, "path": path, "draft": saved.draft.pk})
        return _page(request, shown, example=example, draft=saved.draft, problems=saved.problems, status=422)
    assert saved.example
    if saved.revision:
        messages.success(request, f"Saved {saved.example.path} as revision {saved.revision.number}.")
    else:
        messages.info(request, f"{saved.example.path} has this text already; nothing was changed.")
    if data["beside"]:  # it was opened to merge two near-duplicates: one of them is still to be set aside
        cluster = reverse("duplicate_cluster", args=[saved.example.pk])
        return redirect(f"{cluster}?left={saved.example.pk}&right={data['beside']}")
    return redirect(places.keep(request, reverse("example_page", args=[saved.example.pk])))


def _page(
    request: SignedInRequest,
    form: EditorForm,
    *,
    example: Example | None,
    draft: Draft | None,
    checked: authoring.Checked | None = None,
    problems: tuple[Any, ...] = (),
    status: int = 200,
) -> HttpResponse:
    found = checked.problems if checked else problems
    beside = _beside(form.data or form.initial)
    context = {
        "form": form,
        "example": example,
        "draft": draft,
        "problems": authoring.sorted_by_line(found),
        "findings": authoring.findings(checked) if checked else [],
        "checked": checked,
        "beside": beside,
        "beside_text": file_html(beside.head.text) if beside and beside.head else "",
        "outdated": draft and example and draft.base_hash != example.content_hash,
    }
    return render(request, "curation/editor.html", context, status=status)


def _beside(values: Mapping[str, Any]) -> Example | None:
    """The example whose text is to stand beside the editor; None when the form or the address names none."""
    asked = EditorForm({"beside": values.get("beside") or ""})
    asked.is_valid()
    return Example.objects.select_related("head").filter(pk=asked.cleaned_data.get("beside") or 0).first()


def _form_of(draft: Draft, beside: Example | None) -> EditorForm:
    return EditorForm(
        initial={
            "path": draft.path,
            "text": draft.text,
            "base_hash": draft.base_hash,
            "draft": draft.pk,
            "example": draft.example_id,
            "beside": beside.pk if beside else None,
        }
    )


def _check(draft: Draft) -> authoring.Checked:
    return authoring.read(draft.text.encode("utf-8", "replace"), path=draft.path)


def _own_draft(request: SignedInRequest, draft_id: int | None) -> Draft | None:
    if draft_id is None:
        return None
    return Draft.objects.filter(pk=draft_id, author=request.user).select_related("example").first()


def _nothing_typed(text: str, example: Example | None) -> bool:
    present = example.head.text if example and example.head else NEW_EXAMPLE
    return text.strip() in ("", present.strip())


def _keep(
    request: SignedInRequest, data: dict[str, Any], example: Example | None, draft: Draft | None
) -> Draft:
    if draft is None:
        draft = (
            drafting.draft_of(author=request.user, example=example)
            if example
            else drafting.new_draft(author=request.user, path=data["path"])
        )
    return drafting.keep(draft, text=data["text"], path=data["path"], base_hash=data["base_hash"] or None)
