"""Files that were changed in their folder and in the studio: one at a time, both sides, three choices."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.domain.changes import change
from curation.domain.merging import conflicts as conflicting
from curation.domain.reconciling import BOTH_CHANGED, MEANING
from curation.models import ImportJob, ImportProblem
from curation.models.imports import EDIT, LEAVE_OUT, OPEN, TAKE
from curation.services import mending, reconciling
from curation.views.diffing import shown_diff
from curation.views.merging import Texts, result_page, step
from curation.views.paging import id_in
from studio.http import SignedInRequest

DECIDED = {TAKE: "the file is taken", LEAVE_OUT: "the studio's text stays", EDIT: "merged"}


@require_safe
def import_conflicts(request: SignedInRequest, job_id: int) -> HttpResponse:
    """The conflict to decide about: ?at= names it, else the first open one after ?after=."""
    job = get_object_or_404(ImportJob, pk=job_id)
    rows = reconciling.conflicts(job)
    waiting = rows.filter(action=OPEN)
    at, after = (id_in(request.GET.get(name, "")) or 0 for name in ("at", "after"))
    here = rows.filter(pk=at).first() or waiting.filter(pk__gt=after).first() or waiting.first()
    common = {
        "job": job,
        "code": BOTH_CHANGED,
        "heading": "Changed on both sides",
        "says": MEANING,
        "all": rows.count(),
        "decided": rows.count() - waiting.count(),
        "may_decide": job.state in mending.DECIDING_STATES,
    }
    if here is None:
        return render(request, "curation/import_mended.html", common)
    found = reconciling.conflict_of(here)
    base = found.base.text if found.base else None
    context = {
        **common,
        "problem": here,
        "item": here.item,
        "conflict": found,
        "decided_word": DECIDED.get(here.action, ""),
        "diff": shown_diff(found.studio.text, here.item.text if here.action == EDIT else found.file),
        "heads": {**_heads(found), **({"mine": "Merged"} if here.action == EDIT else {})},
        "changes": {"studio": change(base, found.studio.text), "file": change(base, found.file)},
        "places": len(conflicting(found.pieces)),
        "previous": rows.filter(pk__lt=here.pk).order_by("-pk").first(),
        "next": rows.filter(pk__gt=here.pk).first(),
    }
    return render(request, "curation/import_conflict.html", context)


@require_POST
def import_reconcile(request: SignedInRequest, job_id: int, problem_id: int) -> HttpResponse:
    """Take the file, keep the studio's text, or undo either."""
    problem = _problem(job_id, problem_id)
    action = request.POST.get("action", "")
    try:
        if action == "undo":
            reconciling.undo(problem, by=request.user)
            messages.success(request, "Undone: it waits for a decision again.")
            return _at(problem)
        if action not in (TAKE, LEAVE_OUT):
            raise mending.DecisionRefused("Choose what to do with this file.")
        studio_hash = request.POST.get("studio_hash", "")
        reconciling.decide(problem, action=action, by=request.user, studio_hash=studio_hash)
    except mending.DecisionRefused as refused:
        messages.error(request, str(refused))
        return _at(problem)
    return _after(problem)


@require_http_methods(["GET", "HEAD", "POST"])
def import_merge(request: SignedInRequest, job_id: int, problem_id: int) -> HttpResponse:
    """The file and the studio's text on the page where two texts are put together."""
    problem = _problem(job_id, problem_id)
    if problem.action or problem.job.state not in mending.DECIDING_STATES:
        return _at(problem)
    found = reconciling.conflict_of(problem)
    texts = Texts(
        found.studio.text,
        found.file,
        found.pieces,
        names={"theirs": "the studio's", "mine": "the file's"},
        heads=_heads(found),
    )
    context = {
        "title": problem.item.path,
        "example": found.example,
        "theirs": found.studio,
        "base": found.base,
        "save_word": "Import this text",
        "back": (f"{reverse('import_conflicts', args=[job_id])}?at={problem.pk}", "Back to the import"),
    }
    said = step(request, texts, context)
    if isinstance(said, HttpResponse):
        return said
    try:
        reconciling.decide(
            problem, action=EDIT, by=request.user, studio_hash=said.theirs_hash, text=said.text
        )
    except reconciling.MergeRefused as refused:
        return result_page(request, texts, context, said.text, problems=refused.problems)
    except mending.DecisionRefused as refused:
        return result_page(request, texts, context, said.text, errors=[refused])
    return _after(problem)


def _heads(found: reconciling.Conflict) -> dict[str, str]:
    studio = f"Revision {found.studio.number} by {found.studio.author.get_username()}"
    return {"theirs": studio, "mine": "The file"}


def _problem(job_id: int, problem_id: int) -> ImportProblem:
    rows = ImportProblem.objects.select_related("item", "job").filter(code=BOTH_CHANGED)
    return get_object_or_404(rows, pk=problem_id, job_id=job_id)


def _at(problem: ImportProblem) -> HttpResponse:
    return redirect(f"{reverse('import_conflicts', args=[problem.job_id])}?at={problem.pk}")


def _after(problem: ImportProblem) -> HttpResponse:
    return redirect(f"{reverse('import_conflicts', args=[problem.job_id])}?after={problem.pk}")
