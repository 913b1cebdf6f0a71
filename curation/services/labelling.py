"""Labelling an example: choose its generations, confirm them, or accept what the traces suggest.

A label that stays as it is becomes a mark and no revision, so whoever confirms it may still review the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max

from curation.domain import labelling, markdown
from curation.domain.composing import CannotSplit
from curation.domain.labelling import PERSON, SUGGESTION, Part
from curation.domain.markdown import ExampleDoc
from curation.models import AuditEntry, Example, LabelMark, Revision
from curation.services import auditing, authoring, marking, standing

Labels = Mapping[str, tuple[str, ...]]  # part -> label
ACTIONS = CHOOSE, CONFIRM, ACCEPT = "label.choose", "label.confirm", "label.accept"


class LabelRefused(Exception):
    """Nothing was changed; the message says why, and what to do."""


@dataclass(frozen=True)
class Labelled:
    """What is now said of an example. `revision` is None where its text stayed."""

    example: Example
    labels: Labels
    revision: Revision | None


@transaction.atomic
def choose(*, example_id: int, content_hash: str, labels: Mapping[str, Sequence[str]], by: User) -> Labelled:
    """A person says what these parts are; the parts that are not named stay as they are.

    Args:
        content_hash: Of the text that was on the screen.
        labels: Part -> generations.

    Raises:
        LabelRefused
        Example.DoesNotExist
    """
    example, doc = _opened(example_id, content_hash)
    parts = {part.name: part for part in labelling.parts_of(doc)}
    if strange := labels.keys() - parts.keys():
        raise LabelRefused(f"{example.path} has no part {', '.join(sorted(strange)) or 'of its own'}.")
    if not labels:
        raise LabelRefused("Choose at least one generation.")
    for name, label in labels.items():
        if why := labelling.refusal(parts[name], label):
            raise LabelRefused(why)
    given = {name: labelling.in_order(label) for name, label in labels.items()}
    return _record(CHOOSE, example, doc, given, by=by, source=PERSON)


@transaction.atomic
def confirm(*, example_id: int, content_hash: str, by: User) -> Labelled:
    """A person finds the present labels right, whoever gave them. Raises as `choose`."""
    example, doc = _opened(example_id, content_hash)
    return _record(CONFIRM, example, doc, labelling.labels_of(doc), by=by, source=PERSON)


@transaction.atomic
def accept(*, example_id: int, content_hash: str, by: User) -> Labelled:
    """A person lets the traces decide, for each part where they do. Raises as `choose`.

    It counts as a suggestion and not as that person's own label.
    """
    example, doc = _opened(example_id, content_hash)
    given = {}
    for part in labelling.parts_of(doc):
        suggestion = labelling.suggestion_of(part)
        if labelling.may_accept(part, suggestion):
            given[part.name] = suggestion.labels
    if not given:
        raise LabelRefused(f"The traces in {example.path} leave its label open: choose it yourself.")
    return _record(ACCEPT, example, doc, given, by=by, source=SUGGESTION)


def last_labelled(user: User) -> AuditEntry | None:
    """What this person labelled last and has not taken back."""
    mine = AuditEntry.objects.filter(actor=user, undone_by=None, action__in=ACTIONS)
    return mine.order_by("-pk").first()


def stands(entry: AuditEntry) -> bool:
    """Whether it wrote no text, or the example has that text still and nobody has judged it yet."""
    number = entry.detail["revision"]
    written = Revision.objects.filter(example=entry.subject_id, number=number or 0)
    present = written.filter(content_hash=F("example__content_hash"), example__verdict_count=0)
    return number is None or present.exists()


def take_back(entry: AuditEntry, by: User) -> None:
    """Bring back the text as it was, and whose its label was. The example is locked, and the entry stands.

    Raises:
        LabelRefused: The text before breaks today's rules.
    """
    assert entry.subject_id
    example = Example.objects.get(pk=entry.subject_id)
    marking.take_back(LabelMark.objects.filter(pk__in=entry.detail["marks"]), by=by)
    if number := entry.detail["revision"]:
        before = Revision.objects.get(children__example=example, children__number=number)
        _write(example, before.text, by=by, note=f"revision {number} taken back")
        example = Example.objects.get(pk=example.pk)
    marking.refresh(example, labels_of(example))


def parts_of(example: Example) -> tuple[Part, ...]:
    """The labels of its present text. Raises LabelRefused where that breaks today's rules."""
    return labelling.parts_of(_doc(Example.objects.select_related("head").get(pk=example.pk)))


def labels_of(example: Example) -> Labels:
    """The same as part -> label."""
    return {part.name: part.label for part in parts_of(example)}


def _opened(example_id: int, content_hash: str) -> tuple[Example, ExampleDoc]:
    """The example, locked, and its text, if that is the one that was on the screen."""
    standing.lock([example_id])
    example = Example.objects.select_related("head__author").get(pk=example_id)
    if example.content_hash != content_hash:
        assert example.head
        raise LabelRefused(
            f"{example.head.author.get_username()} saved {example.path} after you opened it. This is the new "
            "text: label it."
        )
    return example, _doc(example)


def _doc(example: Example) -> ExampleDoc:
    assert example.head
    doc = markdown.parse(example.head.text, path=example.path).doc
    if doc is None:
        raise LabelRefused(f"{example.path} breaks today's rules. Mend it in the editor, then label it.")
    return doc


def _record(
    action: str, example: Example, doc: ExampleDoc, given: Labels, *, by: User, source: str
) -> Labelled:
    """Write the text if a label changed, a mark for each part that was spoken of, and the audit entry."""
    was = labelling.labels_of(doc)
    labels = {**was, **given}
    before = LabelMark.objects.filter(example=example).aggregate(newest=Max("pk"))["newest"] or 0
    revision = None
    if labels != was:
        try:
            text = labelling.with_labels(doc, given)
        except CannotSplit as error:
            raise LabelRefused(f"{example.path}: {error} Its label was not changed.") from error
        words = " · ".join(f"{name} {', '.join(labels[name])}".strip() for name in given)
        revision = _write(example, text, by=by, note=f"labelled {words}", labelled=source)
        example = Example.objects.select_related("head").get(pk=example.pk)
    stayed = {name: label for name, label in given.items() if label == was[name]}
    marking.mark(example, stayed, by=by, source=source)
    marking.refresh(example, labels)
    marks = LabelMark.objects.filter(example=example, pk__gt=before).values_list("pk", flat=True)
    auditing.record(
        actor=by,
        action=action,
        subject=example,
        was=was,
        labels=labels,
        revision=revision.number if revision else None,
        marks=list(marks),
    )
    return Labelled(example, labels, revision)


def _write(example: Example, text: str, *, by: User, note: str, labelled: str = "") -> Revision:
    """The text as the next revision of an example that the caller has locked."""
    saved = authoring.write(
        logged=False,
        author=by,
        path=example.path,
        text=text,
        base_hash=example.content_hash,
        note=note,
        labelled=labelled,
    )
    if saved.revision is None:
        problem = authoring.sorted_by_line(saved.problems)[0]
        raise LabelRefused(
            f"{example.path} breaks today's rules, line {problem.line}: {problem.message} Mend it in the "
            "editor, then label it."
        )
    return saved.revision
