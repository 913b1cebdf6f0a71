"""Writing texts of many examples at once: the bulk twin of authoring.store. A test compares their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from curation.domain import markdown
from curation.domain.bbj import CHECK_VERSION
from curation.models import Example, ImportJob, Revision
from curation.services import authoring, describing, marking, standing

COLUMNS = (*describing.COLUMNS, "updated_at", "import_job", "label_source")


@dataclass(frozen=True)
class Described:
    """A text with what lists and pages know of it.

    Attributes:
        meta: What describing.meta_of gives for it.
        findings: What authoring.findings gives for it.
    """

    text: str
    content_hash: str
    meta: dict[str, Any]
    findings: list[dict[str, Any]]


@dataclass(frozen=True)
class NewText:
    """What an example is to become.

    Attributes:
        example: As it is now, with its head; without either where it is new.
        endorsed: A reviewer mended the text and found it right otherwise.
    """

    example: Example
    described: Described
    origin: str = ""
    endorsed: bool = False


def described(path: str, text: str) -> Described:
    """A text that breaks no rule, described. Takes some milliseconds: do it before rows are locked."""
    checked = authoring.read(text.encode(), path=path)
    assert checked.doc
    said = authoring.findings(checked.doc)
    meta = describing.meta_of(checked.doc, problem_count=len(checked.problems) + len(said))
    return Described(text, markdown.content_hash(text), meta, said)


def write(
    texts: Sequence[NewText], *, author: User, note: str, labelled: str = "", job: ImportJob | None = None
) -> None:
    """Make each text the head of its example, inside the caller's transaction that has locked the examples.

    Args:
        labelled: Who gave new labels (curation.domain.labelling.SOURCES); left out: the author, unless an
            earlier text comes back.
        job: The import that the texts come from.
    """
    parents = [new.example.head for new in texts]
    there = [new.example for new in texts if new.example.pk]
    made = [new.example for new in texts if not new.example.pk]
    before = [_columns(example) for example in there]
    now = timezone.now()
    for new in texts:
        known = new.described
        describing.describe(
            new.example, known.meta, content_hash=known.content_hash, author=author, endorsed=new.endorsed
        )
        new.example.updated_at = now
        new.example.import_job = job or new.example.import_job
    Example.objects.bulk_create(made)
    Revision.objects.bulk_create(
        Revision(
            example=new.example,
            number=parent.number + 1 if parent else 1,
            parent=parent,
            text=new.described.text,
            content_hash=new.described.content_hash,
            author=author,
            note=note,
            origin=new.origin,
            endorsed=new.endorsed,
            checker=CHECK_VERSION,
            findings=new.described.findings,
        )
        for new, parent in zip(texts, parents, strict=True)
    )
    labels = [(new.example, new.described.meta.get("labels", {})) for new in texts]
    marking.mark_new_texts(labels, by=author, source=labelled)
    _update(there, before)
    Example.objects.bulk_update(made, ["label_source"], batch_size=100)
    newest = Revision.objects.filter(example=OuterRef("pk")).order_by("-number").values("pk")[:1]
    written = [new.example.pk for new in texts]
    Example.objects.filter(pk__in=written).update(head=Subquery(newest))
    describing.index([(new.example, new.described.text, new.described.meta.get("tags", ())) for new in texts])
    standing.refresh(example.pk for example in there)  # a new text has no verdicts


def _columns(example: Example) -> dict[str, Any]:
    return {name: getattr(example, name) for name in COLUMNS}


def _update(examples: Sequence[Example], before: Sequence[dict[str, Any]]) -> None:
    """Write the columns that changed: what all have alike at once, the rest row by row, which is slower."""
    after = [_columns(example) for example in examples]
    changed = [
        name for name in COLUMNS if any(a[name] != b[name] for a, b in zip(after, before, strict=True))
    ]
    alike = {name: after[0][name] for name in changed if all(row[name] == after[0][name] for row in after)}
    if alike:
        Example.objects.filter(pk__in=[example.pk for example in examples]).update(**alike)
    if varied := [name for name in changed if name not in alike]:
        Example.objects.bulk_update(examples, varied, batch_size=100)
