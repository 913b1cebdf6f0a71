"""Finding examples: one search for the page, the commands and the API."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Count
from django.db.models.expressions import RawSQL

from curation.domain.labelling import IMPORT, PERSON, SOURCES, SUGGESTION
from curation.domain.labels import labels_with
from curation.domain.search_words import asked_words
from curation.models import Example
from curation.models.examples import ExampleQuerySet
from curation.services import surveying

STATUSES = tuple(value for value, _ in Example.STATUSES)
VERDICTS = ("approve", "request_changes", "reject")
TRACES = ("differs", "conforms", "cannot tell")
UNKNOWN = "unknown"  # in an address, for a label of which nobody noted who gave it
LABELLED = (PERSON, SUGGESTION, IMPORT, UNKNOWN, NOT_PERSON := "not_person")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty means: any. Each search word may begin any word of path, title or text."""

    q: str = ""
    status: str = ""
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


def find_examples(filters: Filters) -> ExampleQuerySet:
    """The examples that match, in path order."""
    rows = _matching(filters)
    return rows.with_status_in(filters.status) if filters.status else rows


def status_counts(filters: Filters) -> dict[str, int]:
    """How many examples of each status match the other filters."""
    rows = _matching(filters).order_by().values_list("status").annotate(Count("pk"))
    return dict.fromkeys(STATUSES, 0) | dict(rows)


def label_counts(filters: Filters) -> dict[str, int]:
    """How many examples that match the other filters have their label from whom; "" is not known."""
    rows = find_examples(replace(filters, labelled="")).order_by().values_list("label_source")
    return dict.fromkeys(SOURCES, 0) | dict(rows.annotate(Count("pk")))


def _matching(filters: Filters) -> ExampleQuerySet:
    """What matches whatever its status is."""
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
    if words := asked_words(filters.q):
        rows = rows.filter(pk__in=_ids_with(words))
    elif filters.q.strip():
        return rows.none()  # signs alone are no word of any text
    if filters.near:
        rows = rows.filter(pk__in=surveying.ids_with_near())
    return rows


def _ids_with(words: list[str]) -> RawSQL:
    """The ids of the examples in whose text each of these begins a word, by the index of the database.

    The words hold letters and digits only (curation.domain.search_words), so they need no quoting.
    """
    if connection.vendor == "postgresql":
        asked = " & ".join(f"'{word}':*" for word in words)
        where = "curation_examplewords_index_of(words) @@ %s::tsquery"
        return RawSQL(f"SELECT example_id FROM curation_examplewords WHERE {where}", [asked])
    asked = " ".join(f'"{word}"*' for word in words)
    index = "curation_examplewords_index"
    return RawSQL(f"SELECT rowid FROM {index} WHERE {index} MATCH %s", [asked])
