"""Scores of dataset versions, and the attempts behind them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from curation.models import Example
from curation.views.highlighting import code_lines
from studio.http import SignedInRequest
from training.forms.evaluations import AttemptFilterForm
from training.models import Attempt, Evaluation
from training.services import conforming, scoring, triaging
from training.views import bars, words

ATTEMPTS_A_PAGE = 20


@require_GET
def evaluation_list(request: SignedInRequest) -> HttpResponse:
    rows = [{"scored": row, "pools": bars.with_bars(row.pools)} for row in scoring.scoreboard()]
    return render(request, "training/evaluation_list.html", {"rows": rows})


@require_GET
def evaluation_page(request: SignedInRequest, evaluation_id: int) -> HttpResponse:
    """Totals of both pools; single attempts of the triage pool only."""
    evaluation = get_object_or_404(
        Evaluation.objects.select_related("run__snapshot", "artifact", "task_set"), pk=evaluation_id
    )
    return render_page(request, evaluation)


@require_POST
def attempt_draft(request: SignedInRequest, attempt_id: int) -> HttpResponse:
    """Open a draft of a new example that teaches what this attempt got wrong."""
    attempt = get_object_or_404(Attempt.objects.select_related("task", "evaluation"), pk=attempt_id)
    try:
        draft = triaging.draft_from(attempt, request.user)
    except triaging.NotForDrafting as error:
        messages.error(request, str(error))
        return render_page(request, attempt.evaluation, status=422)
    return redirect("draft_edit", draft.pk)


def render_page(request: SignedInRequest, evaluation: Evaluation, status: int = 200) -> HttpResponse:
    form = AttemptFilterForm(request.GET)
    attempts = triaging.readable_attempts(evaluation)
    if form.is_valid():
        attempts = triaging.readable_attempts(evaluation, form.cleaned_data["outcome"])
        if form.cleaned_data["after"]:
            attempts = attempts.filter(pk__gt=form.cleaned_data["after"])
    shown = list(attempts.order_by("pk")[: ATTEMPTS_A_PAGE + 1])
    scored = scoring.scored(evaluation)
    rows = shown[:ATTEMPTS_A_PAGE]
    examples = triaging.examples_from(rows)
    context: dict[str, Any] = {
        "evaluation": evaluation,
        "scored": scored,
        "pools": bars.with_bars(scored.pools),
        "meant_to_fail": bars.with_bars(scored.meant_to_fail),
        "as_asked": conforming.as_asked(evaluation),
        "wrong": [
            row
            for name in ("gold", "meant_to_fail")
            for row in evaluation.controls.get(name, {}).get("refused", ())
        ],
        "form": form,
        "rows": [attempt_row(attempt, examples[attempt.pk]) for attempt in rows],
        "next_after": shown[ATTEMPTS_A_PAGE - 1].pk if len(shown) > ATTEMPTS_A_PAGE else None,
    }
    return render(request, "training/evaluation_page.html", context, status=422 if form.errors else status)


def attempt_row(attempt: Attempt, examples: list[Example]) -> dict[str, Any]:
    return {
        "attempt": attempt,
        "title": attempt.task.path.rpartition("/")[2].removesuffix(".md").replace("-", " "),
        "chip": words.outcome_chip(attempt.outcome, attempt.task.mark),
        "code": code_lines(attempt.code) if attempt.code else [],
        "may_draft": triaging.is_failure(attempt),
        "examples": examples,
    }
