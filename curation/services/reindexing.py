"""Reading again what lists know of each text: after an update of the studio, or a restored backup."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from curation.models import Example
from curation.services import authoring, describing

BATCH = 500  # examples locked at a time


def is_complete() -> bool:
    """Whether every example has its words and columns; those of a studio that was updated have not."""
    examples = Example.objects.filter(head__isnull=False)  # no words are kept of a test task
    return not examples.filter(Q(words__isnull=True) | Q(label_verdict="")).exists()


def describe_all() -> int:
    """Read the columns, tags and words of every example from its present text again. Returns how many."""
    done = after = 0
    rows = Example.everything.filter(head__isnull=False).order_by("pk").values_list("pk", flat=True)
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        _describe(batch)
        done, after = done + len(batch), batch[-1]
    return done


@transaction.atomic
def _describe(ids: Sequence[int]) -> None:
    locked = Example.everything.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    examples = list(locked.select_related("head__author"))
    rows: list[tuple[Example, str, Sequence[str]]] = []
    for example in examples:
        assert example.head
        text = example.head.text
        checked = authoring.read(text.encode(), path=example.path, pool=example.pool)
        if checked.doc:  # a text that an older studio allowed stays in the lists as it was
            count = len(checked.problems) + len(example.head.findings)
            meta = describing.meta_of(checked.doc, problem_count=count)
            describing.describe(
                example,
                meta,
                content_hash=example.content_hash,
                author=example.head.author,
                endorsed=example.head.endorsed,
            )
        else:
            example.label_verdict = "cannot tell"
        rows.append((example, text, checked.doc.tags if checked.doc else ()))
    Example.everything.bulk_update(examples, describing.COLUMNS, batch_size=100)
    describing.index(rows)
