"""Labelling many examples fast: ten cards a page, each with its code, its label and what the traces say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.domain import labelling as rules
from curation.domain import markdown
from curation.domain.bbj import Suggestion
from curation.domain.bbj.conformance import Conformance, compare
from curation.domain.labelling import Part
from curation.domain.labels import KEYED_LABELS
from curation.domain.markdown import ExampleDoc
from curation.forms.labelling import ACCEPT, CHOOSE, CONFIRM, LabelFilterForm, LabelForm
from curation.models import Example, LabelMark
from curation.services import finding, labelling, marking, undoing
from curation.services.finding import Filters
from curation.services.labelling import Labelled
from curation.views.highlighting import code_lines
from curation.views.labels import TITLES, WORDS
from curation.views.paging import page_of
from curation.views.rendering import CodeBlock, CodeLine
from studio.http import SignedInRequest

CARDS = 10  # a page
MOST_LINES = 60  # of code that a card shows
MOST_TRACES = 12  # of each part
LONGEST_TRACE = 40  # characters
LONGEST_PROSE = 700  # characters
MAX_PLACE = 2000  # characters of a query string
SOURCE_CHIPS = {
    "person": ("good", "labelled by a person"),
    "suggestion": ("busy", "suggestion accepted"),
    "import": ("", "came with an import"),
    "": ("", "not known who labelled it"),
}


@dataclass(frozen=True)
class Choice:
    word: str
    key: str


KEYS = tuple(Choice(word, str(n)) for n, word in enumerate(KEYED_LABELS, 1) if " " not in word)


@dataclass(frozen=True)
class Traces:
    """Traces that speak for the same: each with its text, and its line in its program."""

    generation: str
    strong: bool
    places: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class CardPart:
    """One label of a card: as it is, whose it is, what the traces say, and what can be chosen."""

    title: str
    field: str
    label: tuple[str, ...]
    source: tuple[str, str]  # class and words of a chip
    mark: LabelMark | None  # the newest that gave it
    suggestion: Suggestion
    said: Conformance
    verdict: tuple[str, str]  # class and word of a chip
    traces: tuple[Traces, ...]
    more: int  # traces that are not shown
    may_accept: bool
    choices: tuple[Choice, ...]
    one_only: bool


@dataclass(frozen=True)
class Card:
    example: Example
    doc: ExampleDoc | None
    task: str
    parts: tuple[CardPart, ...]
    blocks: tuple[CodeBlock, ...]
    more_lines: int

    @property
    def may_accept(self) -> bool:
        return any(part.may_accept for part in self.parts)


@require_safe
def label_list(request: SignedInRequest) -> HttpResponse:
    form = LabelFilterForm(request.GET)
    filters = form.filters()
    rows = finding.find_examples(filters).select_related("head")
    page = page_of(rows, "path", request.GET, size=CARDS)
    context = {
        "form": form,
        "page": page,
        "cards": cards_of(page.rows),
        "place": request.GET.urlencode(),
        "start": _from_the_start(request.GET),
        "filtered": bool(replace(filters, labelled="", status="")),
        **counts_context(filters),
    }
    return render(request, "curation/label_list.html", context)


def _from_the_start(query: QueryDict) -> str:
    query = query.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    return f"?{query.urlencode()}"


@require_POST
def label_example(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = get_object_or_404(Example, pk=example_id)
    form = LabelForm(request.POST)
    try:
        done = _act(form, example, request)
    except labelling.LabelRefused as error:
        return _answer(request, example.pk, refused=str(error))
    return _answer(request, example.pk, said=_sentence(form.cleaned_data["action"], done))


@require_POST
def label_undo(request: SignedInRequest) -> HttpResponse:
    entry = labelling.last_labelled(request.user)
    if entry is None:
        return _answer(request, None, refused="You have labelled nothing that could be undone.")
    try:
        undoing.undo(entry, by=request.user)
    except undoing.CannotUndo as error:
        return _answer(request, entry.subject_id, refused=str(error), beside=True)
    words = _words(labelling.labels_of(get_object_or_404(Example, pk=entry.subject_id)))
    return _answer(request, entry.subject_id, said=f"Undone: {entry.subject} is {words} again.", beside=True)


def _act(form: LabelForm, example: Example, request: SignedInRequest) -> Labelled:
    if not form.is_valid():
        raise labelling.LabelRefused("Reload the page: it does not say which text you label.")
    action = form.cleaned_data["action"]
    asked = {
        "example_id": example.pk,
        "content_hash": form.cleaned_data["content_hash"],
        "by": request.user,
    }
    if action == ACCEPT:
        return labelling.accept(**asked)
    if action == CONFIRM:
        return labelling.confirm(**asked)
    return labelling.choose(**asked, labels=form.labels())


def _sentence(action: str, done: Labelled) -> str:
    words = {CHOOSE: "labelled", CONFIRM: "confirmed as", ACCEPT: "suggestion accepted:"}[action]
    return f"{done.example.path}: {words} {_words(done.labels)}."


def _words(labels: labelling.Labels) -> str:
    return "; ".join(": ".join(filter(None, (TITLES[p], ", ".join(label)))) for p, label in labels.items())


def _answer(
    request: SignedInRequest,
    example_id: int | None,
    *,
    said: str = "",
    refused: str = "",
    beside: bool = False,
) -> HttpResponse:
    """The card anew with what was said; without scripts the page.

    Args:
        beside: The card is not what the request came from, and may not be on the page.
    """
    place = QueryDict(request.POST.get("place", "")[:MAX_PLACE])
    if not request.htmx:
        messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, refused or said)
        anchor = f"#card-{example_id}" if example_id else ""
        return redirect(f"{reverse('label_list')}?{place.urlencode()}{anchor}")
    shown = not beside or str(example_id) in request.POST.get("shown", "").split()
    rows = Example.objects.filter(pk__in=[example_id] if shown else []).select_related("head")
    context = {
        "card": next(iter(cards_of(rows)), None),
        "card_oob": beside,
        "elsewhere": None if shown else example_id,
        "counts_oob": True,
        "place": place.urlencode(),
        "said": said,
        "refused": refused,
        **counts_context(LabelFilterForm(place).filters()),
    }
    return render(request, "curation/_label_answer.html", context, status=422 if refused else 200)


def counts_context(filters: Filters) -> dict[str, Any]:
    """How far the labelling of what matches the other filters is."""
    counts, capped = finding.label_counts(filters)
    return {
        "capped": capped,
        "by_people": counts["person"],
        "by_suggestion": counts["suggestion"],
        "by_import": counts["import"],
        "unknown": counts[""],
        "of": sum(counts.values()),
    }


def cards_of(examples: Iterable[Example]) -> list[Card]:
    """The examples come with their heads."""
    rows = list(examples)
    marks = marking.standing([example.pk for example in rows])
    return [_card(example, marks[example.pk]) for example in rows]


def _card(example: Example, marks: list[LabelMark]) -> Card:
    assert example.head
    doc = markdown.parse(example.head.text, path=example.path).doc
    if doc is None:
        return Card(example, None, "", (), (), 0)
    parts = tuple(_part(doc, part, marks) for part in rules.parts_of(doc))
    traced = {trace.line for part in parts for trace in part.suggestion.evidence}
    blocks, more = _blocks(doc, traced)
    task = doc.description if doc.code_files else doc.description or doc.explanation
    return Card(example, doc, task[:LONGEST_PROSE], parts, blocks, more)


def _part(doc: ExampleDoc, part: Part, marks: list[LabelMark]) -> CardPart:
    mine = [mark for mark in marks if mark.part == part.name]
    source = rules.source_of([(mark.generations, mark.source) for mark in mine], part.label)
    given = [mark for mark in mine if mark.source == source and tuple(mark.generations) == part.label]
    suggestion = rules.suggestion_of(part)
    said = compare(part.label, suggestion)
    return CardPart(
        title=TITLES[part.name],
        field=f"label_{part.name}" if part.name else "label",
        label=part.label,
        source=SOURCE_CHIPS[source],
        mark=given[-1] if given and source else None,
        suggestion=suggestion,
        said=said,
        verdict=WORDS[said.verdict],
        traces=_traces(part, suggestion),
        more=len(suggestion.evidence[MOST_TRACES:]),
        may_accept=rules.may_accept(part, suggestion),
        choices=tuple(choice for choice in KEYS if choice.word in part.choices),
        one_only=part.name == "before",
    )


def _traces(part: Part, suggestion: Suggestion) -> tuple[Traces, ...]:
    groups: dict[tuple[str, bool], list[tuple[str, int]]] = {}
    for trace in suggestion.evidence[:MOST_TRACES]:
        start = max(file.line for file in part.files if file.line <= trace.line)
        text = trace.text if len(trace.text) <= LONGEST_TRACE else f"{trace.text[:LONGEST_TRACE]}…"
        groups.setdefault((trace.generation, trace.strong), []).append((text, trace.line - start + 1))
    return tuple(Traces(*group, tuple(places)) for group, places in groups.items())


def _blocks(doc: ExampleDoc, traced: set[int]) -> tuple[tuple[CodeBlock, ...], int]:
    """The first MOST_LINES lines of code, those that hold a trace marked, and how many are left out."""
    blocks, room, more = [], MOST_LINES, 0
    for file in doc.code_files:
        lines = file.code.removesuffix("\n").split("\n")
        more += len(lines[room:])
        shown = lines[:room]
        room -= len(shown)
        if shown:
            html = code_lines("\n".join(shown))
            title = " · ".join(filter(None, (TITLES[file.part], file.name)))
            rows = tuple(
                CodeLine(line, "traced" if number in traced else "", "")
                for number, line in enumerate(html, file.line)
            )
            blocks.append(CodeBlock(title, rows))
    return tuple(blocks), more
