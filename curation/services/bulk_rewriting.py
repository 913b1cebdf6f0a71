"""Changing one field of the front matter of many examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.contrib.auth.models import User

from curation.domain import bulk, markdown
from curation.domain.bulk import Changed, Kept, LeftOut, Plan, Planned, Undone
from curation.domain.markdown import ExampleDoc
from curation.models import AuditEntry, Example
from curation.services import authoring, rewriting
from curation.services.rewriting import Described, NewText

_Text = tuple[Described, bool]  # and whether a reviewer who mended it found it right otherwise
BATCH = 200  # texts in memory at a time
CHANGES: dict[str, Callable[[ExampleDoc, str], Changed]] = {
    "difficulty": bulk.with_difficulty,
    "add_tag": bulk.with_tag,
    "remove_tag": bulk.without_tag,
    "generation": lambda doc, label: bulk.with_generation(doc, label.split(", ")),
}


def plan(action: str, ids: Sequence[int], value: str, by: User) -> Plan:
    """What the change makes of each text; one that would break a rule is left out."""
    planned, kept, approved = [], [], 0
    for example in with_heads(ids):
        try:
            planned.append(_planned(example, CHANGES[action], value))
        except LeftOut as why:
            kept.append(Kept(example.pk, example.path, example.title, str(why)))
        else:
            approved += example.status == "approved"
    warnings = []
    if approved:
        n = f"{approved:,} of them {'are' if approved > 1 else 'is'} approved"
        warnings.append(f"{n}. An approval holds for one text, so the changed ones wait for review again.")
    if planned:
        warnings.append("You will have edited them: somebody else has to review them.")
    return Plan(action, value, tuple(planned), tuple(kept), tuple(warnings))


def _planned(example: Example, change: Callable[[ExampleDoc, str], Changed], value: str) -> Planned:
    assert example.head
    doc = markdown.parse(example.head.text, path=example.path).doc
    if doc is None:
        raise LeftOut("it breaks today's rules: mend it in the editor")
    changed = change(doc, value)
    _refuse_broken(example.path, changed.text)
    return Planned(
        example.pk,
        example.path,
        example.title,
        example.content_hash,
        changed.before,
        changed.after,
        changed.text,
    )


def _refuse_broken(path: str, text: str) -> None:
    checked = authoring.read(text.encode(), path=path)
    if not checked.ok or checked.text != text:
        error = authoring.sorted_by_line(checked.problems)[0]
        raise LeftOut(f"its text would break a rule: {error.message}")


def prepare(agreed: Plan) -> dict[int, Described]:
    """All that takes long, before anything is locked."""
    return {one.example: rewriting.described(one.path, one.text) for one in agreed.planned}


def do(agreed: Plan, by: User, prepared: dict[int, Described]) -> dict[str, list[list[int]]]:
    """Write the texts of the plan as the next revisions; the examples are locked."""
    new = {example: (described, False) for example, described in prepared.items()}
    note = f"{agreed.action.replace('_', ' ')}: {agreed.value}, with {len(new) - 1} others"
    _write(new, by=by, note=note)
    rows = Example.objects.filter(pk__in=new).values_list("pk", "head__number").order_by("pk")
    return {"revisions": [list(row) for row in rows]}


def undo(entry: AuditEntry, by: User) -> Undone:
    """Bring back the text before, where the action's is the newest one and nobody has judged it."""
    written = dict(entry.detail["revisions"])
    before: dict[int, _Text] = {}
    kept = []
    for example in with_heads(list(written)):
        head = example.head
        assert head
        assert head.parent
        try:
            if head.number != written[example.pk]:
                raise LeftOut("it was edited since")
            if example.verdict_count:
                raise LeftOut("it was judged since")
            _refuse_broken(example.path, head.parent.text)
        except LeftOut as why:
            kept.append(Kept(example.pk, example.path, example.title, str(why)))
        else:
            described = rewriting.described(example.path, head.parent.text)
            before[example.pk] = (described, head.parent.endorsed)
    _write(before, by=by, note=f"taken back: {entry.action.partition('.')[2].replace('_', ' ')}")
    return Undone(tuple(before), tuple(kept))


def with_heads(ids: Sequence[int]) -> Iterator[Example]:
    """These examples with their texts, in path order, some at a time."""
    order = _in_path_order(ids)
    for start in range(0, len(order), BATCH):
        rows = Example.objects.filter(pk__in=order[start : start + BATCH])
        yield from rows.select_related("head__parent").order_by("path")


def _in_path_order(ids: Sequence[int]) -> list[int]:
    found: list[tuple[str, int]] = []
    for start in range(0, len(ids), BATCH):
        found += Example.objects.filter(pk__in=ids[start : start + BATCH]).values_list("path", "pk")
    return [pk for _, pk in sorted(found)]


def _write(texts: Mapping[int, _Text], *, by: User, note: str) -> None:
    ids = list(texts)
    for start in range(0, len(ids), BATCH):
        rows = Example.objects.filter(pk__in=ids[start : start + BATCH]).select_related("head")
        new = [_new_text(example, *texts[example.pk]) for example in rows.order_by("pk")]
        rewriting.write(new, author=by, note=note[: authoring.MAX_NOTE])


def _new_text(example: Example, described: Described, endorsed: bool) -> NewText:
    return NewText(example=example, described=described, endorsed=endorsed)
