"""Two people changed one example: a page of the places where their texts conflict, then one of the result.

Both steps are one address, each a plain form, so nothing of it needs JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from curation.domain import markdown
from curation.domain.merging import Choice, Piece, conflicts, merged
from curation.domain.problems import Problem
from curation.forms.merging import MergeForm
from curation.models import Draft
from curation.services import authoring, looking, merging
from curation.views import places
from curation.views.diffing import ShownDiff, coloured, shown_diff, shown_part
from studio.http import SignedInRequest

CONTEXT_LINES = 3  # shown before and after a conflict


@dataclass(frozen=True)
class Texts:
    """What is merged, and what the page calls the two sides."""

    theirs: str
    mine: str
    pieces: tuple[Piece, ...]
    names: dict[str, str]  # whose text a side is, for "Take …"
    heads: dict[str, str]  # the same in full, above a column

    @property
    def theirs_hash(self) -> str:
        return markdown.content_hash(self.theirs)

    @property
    def mine_hash(self) -> str:
        return markdown.content_hash(self.mine)


@dataclass(frozen=True)
class Result:
    """The last step: what to do with the merged text."""

    action: str  # save or keep
    text: str
    theirs_hash: str
    note: str


@dataclass(frozen=True)
class Place:
    """One conflict, with the lines around it."""

    number: int
    diff: ShownDiff
    before: ShownDiff
    after: ShownDiff
    base: str
    chosen: Choice | None


@require_http_methods(["GET", "HEAD", "POST"])
def draft_merge(request: SignedInRequest, draft_id: int) -> HttpResponse:
    """The author's draft and what somebody else saved since it was begun."""
    draft = get_object_or_404(
        Draft.objects.select_related("example", "author"), pk=draft_id, author=request.user
    )
    if draft.example is None or (request.method != "POST" and draft.base_hash == draft.example.content_hash):
        return redirect("draft_edit", draft.pk)
    looking.look(draft.example, request.user, "put two texts of it together")
    sides = merging.sides_of(draft, draft.example)
    texts = Texts(
        sides.theirs.text,
        sides.mine,
        sides.pieces,
        names={"theirs": "theirs", "mine": "mine"},
        heads={
            "theirs": f"Revision {sides.theirs.number} by {sides.theirs.author.get_username()}",
            "mine": "Your draft",
        },
    )
    context = {
        "title": draft.path,
        "example": draft.example,
        "theirs": sides.theirs,
        "base": sides.base,
        "with_note": True,
        "keep_word": "Keep it as my draft",
        "save_word": f"Save as revision {sides.theirs.number + 1}",
        "back": (reverse("draft_edit", args=[draft.pk]), "Back to my draft"),
    }
    said = step(request, texts, context)
    if isinstance(said, HttpResponse):
        return said
    if said.action == "keep":
        merging.keep(draft, text=said.text, theirs_hash=said.theirs_hash)
        messages.success(request, "The merged text is your draft now; the example is unchanged.")
        return redirect("draft_edit", draft.pk)
    try:
        saved = merging.save(draft, text=said.text, theirs_hash=said.theirs_hash, note=said.note)
    except authoring.StaleText as stale:
        messages.warning(request, f"{stale} Your merged text is kept as your draft.")
        return redirect("draft_merge", draft.pk)
    if not saved.ok or saved.example is None:
        return result_page(request, texts, context, said.text, problems=saved.problems)
    if saved.revision:
        messages.success(request, f"Saved {saved.example.path} as revision {saved.revision.number}.")
    else:
        messages.info(request, f"{saved.example.path} has this text already; nothing was changed.")
    return redirect(places.keep(request, reverse("example_page", args=[saved.example.pk])))


def step(request: SignedInRequest, texts: Texts, context: dict[str, Any]) -> HttpResponse | Result:
    """The page as far as the merge has come, or its result."""
    form = MergeForm(request.POST)
    action = request.POST.get("action")
    if action in ("save", "keep"):
        # If theirs is another text by now, saving refuses; that mine is another, only this page can notice.
        moved = form.data.get("mine_hash") != texts.mine_hash
        if form.is_valid() and not moved:
            data = form.cleaned_data
            return Result(action, data["text"], data["theirs_hash"], data["note"])
        errors = [error for errors in form.errors.values() for error in errors]
        return result_page(request, texts, context, form.data.get("text", ""), errors=errors, moved=moved)
    sent = form.data.get("theirs_hash"), form.data.get("mine_hash")
    moved = request.method == "POST" and sent != (texts.theirs_hash, texts.mine_hash)
    choices = form.choices(len(conflicts(texts.pieces)))
    if moved:
        choices = [None for _ in choices]
    complete = [choice for choice in choices if choice]
    if len(complete) == len(choices) and action != "choose":
        return result_page(request, texts, context, merged(texts.pieces, complete))
    context = {
        **_common(request, texts, context),
        "places": list(_places(texts, choices)),
        "moved": moved,
        "missing": action == "combine" and not moved,
    }
    return render(request, "curation/merge_choose.html", context, status=422 if action == "combine" else 200)


def result_page(
    request: SignedInRequest,
    texts: Texts,
    context: dict[str, Any],
    text: str,
    *,
    problems: Sequence[Problem] = (),
    errors: Sequence[object] = (),
    moved: bool = False,
) -> HttpResponse:
    """The merged text to look over and mend, and what it changes in theirs and in mine."""
    form = MergeForm(request.POST)
    form.is_valid()
    common = _common(request, texts, context)
    # What is shown was merged with the text that the form names, so saving judges by that one.
    common["theirs_hash"] = form.cleaned_data.get("theirs_hash", texts.theirs_hash)
    choices = enumerate(form.choices(len(conflicts(texts.pieces))), 1)
    context = {
        **common,
        "text": text,
        "choices": [(number, choice) for number, choice in choices if choice],
        "problems": authoring.sorted_by_line(problems),
        "errors": errors,
        "moved": moved,
        "from_theirs": shown_diff(texts.theirs, text),
        "from_mine": shown_diff(texts.mine, text),
    }
    bad = problems or errors or moved
    return render(request, "curation/merge_result.html", context, status=422 if bad else 200)


def _common(request: SignedInRequest, texts: Texts, context: dict[str, Any]) -> dict[str, Any]:
    kinds = [piece.kind for piece in texts.pieces]
    return {
        **context,
        "names": texts.names,
        "heads": texts.heads,
        "counts": {kind: kinds.count(kind) for kind in ("theirs", "mine", "alike", "conflict")},
        "theirs_hash": texts.theirs_hash,
        "mine_hash": texts.mine_hash,
        "note": (request.POST or request.GET).get("note", "")[: authoring.MAX_NOTE],
    }


def _places(texts: Texts, choices: Sequence[Choice | None]) -> Iterator[Place]:
    colours = coloured(texts.theirs), coloured(texts.mine)
    lines = texts.theirs.split("\n"), texts.mine.split("\n")
    at = [0, 0]

    def part(sizes: tuple[int, int], move: tuple[int, int] = (0, 0)) -> ShownDiff:
        start = at[0] + move[0], at[1] + move[1]
        left, right = (side[n : n + size] for side, n, size in zip(lines, start, sizes, strict=True))
        return shown_part((left, right), colours, before=start)

    number = 0
    for n, piece in enumerate(texts.pieces):
        sizes = len(piece.theirs), len(piece.mine)
        if piece.kind == "conflict":
            number += 1
            lead, follow = _same_lines(texts.pieces, n - 1), _same_lines(texts.pieces, n + 1)
            yield Place(
                number,
                diff=part(sizes),
                before=part((lead, lead), (-lead, -lead)),
                after=part((follow, follow), sizes),
                base="\n".join(piece.base),
                chosen=choices[number - 1],
            )
        at[0] += sizes[0]
        at[1] += sizes[1]


def _same_lines(pieces: Sequence[Piece], n: int) -> int:
    """How many lines of this piece, which both sides have alike, are shown beside a conflict."""
    same = 0 <= n < len(pieces) and pieces[n].kind in ("unchanged", "alike")
    return min(len(pieces[n].theirs), CONTEXT_LINES) if same else 0
