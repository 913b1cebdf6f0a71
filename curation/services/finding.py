"""Finding examples: one search for the page, the commands and the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Q

from curation.domain.labelling import IMPORT, PERSON, SOURCES, SUGGESTION
from curation.domain.labels import labels_with
from curation.domain.search_words import asked_words
from curation.models import Example
from curation.models.examples import DISCARDED, ExampleQuerySet
from curation.services import searching

STATUSES = tuple(value for value, _ in Example.STATUSES)
VERDICTS = ("approve", "request_changes", "reject")
TRACES = ("differs", "conforms", "cannot tell")
UNKNOWN = "unknown"  # in an address, for a label of which nobody noted who gave it
LABELLED = (PERSON, SUGGESTION, IMPORT, UNKNOWN, NOT_PERSON := "not_person")
MOST_COUNTED = searching.MANY  # of what a search for words finds


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty means: any. Each search word of two letters or more may begin any word of path, title or text."""

    q: str = ""
    status: str = ""  # one of STATUSES; "live": neither rejected nor set aside
    type: str = ""
    generation: str = ""
    topic: str = ""
    difficulty: str = ""
    tag: str = ""
    author: str = ""  # the username of whoever wrote the present text
    verdict: str = ""  # what a reviewer said last about the present text
    problems: str = ""  # "yes": has warnings or findings; "no": has none
    near: str = ""  # anything: only those that have near-duplicates about which nobody has decided
    labelled: str = ""  # who gave the label: one of LABELLED; "not_person": nobody has said so by hand
    traces: str = ""  # what the traces in the code say about the label: one of TRACES
    job: str = ""  # the number of the import that wrote the present text or one before it
    assigned: str = ""  # the username of a reviewer who is asked to judge it
    needed: str = ""  # "1": one reviewer is enough; "more": two or more have to judge it

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True)
class Counts:
    """How many examples of each status match the other filters; `capped`: there are more than counted."""

    by_status: Mapping[str, int]
    capped: bool = False

    def of(self, status: str) -> int:
        """Of one status, of those that are live, or of all with ""."""
        if status == "live":
            return sum(n for one, n in self.by_status.items() if one not in DISCARDED)
        return self.by_status[status] if status else sum(self.by_status.values())


def find_examples(filters: Filters) -> ExampleQuerySet:
    """The examples that match, in path order."""
    return _with_status(_matching(filters)[0], filters.status)


def find_and_count(filters: Filters) -> tuple[ExampleQuerySet, Counts]:
    """The same, and how many examples of each status match the other filters.

    Of what holds the words of a search MOST_COUNTED are looked at: a word may stand in every text.
    """
    rows, common = _matching(filters)
    by_status, capped = dict.fromkeys(STATUSES, 0), False
    if common and not replace(filters, q="", status=""):
        capped = True  # nothing else narrows them down
    elif filters.q.strip():
        found = list(rows.order_by().values_list("status", flat=True)[: MOST_COUNTED + 1])
        by_status |= Counter(found[:MOST_COUNTED])
        capped = len(found) > MOST_COUNTED
    else:
        by_status |= dict(rows.order_by().values_list("status").annotate(n=Count("*")))
    return _with_status(rows, filters.status), Counts(by_status, capped)


def count_examples(filters: Filters) -> str:
    """How many match, in words: "1,204", or "2,000+" where a search finds more than are counted."""
    rows = find_examples(filters).order_by()
    if not filters.q.strip():
        return f"{rows.count():,}"
    found = len(rows.values_list("pk")[: MOST_COUNTED + 1])
    return f"{found:,}" if found <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


def _with_status(rows: ExampleQuerySet, status: str) -> ExampleQuerySet:
    if status == "live":
        return rows.without_discarded()
    return rows.with_status_in(status) if status else rows


def label_counts(filters: Filters) -> tuple[dict[str, int], bool]:
    """How many examples that match the other filters have their label from whom; "" is not known.

    Of what holds the words of a search the first MOST_COUNTED are looked at, and the flag says so.
    """
    rows = find_examples(replace(filters, labelled=""))
    if filters.q.strip():
        found = list(rows.values_list("label_source", flat=True)[: MOST_COUNTED + 1])
        counted = Counter(found[:MOST_COUNTED])
        return {source: counted[source] for source in SOURCES}, len(found) > MOST_COUNTED
    # Not grouped: SQLite would build a table of all rows for it.
    each = {f"n{n}": Count("pk", filter=Q(label_source=source)) for n, source in enumerate(SOURCES)}
    return dict(zip(SOURCES, rows.order_by().aggregate(**each).values(), strict=True)), False


def _matching(filters: Filters) -> tuple[ExampleQuerySet, bool]:
    """What matches whatever its status is, and whether it holds words that very many texts hold."""
    rows: ExampleQuerySet = Example.objects.order_by("path")
    for field in ("type", "topic", "difficulty"):
        if value := getattr(filters, field):
            rows = rows.filter(**{field: value})
    if filters.generation:
        rows = rows.filter(generation_label__in=labels_with(filters.generation))
    if filters.tag:
        rows = rows.filter(tags__tag=filters.tag)
    if filters.author:
        rows = rows.filter(written_by__username=filters.author)
    if filters.verdict:
        rows = rows.filter(last_verdict=filters.verdict)
    if filters.problems:
        rows = rows.filter(problem_count__gt=0) if filters.problems == "yes" else rows.filter(problem_count=0)
    if filters.labelled == NOT_PERSON:
        rows = rows.exclude(label_source=PERSON)
    elif filters.labelled:
        rows = rows.filter(label_source="" if filters.labelled == UNKNOWN else filters.labelled)
    if filters.traces:
        rows = rows.filter(label_verdict=filters.traces)
    if filters.job:
        rows = rows.filter(import_job=filters.job)
    if filters.near:
        rows = rows.without_discarded().filter(near_count__gt=0)
    if filters.assigned:
        rows = rows.filter(assignments__reviewer__username=filters.assigned)
    if filters.needed:
        rows = rows.filter(reviews_needed=1) if filters.needed == "1" else rows.filter(reviews_needed__gt=1)
    if not filters.q.strip():
        return rows, False
    if words := asked_words(filters.q):
        common = searching.is_common(words)
        return searching.with_words(rows, words, common=common), common
    return rows.none(), False  # signs alone are no word of any text
