"""Where each example stands: a column for lists and counts, always equal to what the rows say.

The rows are reviews of the present text and decisions about duplicates; curation.domain.review is the rule.
Whatever changes one of them locks the examples it concerns, writes, and refreshes, in one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from curation.domain import review
from curation.models import Example, OpenVerdict, PairJudgement, Review
from curation.services import telling
from curation.services.telling import Tell

BATCH = 500  # ids of one question to the database


def lock(ids: Iterable[int]) -> dict[int, Example]:
    """These examples as they are now, locked with all whose standing may hang on theirs, in order of id."""
    wanted = set(ids)
    locked = {}
    for rows in _to_lock(wanted):
        locked.update({example.pk: example for example in rows.select_for_update(of=("self",))})
    return {pk: example for pk, example in locked.items() if pk in wanted}


def _to_lock(ids: set[int]) -> Iterator[QuerySet[Example]]:
    """These and all whose standing may hang on theirs, in order of id."""
    for part in _parts(sorted(_around(ids))):
        yield Example.everything.filter(pk__in=part).order_by("pk")


def refresh(ids: Iterable[int]) -> int:
    """Make `status`, `last_verdict` and `verdict_count` of these, and of those that hang on them, true again.

    Returns how many had to change. Runs inside the transaction that changed a review, a text or a decision.
    """
    changed = 0
    for part in _parts(sorted(_around(set(ids)))):
        changed += _refresh(part)
    return changed


def refresh_all(tell: Tell = telling.nobody) -> int:
    """The same for every example: for a migration, a restored backup, and before a version is frozen."""
    changed = after = done = 0
    count = Example.everything.count()
    while part := list(
        Example.everything.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        with transaction.atomic():
            for rows in _to_lock(set(part)):
                list(rows.select_for_update().values_list("pk"))
            changed += _refresh(part)
        after, done = part[-1], done + len(part)
        tell("reading the reviews", done, count)
    return changed


def facts_of(ids: Collection[int]) -> dict[int, list[review.ReviewFact]]:
    """What was said about each of these examples, in order, reviewers by their ids."""
    facts: dict[int, list[review.ReviewFact]] = defaultdict(list)
    rows = Review.objects.filter(example__in=ids).order_by("pk")
    columns = ("example_id", "reviewer_id", "verdict", "content_hash", "adjudicates")
    for example, *fact in rows.values_list(*columns):
        facts[example].append(review.ReviewFact(*fact))
    return facts


def words_of(example: Example) -> list[review.ReviewFact]:
    """What stands about the present text of this example: the last word of each reviewer."""
    return review.standing(example.content_hash, facts_of([example.pk])[example.pk])


def _refresh(ids: Collection[int]) -> int:
    read = ("status", "last_verdict", "verdict_count")
    columns = ("content_hash", "reviews_needed", *read)
    rows = Example.everything.filter(pk__in=ids).only("pk", *columns)
    kept_by = _losses(ids)
    winners = {winner for winners in kept_by.values() for winner in winners}
    lost = set(_losses(winners))
    rows_by_id = {row.pk: row for row in rows}
    beside = {
        row.pk: row for row in Example.everything.filter(pk__in=winners - rows_by_id.keys()).only(*columns)
    }
    facts = facts_of([*rows_by_id, *beside])

    def judged(row: Example, *, set_aside: bool = False) -> review.Status:
        return review.status(row.content_hash, facts[row.pk], needed=row.reviews_needed, set_aside=set_aside)

    # So an example comes back when the one it was set aside for is lost, and a circle of decisions, which
    # edits that are taken back can close, loses nobody.
    present = rows_by_id | beside
    no_good = {pk for pk in winners if pk in lost or pk not in present or judged(present[pk]) == "rejected"}
    changed = []
    for row in rows_by_id.values():
        status = judged(row, set_aside=bool(kept_by.get(row.pk, set()) - no_good))
        words = review.standing(row.content_hash, facts[row.pk])
        blind = review.is_blind(len(words), needed=row.reviews_needed)
        now = (status, words[-1].verdict if words and not blind else "", len(words))
        if now != tuple(getattr(row, name) for name in read):
            row.status, row.last_verdict, row.verdict_count = now
            changed.append(row)
    _note_open_verdicts(rows_by_id, facts)
    # Not `updated_at`: that is when the text changed.
    Example.everything.bulk_update(changed, read, batch_size=100)
    return len(changed)


def _note_open_verdicts(
    rows: Mapping[int, Example], facts: Mapping[int, Sequence[review.ReviewFact]]
) -> None:
    """Make OpenVerdict true of these examples, whose columns are true already."""
    undecided = [row for row in rows.values() if row.status in ("needs_review", "disputed")]
    wanted = {
        (row.pk, int(word.reviewer))
        for row in undecided
        for word in review.standing(row.content_hash, facts[row.pk])
    }
    there = OpenVerdict.objects.filter(example__in=rows)
    noted = {(row.example_id, row.reviewer_id): row.pk for row in there}
    OpenVerdict.objects.filter(pk__in=[pk for pair, pk in noted.items() if pair not in wanted]).delete()
    OpenVerdict.objects.bulk_create(
        OpenVerdict(example_id=example, reviewer_id=reviewer)
        for example, reviewer in sorted(wanted - noted.keys())
    )


def _losses(ids: Collection[int]) -> dict[int, set[int]]:
    """For each of these that a standing decision set aside: those that were kept instead."""
    losses: dict[int, set[int]] = defaultdict(set)
    for part in _parts(sorted(ids)):
        standing = PairJudgement.objects.standing()
        lost = Q(second__in=part, verdict="keep_first") | Q(first__in=part, verdict="keep_second")
        for first, second, verdict in standing.filter(lost).values_list("first", "second", "verdict"):
            winner, loser = (first, second) if verdict == "keep_first" else (second, first)
            losses[loser].add(winner)
    return losses


def _around(ids: set[int]) -> set[int]:
    """These, and whoever is at most two decisions away: as far as one change can reach."""
    around, edge = set(ids), set(ids)
    for _ in range(2):
        met: set[int] = set()
        for part in _parts(sorted(edge)):
            pairs = PairJudgement.objects.filter(Q(first__in=part) | Q(second__in=part))
            for pair in pairs.values_list("first", "second"):
                met.update(pair)
        edge = met - around
        around |= met
    return around


def _parts(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
