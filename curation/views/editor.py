"""The editor. Whatever happens, what was typed is on the page again or in a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.domain import markdown
from curation.domain.beginnings import beginning
from curation.domain.composing import CannotSplit, compose, split
from curation.domain.label_advice import advise, label_signature, with_advice
from curation.domain.labels import TYPES
from curation.domain.problems import Problem
from curation.domain.tasks import PROGRAM, TASK_TYPES
from curation.forms.editor import FORM, MARKDOWN, WAYS, BeginningForm, EditorForm, sheet_of
from curation.forms.sheet import Row, Sheet
from curation.models import Draft, Example
from curation.models.examples import MARKS, TASK_POOLS
from curation.services import authoring, drafting, looking, posing, reviewing
from curation.views import places
from curation.views.advice import live_context
from curation.views.findings import Spots, by_piece, by_program, found_in
from curation.views.highlighting import file_html
from curation.views.opening import open_example
from curation.views.rendering import inline_html
from studio.http import SignedInRequest

SUGGESTION = "suggestion"  # who gave the labels: curation.domain.labelling.SOURCES


@require_http_methods(["GET", "HEAD", "POST"])
def example_new(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        return _answer(request, example=None, draft=None)
    asked = BeginningForm(request.GET).values()
    kind = asked.pop("type", TYPES[0])
    text = beginning(
        kind,
        generations=asked.get("generation", ()),
        difficulty=asked.get("difficulty", "basic"),
    )
    folder = asked.get("pool") or asked.get("topic")
    initial = {
        "text": text,
        "path": f"{folder}/" if folder else "",
        "way": asked.get("way", FORM),
        "pool": asked.get("pool", ""),
    }
    types = TASK_TYPES if "pool" in asked else TYPES
    begun = {"begun": kind, "types": types, "rest": f"&{urlencode(asked, doseq=True)}" if asked else ""}
    return _page(request, EditorForm(initial=initial), example=None, draft=None, begun=begun)


@require_http_methods(["GET", "HEAD", "POST"])
def example_edit(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_example(request, example_id, why="opened it in the editor")
    if request.method == "POST":
        return _answer(request, example=example, draft=None)
    beside = _beside(request.GET)
    if draft := Draft.objects.filter(author=request.user, example=example).first():
        query = {name: request.GET[name] for name in ("beside", "way") if name in request.GET}
        address = reverse("draft_edit", args=[draft.pk])
        return redirect(places.keep(request, f"{address}?{urlencode(query)}" if query else address))
    assert example.head
    initial = {
        "path": example.path,
        "text": example.head.text,
        "base_hash": example.content_hash,
        "example": example.pk,
        "pool": example.pool,
        "mark": example.mark,
        "beside": beside.pk if beside else None,
        "way": BeginningForm(request.GET).values().get("way", FORM),
    }
    return _page(request, EditorForm(initial=initial), example=example, draft=None)


@require_http_methods(["GET", "HEAD", "POST"])
def draft_edit(request: SignedInRequest, draft_id: int) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.select_related("example__head"), pk=draft_id, author=request.user)
    if request.method == "POST":
        return _answer(request, example=draft.example, draft=draft)
    if draft.example:
        looking.look(draft.example, request.user, "opened a draft of it")
    beside = _beside(request.GET)
    initial = {
        "path": draft.path,
        "text": draft.text,
        "base_hash": draft.base_hash,
        "draft": draft.pk,
        "example": draft.example_id,
        "pool": draft.pool,
        "mark": draft.mark,
        "beside": beside.pk if beside else None,
        "accepted": draft.accepted_labels,
        "way": BeginningForm(request.GET).values().get("way", FORM),
    }
    return _page(
        request, EditorForm(initial=initial), example=draft.example, draft=draft, checked=_check(draft)
    )


@require_safe
def draft_list(request: SignedInRequest) -> HttpResponse:
    drafts = Draft.objects.filter(author=request.user).select_related("example")[:200]
    return render(request, "curation/draft_list.html", {"drafts": drafts})


@require_POST
def draft_discard(request: SignedInRequest, draft_id: int) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.select_related("example"), pk=draft_id, author=request.user)
    example = draft.example
    drafting.discard(draft)
    messages.success(request, "The draft is gone. No example was changed.")
    return redirect("example_page", example.pk) if example else redirect("draft_list")


@require_POST
def example_duplicate(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = get_object_or_404(Example.objects.select_related("head"), pk=example_id)
    draft = drafting.duplicate(author=request.user, example=example)
    return redirect("draft_edit", draft.pk)


def _answer(request: SignedInRequest, *, example: Example | None, draft: Draft | None) -> HttpResponse:
    """What a button of the editor asks for. Only `save` and `keep` write anything."""
    form = EditorForm(request.POST)
    if not form.is_valid():
        return _page(request, form, example=example, draft=draft, status=422)
    draft = draft or own_draft(request, form.cleaned_data["draft"])
    action = request.POST.get("action")
    if action in dict(WAYS):
        return _page(request, form, example=example, draft=draft, way=action)
    if action == "add":
        return _page(request, form, example=example, draft=draft, one_more=True)
    if action == "accept":
        return _page(request, _with_suggestion(form), example=example, draft=draft)
    if action == "keep":
        draft = keep(request, form.cleaned_data, example, draft)
        messages.success(request, "Kept as a draft; the example itself is unchanged.")
        address = reverse("draft_edit", args=[draft.pk])
        return redirect(places.keep(request, f"{address}?way={form.wanted_way}"))
    return _save(request, form, example, draft)


def _save(
    request: SignedInRequest, form: EditorForm, example: Example | None, draft: Draft | None
) -> HttpResponse:
    data = form.cleaned_data
    path = example.path if example else data["path"]
    pool = _pool(data, example, draft)
    if form.piece_problems:
        draft = keep(request, data, example, draft)
        return _page(request, form, example=example, draft=draft, status=422)
    try:
        saved = authoring.save(
            author=request.user,
            path=path,
            text=data["text"],
            base_hash=(data["base_hash"] or example.content_hash) if example else "",
            note=data["note"],
            draft=draft,
            labelled=SUGGESTION if _is_suggested(data) else "",
            pool=pool,
            mark=data["mark"] or PROGRAM,
        )
    except authoring.StaleText as stale:
        query = urlencode({"note": data["note"]})
        address = reverse("draft_merge", args=[stale.draft.pk])
        return redirect(places.keep(request, f"{address}?{query}"))
    if saved.draft:
        return _page(request, form, example=example, draft=saved.draft, problems=saved.problems, status=422)
    assert saved.example
    if pool and data["mark"]:
        _mark(request, saved.example, data["mark"])
    if saved.revision and saved.revision.endorsed:
        messages.success(request, f"Mended {saved.example.path}. Another reviewer confirms it.")
        return redirect(f"{reverse('review_next')}?after={saved.example.pk}")
    if saved.revision:
        messages.success(request, f"Saved {saved.example.path} as revision {saved.revision.number}.")
    else:
        messages.info(request, f"{saved.example.path} has this text already; nothing was changed.")
    if data["beside"]:  # it was opened to merge two near-duplicates: one of them is still to be set aside
        cluster = reverse("duplicate_cluster", args=[saved.example.pk])
        return redirect(f"{cluster}?left={saved.example.pk}&right={data['beside']}")
    return redirect(places.keep(request, reverse("example_page", args=[saved.example.pk])))


def _mark(request: SignedInRequest, task: Example, mark: str) -> None:
    try:
        posing.mark(task=task, mark=mark, by=request.user)
    except posing.MarkStays as refused:
        messages.error(request, str(refused))


def _pool(data: Mapping[str, Any], example: Example | None, draft: Draft | None) -> str:
    """The pool of the test task that is written; "" for an ordinary example."""
    whose = example or draft
    return whose.pool if whose else str(data["pool"])


def _with_suggestion(form: EditorForm) -> EditorForm:
    """The same form with the suggested labels in its text."""
    data = form.cleaned_data
    try:
        pieces = split(data["text"])
    except CannotSplit:
        return form
    labelled = with_advice(pieces, advise(pieces))
    text = compose(data["text"], labelled)
    return EditorForm(
        initial={**data, "text": text, "accepted": label_signature(labelled), "way": form.wanted_way}
    )


def _is_suggested(data: Mapping[str, Any]) -> bool:
    """Whether the author accepted the suggested labels and changed nothing about them since."""
    try:
        return bool(data["accepted"]) and data["accepted"] == label_signature(split(data["text"]))
    except CannotSplit:
        return False


def _page(
    request: SignedInRequest,
    form: EditorForm,
    *,
    example: Example | None,
    draft: Draft | None,
    checked: authoring.Checked | None = None,
    problems: Sequence[Problem] = (),
    way: str = "",
    one_more: bool = False,
    begun: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    text = form.whole_text
    base, sheet, only_markdown = text, None, ""
    if (way or form.wanted_way) == FORM:
        try:
            sheet = sheet_of(form.splittable_text, one_more=one_more)
        except CannotSplit as reason:
            only_markdown = str(reason)
            if form.sheet:  # what was typed stays in its fields
                sheet, base = form.sheet, form.base
    found = form.piece_problems + authoring.sorted_by_line(checked.problems if checked else problems)
    findings = authoring.findings(checked) if checked else []
    beside = _beside(form.data or form.initial)
    shown = ("path", "note", "base_hash", "accepted", "opened", "pool", "mark")
    values = {name: form[name].value() or "" for name in shown}
    context = {
        "form": form,
        "values": {**values, "opened": values["opened"] or markdown.content_hash(text)},
        "example": example,
        "draft": draft,
        "pool": dict(TASK_POOLS).get(values["pool"], ""),
        "marks": MARKS,
        "text": base,
        "way": FORM if sheet else MARKDOWN,
        "ways": WAYS,
        "only_markdown": "" if sheet else only_markdown,
        "not_saved": bool(found) and status == 422,
        "checked": checked,
        "asked": reviewing.asked_of(example) if example else [],
        "copied_from": drafting.copied_from(draft) if draft else None,
        "beside": beside,
        "beside_text": file_html(beside.head.text) if beside and beside.head else "",
        "outdated": draft and example and draft.base_hash != example.content_hash,
        **_sheet_context(sheet, found, findings, text),
        **live_context(text, path=values["path"], accepted=values["accepted"]),
        **(begun or {}),
    }
    return render(request, "curation/editor.html", context, status=status)


def _sheet_context(
    sheet: Sheet | None, problems: Sequence[Problem], findings: Sequence[Mapping[str, Any]], text: str
) -> dict[str, Any]:
    """The rows of the form, each with what is said about it; and the list of all that was found."""
    found = found_in(problems, findings, Spots(text, sheet))
    context: dict[str, Any] = {"found": found, "said": by_piece(found), "sheet": sheet}
    if sheet:
        said = by_program(found)
        context["rows"] = [(_with_html(row), context["said"].get(row.piece, [])) for row in sheet.rows()]
        context["programs"] = [(one, said.get(int(one.number), [])) for one in sheet.programs()]
    return context


def _with_html(row: Row) -> Row:
    choices = tuple(replace(choice, note=inline_html(choice.note)) for choice in row.choices)
    return replace(row, note=inline_html(row.note), choices=choices)


def _beside(values: Mapping[str, Any]) -> Example | None:
    """The example whose text is to stand beside the editor; None when the form or the address names none."""
    asked = EditorForm({"beside": values.get("beside") or ""})
    asked.is_valid()
    return Example.objects.select_related("head").filter(pk=asked.cleaned_data.get("beside") or 0).first()


def _check(draft: Draft) -> authoring.Checked:
    return authoring.read(draft.text.encode("utf-8", "replace"), path=draft.path, pool=draft.pool)


def own_draft(request: SignedInRequest, draft_id: int | None) -> Draft | None:
    if draft_id is None:
        return None
    return Draft.objects.filter(pk=draft_id, author=request.user).select_related("example").first()


def keep(
    request: SignedInRequest, data: dict[str, Any], example: Example | None, draft: Draft | None
) -> Draft:
    """Keep what was typed in the author's draft, or in a new one."""
    if draft is None:
        draft = (
            drafting.draft_of(author=request.user, example=example)
            if example
            else drafting.new_draft(author=request.user, path=data["path"], pool=data["pool"])
        )
    return drafting.keep(
        draft,
        text=data["text"],
        path=data["path"],
        base_hash=data["base_hash"] or None,
        accepted=data["accepted"],
        mark=data["mark"] or None,
    )
