"""What lists know of an example's present text: columns, tags and words, written with every revision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User

from curation.domain.agreement import agreement
from curation.domain.labelling import labels_of
from curation.domain.labels import generation_label
from curation.domain.markdown import ExampleDoc
from curation.domain.search_words import words_of
from curation.domain.tasks import topic_of
from curation.models import Example, ExampleTag, ExampleWords

LONGEST_TAG = 60  # characters; the width of the column
COLUMNS = (
    "content_hash",
    "title",
    "type",
    "topic",
    "difficulty",
    "generations",
    "generation_label",
    "label_verdict",
    "written_by",
    "problem_count",
    "endorsed",
)


def meta_of(doc: ExampleDoc, *, problem_count: int) -> dict[str, Any]:
    """What is read from a text once and kept beside it."""
    return {
        "title": doc.title,
        "type": doc.type,
        "topic": doc.topic,
        "difficulty": doc.difficulty,
        "generations": list(doc.generations),
        "labels": {part: list(label) for part, label in labels_of(doc).items()},
        "label_verdict": agreement(doc).verdict,
        "tags": list(doc.tags),
        "problem_count": problem_count,
    }


def describe(
    example: Example, meta: dict[str, Any], *, content_hash: str, author: User, endorsed: bool = False
) -> None:
    """Set the columns that lists filter by; `meta` is what `meta_of` gave for the text."""
    example.content_hash = content_hash
    for name in ("title", "type", "topic", "difficulty", "generations"):
        setattr(example, name, meta[name])
    if example.pool:
        example.topic = topic_of(meta["tags"])
    # An import that an older studio checked has neither of these.
    example.problem_count = meta.get("problem_count", 0)
    example.label_verdict = meta.get("label_verdict", "")
    example.generation_label = generation_label(meta["generations"])
    example.written_by = author
    example.endorsed = endorsed


def index(rows: Sequence[tuple[Example, str, Sequence[str]]]) -> None:
    """Write the words and tags of these examples: (example, its present text, its tags).

    Of a test task nothing is written: no search finds it, and no list of tags counts it.
    """
    rows = [row for row in rows if not row[0].pool]
    ExampleTag.objects.filter(example__in=[example.pk for example, _, _ in rows]).delete()
    ExampleTag.objects.bulk_create(
        ExampleTag(example=example, tag=tag)
        for example, _, tags in rows
        for tag in dict.fromkeys(tag.strip()[:LONGEST_TAG] for tag in tags)
        if tag
    )
    words = [(example, words_of(f"{example.path}\n{text}")) for example, text, _ in rows]
    ExampleWords.objects.bulk_create(
        [ExampleWords(example=example, words=found) for example, found in words],
        update_conflicts=True,
        unique_fields=["example"],
        update_fields=["words"],
    )
