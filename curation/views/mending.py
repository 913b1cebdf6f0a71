"""One defect at a time, before and after side by side; every decision is one key and can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from curation.domain import token_diff
from curation.domain.defects import DEFECTS, REPEATED_PROMPT, newline_places
from curation.domain.reconciling import BOTH_CHANGED
from curation.forms.imports import ChoiceForm, DecisionForm
from curation.models import ImportJob, ImportProblem
from curation.models.imports import DEFECT, OPEN
from curation.services import mending
from curation.views.paging import id_in
from studio.http import SignedInRequest

MOST_PLACES = 200
AROUND = 40  # characters shown on each side of a literal line break


@dataclass(frozen=True)
class Answer:
    """One of the answers to a repeated prompt."""

    problem: ImportProblem
    key: str  # "1", "2", "3": what is pressed to choose it
    lines: list[SafeString]  # with what the first answer does not have marked
    text: str


@require_safe
def import_mend(request: SignedInRequest, job_id: int, code: str) -> HttpResponse:
    """The line to decide about: ?at= names it, else the first open one after ?after=."""
    job = get_object_or_404(ImportJob, pk=job_id)
    if code == BOTH_CHANGED:
        return redirect("import_conflicts", job_id)
    if code not in DEFECTS:
        raise Http404
    if code == REPEATED_PROMPT:
        return _repeated(request, job)
    rows = job.problems.filter(code=code, severity=DEFECT)
    here = _at(request, rows)
    if here is None:
        return render(request, "curation/import_mended.html", _common(job, code))
    return _one(request, job, here)


@require_POST
def import_decide(request: SignedInRequest, job_id: int, problem_id: int) -> HttpResponse:
    problem = _problem(job_id, problem_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _refused(request, problem, "Choose what to do with this line.")
    data = form.cleaned_data
    try:
        mending.decide(
            problem, action=data["action"], by=request.user, places=form.places(), text=data["text"]
        )
    except mending.DecisionRefused as refused:
        return _refused(request, problem, str(refused))
    return redirect(f"{reverse('import_mend', args=[job_id, problem.code])}?after={problem.pk}")


@require_POST
def import_undo(request: SignedInRequest, job_id: int, problem_id: int) -> HttpResponse:
    problem = _problem(job_id, problem_id)
    try:
        mending.undo(problem)
    except mending.DecisionRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Undone: it waits for a decision again.")
    return redirect(f"{reverse('import_mend', args=[job_id, problem.code])}?at={problem.group or problem.pk}")


@require_POST
def import_mend_all(request: SignedInRequest, job_id: int, code: str) -> HttpResponse:
    job = get_object_or_404(ImportJob, pk=job_id)
    if code not in DEFECTS:
        raise Http404
    try:
        if request.POST.get("undo"):
            n = mending.undo_all(job, code)
            messages.success(request, f"Undone: {n} line{'' if n == 1 else 's'} wait for a decision again.")
        elif code == REPEATED_PROMPT:
            n = mending.choose_first_of_same(job, by=request.user)
            messages.success(request, f"Of {n} prompts with equal answers the first line was kept.")
        else:
            n = mending.decide_all(job, code, by=request.user)
            messages.success(request, f"{n} mended. Each can be undone by itself.")
    except mending.DecisionRefused as refused:
        messages.error(request, str(refused))
    return redirect("import_mend", job_id, code)


@require_POST
def import_choose(request: SignedInRequest, job_id: int, group: int) -> HttpResponse:
    job = get_object_or_404(ImportJob, pk=job_id)
    if not mending.members(job, group).exists():
        raise Http404
    form = ChoiceForm(request.POST)
    place = reverse("import_mend", args=[job_id, REPEATED_PROMPT])
    if form.is_valid():
        data = form.cleaned_data
        chosen = None if data["both"] else data["chosen"]
        try:
            mending.choose(job, group, chosen=chosen, by=request.user, text=data["text"])
        except mending.DecisionRefused as refused:
            messages.error(request, str(refused))
        else:
            return redirect(f"{place}?after={group}")
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())) or "The answer is too long.")
    return redirect(f"{place}?at={group}")


def _one(request: SignedInRequest, job: ImportJob, problem: ImportProblem, error: str = "") -> HttpResponse:
    before = mending.original(problem.item).answer if problem.action else mending.row_of(problem.item).answer
    after = mending.row_of(problem.item).answer if problem.action else mending.preview(problem)
    rows = job.problems.filter(code=problem.code, severity=DEFECT)
    context = {
        **_common(job, problem.code),
        "problem": problem,
        "item": problem.item,
        "prompt": mending.original(problem.item).prompt,
        "rows": side_by_side(before, before if after is None else after),
        "whole": "\n" not in before,  # nothing to put line by line
        "before": before,
        "can_mend": after is not None and not problem.action,
        "answer": before if after is None else after,
        "places": _places(before) if problem.code == "mixed-newlines" and not problem.action else [],
        "previous": rows.filter(pk__lt=problem.pk).order_by("-pk").first(),
        "next": rows.filter(pk__gt=problem.pk).order_by("pk").first(),
        "error": error,
    }
    return render(request, "curation/import_mend.html", context, status=422 if error else 200)


def _repeated(request: SignedInRequest, job: ImportJob) -> HttpResponse:
    rows = job.problems.filter(code=REPEATED_PROMPT)
    firsts = rows.order_by("group").values_list("group", flat=True).distinct()
    at, after = (id_in(request.GET.get(name, "")) for name in ("at", "after"))
    open_groups = firsts.filter(action=OPEN)
    group = at if at and rows.filter(group=at).exists() else None
    if group is None and after:
        group = open_groups.filter(group__gt=after).first()
    group = group or open_groups.first()
    common = _common(job, REPEATED_PROMPT)
    common["decided"], common["all"] = firsts.count() - open_groups.count(), firsts.count()
    common["same_left"] = open_groups.filter(conflicting=False).count()
    if group is None:
        return render(request, "curation/import_mended.html", common)
    problems = list(mending.members(job, group))
    texts = [mending.row_of(problem.item).answer for problem in problems]
    answers = [
        Answer(problem, str(n), marked(texts[0 if n > 1 else min(1, len(texts) - 1)], text), text)
        for n, (problem, text) in enumerate(zip(problems, texts, strict=True), 1)
    ]
    context = {
        **common,
        "group": group,
        "answers": answers,
        "problem": problems[0],
        "prompt": mending.original(problems[0].item).prompt,
        "conflicting": problems[0].conflicting,
        "decided_here": problems[0].action != OPEN,
        "previous": firsts.filter(group__lt=group).order_by("-group").first(),
        "next": firsts.filter(group__gt=group).first(),
    }
    return render(request, "curation/import_repeated.html", context)


def _common(job: ImportJob, code: str) -> dict[str, Any]:
    rows = job.problems.filter(code=code, severity=DEFECT)
    waiting = rows.filter(action=OPEN).count()
    return {
        "job": job,
        "code": code,
        "says": DEFECTS[code],
        "all": rows.count(),
        "decided": rows.count() - waiting,
        "alike": waiting if code in mending.MENDABLE_ALIKE else 0,
        "may_decide": job.state in mending.DECIDING_STATES,
        "may_undo_all": job.state in mending.DECIDING_STATES,
    }


def _at(request: SignedInRequest, rows: Any) -> ImportProblem | None:
    rows = rows.select_related("item", "job", "decided_by").order_by("pk")
    at, after = (id_in(request.GET.get(name, "")) for name in ("at", "after"))
    if at and (here := rows.filter(pk=at).first()):
        return here
    waiting = rows.filter(action=OPEN)
    return (after and waiting.filter(pk__gt=after).first()) or waiting.first()


def _problem(job_id: int, problem_id: int) -> ImportProblem:
    rows = ImportProblem.objects.select_related("item", "job").filter(severity=DEFECT, code__in=DEFECTS)
    return get_object_or_404(rows, pk=problem_id, job_id=job_id)


def _refused(request: SignedInRequest, problem: ImportProblem, sentence: str) -> HttpResponse:
    if problem.group:
        messages.error(request, sentence)
        return redirect(f"{reverse('import_mend', args=[problem.job_id, problem.code])}?at={problem.group}")
    return _one(request, problem.job, problem, sentence)


def _places(answer: str) -> list[tuple[int, str, str, bool]]:
    """(number, text before, text behind, whether it stands in quotes) of each literal line break.

    None where there are too many to look at each: then the rule decides, or somebody edits.
    """
    places = newline_places(answer)
    if len(places) > MOST_PLACES:
        return []
    return [
        (
            n,
            answer[max(0, at - AROUND) : at].rpartition("\n")[2],
            answer[at + 2 : at + AROUND].split("\n")[0],
            quoted,
        )
        for n, (at, quoted) in enumerate(places)
    ]


def side_by_side(left: str, right: str) -> list[tuple[SafeString, SafeString, bool]]:
    """(left, right, whether they are the same) for each line; what the other side lacks is marked."""
    return [
        (_html(row.left, "del"), _html(row.right, "ins"), row.same)
        for row in token_diff.diff(left, right).rows
    ]


def marked(other: str, text: str) -> list[SafeString]:
    """The lines of `text` with what `other` lacks marked."""
    return [_html(row.right, "mark") for row in token_diff.diff(other, text).rows if row.right is not None]


def _html(line: token_diff.Line | None, tag: str) -> SafeString:
    if line is None:
        return mark_safe("")
    pieces, at = [], 0
    for start, end in line.marks:
        pieces += [escape(line.text[at:start]), f"<{tag}>", escape(line.text[start:end]), f"</{tag}>"]
        at = end
    return mark_safe("".join([*pieces, escape(line.text[at:])]))
