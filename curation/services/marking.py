"""Who gave each label: marks written with a text, and the column that lists filter and count by.

Runs inside the transaction that writes the text or the mark, with the example locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.contrib.auth.models import User

from curation.domain import labelling
from curation.domain.labelling import PERSON
from curation.models import Example, LabelMark, Revision

Labels = Mapping[str, Sequence[str]]  # part -> label


def mark_new_texts(rows: Sequence[tuple[Example, Labels]], *, by: User, source: str = "") -> None:
    """Mark each label that a new text changed, and set `label_source` of the examples in hand.

    Args:
        rows: Examples with their new content_hash, and all labels of the new text. The caller saves them.
        source: Who gave the labels. Left out: a person, unless an earlier text came back; then its labels
            are whose they were.
    """
    marks_of = standing([example.pk for example, _ in rows])
    made = []
    for example, labels in rows:
        marks = marks_of[example.pk]
        newest = {mark.part: mark.generations for mark in marks}
        changed = {part: label for part, label in labels.items() if newest.get(part) != list(label)}
        came_back = bool(changed) and not source and _came_back(example)
        for part, label in changed.items():
            if said := source or (_whose_it_was(marks, part, label) if came_back else PERSON):
                made.append(_mark(example, part, label, by=by, source=said))
                marks.append(made[-1])
        example.label_source = source_of(marks, labels)
    LabelMark.objects.bulk_create(made)


def mark(example: Example, labels: Labels, *, by: User, source: str) -> None:
    """Somebody stands by these labels of the present text. `refresh` comes after."""
    LabelMark.objects.bulk_create(
        _mark(example, part, label, by=by, source=source) for part, label in labels.items()
    )


def take_back(marks: Iterable[LabelMark], *, by: User) -> None:
    """These marks count no more. `refresh` comes after."""
    for each in marks:
        gone = _mark(each.example, each.part, each.generations, by=by, source=each.source)
        gone.takes_back = each
        gone.save()


def refresh(example: Example, labels: Labels) -> None:
    """Make `label_source` true again; `labels` are all that the present text has."""
    example.label_source = source_of(standing([example.pk])[example.pk], labels)
    Example.everything.filter(pk=example.pk).update(label_source=example.label_source)


def standing(ids: Collection[int]) -> dict[int, list[LabelMark]]:
    """The marks of each of these examples that count, in the order in which they were given."""
    found: dict[int, list[LabelMark]] = defaultdict(list)
    for each in LabelMark.objects.standing().filter(example__in=ids).select_related("by"):
        found[each.example_id].append(each)
    return found


def source_of(marks: Sequence[LabelMark], labels: Labels) -> str:
    """Who gave these labels, by the standing marks of their example."""
    return labelling.weakest(labelling.source_of(_said(marks, part), label) for part, label in labels.items())


def _said(marks: Sequence[LabelMark], part: str) -> list[tuple[Sequence[str], str]]:
    return [(mark.generations, mark.source) for mark in marks if mark.part == part]


def _whose_it_was(marks: Sequence[LabelMark], part: str, label: Sequence[str]) -> str:
    """Who had given this label when the part had it last; "" when that is not known."""
    said = _said(marks, part)
    while said and list(said[-1][0]) != list(label):
        said.pop()
    return labelling.source_of(said, label)


def _came_back(example: Example) -> bool:
    return Revision.objects.filter(example=example, content_hash=example.content_hash).count() > 1


def _mark(example: Example, part: str, label: Sequence[str], *, by: User, source: str) -> LabelMark:
    return LabelMark(
        example=example,
        content_hash=example.content_hash,
        part=part,
        generations=list(label),
        source=source,
        by=by,
    )
