"""One objection to many examples, with one reason. Approvals are given one by one, on the review screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from django.contrib.auth.models import User

from curation.domain import review
from curation.domain.bulk import Kept, LeftOut, Plan, Planned, Undone
from curation.domain.review import ReviewFact
from curation.models import AuditEntry, Example, Reservation, Review, Revision
from curation.services import reviewing, standing
from curation.services.bulk_rewriting import with_heads

STATUS_WORDS = dict(Example.STATUSES)
VERDICT_WORDS = dict(Review.VERDICTS)


def plan(verdict: str, ids: Sequence[int], reason: str, by: User) -> Plan:
    """Whom the verdict would reach; the rules are those of reviewing.record_review."""
    own, facts = _own_work(ids, by), standing.facts_of(ids)
    planned, kept = [], []
    for example in with_heads(ids):
        words = review.standing(example.content_hash, facts.get(example.pk, []))
        try:
            _refuse(example, verdict, words, by, is_own=example.pk in own)
        except LeftOut as why:
            kept.append(Kept(example.pk, example.path, example.title, str(why)))
        else:
            now, then = STATUS_WORDS[example.status], VERDICT_WORDS[verdict]
            planned.append(Planned(example.pk, example.path, example.title, example.content_hash, now, then))
    return Plan(verdict, reason, tuple(planned), tuple(kept))


def _refuse(example: Example, verdict: str, words: Sequence[ReviewFact], by: User, *, is_own: bool) -> None:
    mine = next((word for word in words if word.reviewer == by.pk), None)
    if is_own:
        raise LeftOut("you wrote or edited it")
    if example.status in ("rejected", "set_aside"):
        raise LeftOut(f"it is {STATUS_WORDS[example.status]} already")
    if any(word.adjudicates for word in words):
        raise LeftOut("somebody settled what reviewers disagreed about")
    if example.status == "disputed" and mine is None:
        raise LeftOut("reviewers disagree about it: read both verdicts and settle it")
    if mine and mine.verdict == verdict:
        raise LeftOut("you said so already")


def do(agreed: Plan, by: User, prepared: None) -> dict[str, list[int]]:
    """Record the verdict on each text of the plan; the examples are locked."""
    reviews = Review.objects.bulk_create(
        [
            Review(
                example_id=one.example,
                content_hash=one.content_hash,
                reviewer=by,
                verdict=agreed.action,
                reason=agreed.value,
            )
            for one in agreed.planned
        ]
    )
    ids = [one.example for one in agreed.planned]
    Reservation.objects.filter(example__in=ids, reviewer=by).delete()
    standing.refresh(ids)
    return {"reviews": [each.pk for each in reviews]}


def undo(entry: AuditEntry, by: User) -> Undone:
    """Put the reviewer's word before it in place of each verdict that is still the last one on that text."""
    given = Review.objects.in_bulk(entry.detail["reviews"])
    examples = Example.objects.in_bulk([each.example_id for each in given.values()])
    said: dict[int, list[Review]] = defaultdict(list)
    for each in Review.objects.filter(example__in=examples, reviewer=by).order_by("pk"):
        if each.content_hash == examples[each.example_id].content_hash:
            said[each.example_id].append(each)
    changed, kept, again = [], [], []
    for each in given.values():
        example, words = examples[each.example_id], said[each.example_id]
        if each.content_hash != example.content_hash:
            kept.append(Kept(example.pk, example.path, example.title, "its text changed since"))
        elif not reviewing.is_last_word(each, words):
            kept.append(Kept(example.pk, example.path, example.title, "you gave another verdict since"))
        else:
            again.append(reviewing.instead_of(each, words))
            changed.append(example.pk)
    Review.objects.bulk_create(again)
    standing.refresh(changed)
    return Undone(tuple(changed), tuple(kept))


def _own_work(ids: Collection[int], by: User) -> set[int]:
    """Those whose present text this person wrote or edited (services/owning.py, for many at once)."""
    touched = set(Revision.objects.filter(author=by, example__in=ids).values_list("example", flat=True))
    history: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Revision.objects.filter(example__in=touched).order_by("example", "number")
    for example, author, content_hash in rows.values_list("example", "author", "content_hash"):
        history[example].append((author, content_hash))
    return {example for example, written in history.items() if by.pk in review.writers(written)}
