"""Raw programs for stage 1: the list, one program with its versions, bringing programs in."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.forms.corpus import LICENCES, CorpusFilterForm, ProgramForm, ProgramsForm, RelicenseForm
from curation.models import CorpusFile, CorpusProgram
from curation.services import borrowing, gathering, source_files, stocking
from curation.views.diffing import near_changes, shown_programs
from curation.views.highlighting import code_lines
from curation.views.paging import page_of
from studio.http import SignedInRequest

MOST_COLOURED = 64 * 1024  # characters; a longer text is shown as it is
MOST_VERSIONS = 100
MOST_PROBLEMS = 200


@require_safe
def corpus_list(request: SignedInRequest) -> HttpResponse:
    counts = stocking.licence_counts()
    form = CorpusFilterForm(request.GET, counts=counts)
    context = {
        "form": form,
        "page": page_of(stocking.find_programs(form.filters()), "path", request.GET),
        "filtered": bool(form.filters()),
        "total": sum(counts.values()),
        "general": borrowing.sources(),
    }
    return render(request, "curation/corpus_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def corpus_add(request: SignedInRequest) -> HttpResponse:
    """Bring programs in; with "check" only say what would happen. Sending the same again changes nothing."""
    form = ProgramsForm(request.POST, request.FILES) if request.method == "POST" else ProgramsForm()
    context: dict[str, Any] = {"form": form, "licences": LICENCES}
    if request.method == "POST" and form.is_valid():
        only_check = "check" in request.POST
        try:
            files = gathering.read_uploads(form.uploads())
            if only_check:
                found = gathering.plan(files, form.terms())
            else:
                found = gathering.add(files, form.terms(), author=request.user)
        except (gathering.CorpusRefused, source_files.FolderRefused) as refused:
            form.add_error("programs", str(refused))
        else:
            context |= report(found.problems) | {"summary": found.summary(dry_run=only_check)}
            context["checked"] = only_check
    return render(request, "curation/corpus_add.html", context, status=422 if form.errors else 200)


@require_safe
def corpus_page(request: SignedInRequest, program_id: int) -> HttpResponse:
    return _page(request, _program(program_id))


@require_safe
def corpus_version(request: SignedInRequest, program_id: int, number: int) -> HttpResponse:
    program = _program(program_id)
    version = get_object_or_404(stocking.versions_of(program), number=number)
    return _page(request, program, version=version)


@require_POST
def corpus_relicense(request: SignedInRequest, program_id: int) -> HttpResponse:
    program, form = _program(program_id), RelicenseForm(request.POST)
    if form.is_valid():
        try:
            stocking.relicense(program=program, by=request.user, **form.cleaned_data)
        except stocking.StockRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "A new version says so from now on.")
            return redirect("corpus_page", program.pk)
    return _page(request, program, relicense_form=form, status=422)


@require_POST
def corpus_choose(request: SignedInRequest, program_id: int, word: str) -> HttpResponse:
    """Take the program out, or put it back; `word` says which."""
    services = {"out": stocking.take_out, "back": stocking.put_back}
    if word not in services:
        raise Http404
    program, form = _program(program_id), ProgramForm(request.POST)
    if form.is_valid():
        try:
            services[word](program=program, by=request.user, **form.cleaned_data)
        except stocking.StockRefused as refused:
            form.add_error(None, str(refused))
        else:
            out = "No dataset version takes it from now on."
            messages.success(request, out if word == "out" else "It is in the corpus again.")
            return redirect("corpus_page", program.pk)
    return _page(request, program, choice_form=form, status=422)


def report(problems: list[Any]) -> dict[str, Any]:
    """What a page says of problems: errors first, and what was only normalised as a number."""
    told = [problem for problem in problems if not problem.code.startswith("normalised-")]
    told.sort(key=lambda problem: problem.severity != "error")
    return {
        "problems": told[:MOST_PROBLEMS],
        "more": max(len(told) - MOST_PROBLEMS, 0),
        "normalised": len(problems) - len(told),
    }


def _program(program_id: int) -> CorpusProgram:
    return get_object_or_404(CorpusProgram.objects.select_related("head__author"), pk=program_id)


def _page(
    request: SignedInRequest,
    program: CorpusProgram,
    *,
    version: CorpusFile | None = None,
    relicense_form: RelicenseForm | None = None,
    choice_form: ProgramForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = version or program.head
    said = {"seen": program.versions, "licence": program.licence, "source": program.source}
    versions = list(stocking.versions_of(program).defer("text")[: MOST_VERSIONS + 1])
    coloured = len(shown.text) <= MOST_COLOURED
    before = stocking.versions_of(program).filter(number=shown.number - 1).first()
    edited = before is not None and before.content_hash != shown.content_hash
    lines = shown.text.removesuffix("\n").split("\n")
    context = {
        "program": program,
        "shown": shown,
        "lines": code_lines(shown.text.removesuffix("\n")) if coloured else map(escape, lines),
        "coloured": coloured,
        "before": before,
        "diff": near_changes(shown_programs(before.text, shown.text)) if before and edited else None,
        "versions": [
            (new, _change(new, old)) for new, old in zip_longest(versions[:MOST_VERSIONS], versions[1:])
        ],
        "relicense_form": relicense_form or RelicenseForm(initial=said),
        "choice_form": choice_form or ProgramForm(initial=said),
        "licences": LICENCES,
    }
    return render(request, "curation/corpus_page.html", context, status=status)


def _change(new: CorpusFile, old: CorpusFile | None) -> str:
    """What a version changed, against the one before it."""
    if old is None:
        return "added"
    found = []
    if new.content_hash != old.content_hash:
        found.append("other text")
    for name in ("licence", "source"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found.append(f"{name}: {before or 'not known'} → {after}")
    if new.included != old.included:
        found.append("put back" if new.included else "taken out")
    return "; ".join(found)
