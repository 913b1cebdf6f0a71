"""Whom to ask for a verdict on many examples, and how many reviewers each of them takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.contrib.auth.models import User

from curation.domain.bulk import Kept, LeftOut, Plan, Planned, Undone
from curation.models import Assignment, AuditEntry, Example, Revision
from curation.services import assigning

STATUS_WORDS = dict(Example.STATUSES)
DECIDED = ("approved", "rejected", "set_aside")
BATCH = 500


def plan_assign(ids: Sequence[int], username: str, by: User) -> Plan:
    """Whom it would reach: not the reviewer's own work, and nothing that has its verdict."""
    reviewer = assigning.reviewers().get(username=username)
    own = set(Revision.objects.filter(example__in=ids, author=reviewer).values_list("example", flat=True))
    there = _assigned(ids, reviewer)

    def judged(example: Example) -> tuple[str, str]:
        if example.pk in there:
            raise LeftOut(f"{username} is asked already")
        if example.pk in own:
            raise LeftOut(f"{username} wrote or edited it")
        if example.status in DECIDED:
            raise LeftOut(f"it is {STATUS_WORDS[example.status]} already")
        return "not asked", f"{username} is asked"

    return _plan("assign", username, ids, judged)


def plan_unassign(ids: Sequence[int], username: str, by: User) -> Plan:
    there = _assigned(ids, User.objects.get(username=username))

    def judged(example: Example) -> tuple[str, str]:
        if example.pk not in there:
            raise LeftOut(f"{username} is not asked")
        return f"{username} is asked", "not asked"

    return _plan("unassign", username, ids, judged)


def plan_needed(ids: Sequence[int], needed: str, by: User) -> Plan:
    def judged(example: Example) -> tuple[str, str]:
        if example.reviews_needed == int(needed):
            raise LeftOut("it takes that many already")
        return str(example.reviews_needed), needed

    plan = _plan("needed", needed, ids, judged)
    there = _approved(ids) if int(needed) > 1 else set()
    approved = sum(one.example in there for one in plan.planned)
    if not approved:
        return plan
    verb = "are" if approved > 1 else "is"
    return replace(plan, warnings=(f"{approved:,} of them {verb} approved and may wait for more verdicts.",))


def _plan(action: str, value: str, ids: Sequence[int], judged: Callable[[Example], tuple[str, str]]) -> Plan:
    planned, kept = [], []
    for example in _rows(ids):
        try:
            before, after = judged(example)
        except LeftOut as why:
            kept.append(Kept(example.pk, example.path, example.title, str(why)))
        else:
            planned.append(
                Planned(example.pk, example.path, example.title, example.content_hash, before, after)
            )
    return Plan(action, value, tuple(planned), tuple(kept))


def assign(agreed: Plan, by: User, prepared: None) -> dict[str, list[list[int]]]:
    return {"pairs": _pairs(agreed, add=True, by=by)}


def unassign(agreed: Plan, by: User, prepared: None) -> dict[str, list[list[int]]]:
    return {"pairs": _pairs(agreed, add=False, by=by)}


def _pairs(agreed: Plan, *, add: bool, by: User) -> list[list[int]]:
    reviewer = User.objects.get(username=agreed.value)
    pairs = [(one.example, reviewer.pk) for one in agreed.planned]
    if add:
        assigning.add(pairs, by=by)
    else:
        assigning.remove(pairs)
    return [list(pair) for pair in pairs]


def set_needed(agreed: Plan, by: User, prepared: None) -> dict[str, object]:
    assigning.set_needed({one.example: int(agreed.value) for one in agreed.planned})
    before = [[one.example, int(one.before)] for one in agreed.planned]
    return {"before": before, "needed": int(agreed.value)}


def undo_assign(entry: AuditEntry, by: User) -> Undone:
    there = assigning.present(_pairs_of(entry))
    assigning.remove(there)
    return _undone(entry, {example for example, _ in there}, "it was taken back since")


def undo_unassign(entry: AuditEntry, by: User) -> Undone:
    gone = _pairs_of(entry) - assigning.present(_pairs_of(entry))
    assigning.add(gone, by=by)
    return _undone(entry, {example for example, _ in gone}, "it was assigned again since")


def undo_needed(entry: AuditEntry, by: User) -> Undone:
    before = dict(entry.detail["before"])
    rows = Example.objects.in_bulk(list(before))
    same = {pk: before[pk] for pk, row in rows.items() if row.reviews_needed == entry.detail["needed"]}
    assigning.set_needed(same)
    return _undone(entry, set(same), "the number was changed since")


def _undone(entry: AuditEntry, changed: set[int], why: str) -> Undone:
    others = [pk for pk in entry.detail["examples"] if pk not in changed]
    kept = tuple(Kept(row.pk, row.path, row.title, why) for row in _rows(others))
    return Undone(tuple(sorted(changed)), kept)


def _pairs_of(entry: AuditEntry) -> set[tuple[int, int]]:
    return {(example, user) for example, user in entry.detail["pairs"]}


def _assigned(ids: Sequence[int], reviewer: User) -> set[int]:
    rows = Assignment.objects.filter(example__in=ids, reviewer=reviewer)
    return set(rows.values_list("example", flat=True))


def _approved(ids: Sequence[int]) -> set[int]:
    return set(Example.objects.approved().filter(pk__in=ids).values_list("pk", flat=True))


def _rows(ids: Sequence[int]) -> list[Example]:
    rows: list[Example] = []
    for start in range(0, len(ids), BATCH):
        rows += Example.objects.filter(pk__in=ids[start : start + BATCH])
    return sorted(rows, key=lambda row: row.path)
