"""Deciding about near-duplicates: keep one, or say that two are none. Every decision can be undone.

A decision is a row about two examples with the texts they had (curation.models.PairJudgement); the newest one
counts, and it counts as long as both texts are there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, Q

from curation.models import AuditEntry, Example, PairJudgement
from curation.services import auditing, comparing, standing

MAX_REASON = 500
MOST_SET_ASIDE = 200  # by one key press


class Refused(Exception):
    """Nothing was decided; the message says why."""


class StaleTexts(Refused):
    """One of the examples has another text than the one that was on the screen."""


def keep(
    *, kept: Example, others: Sequence[Example], texts: Mapping[int, str], judge: User, reason: str = ""
) -> uuid.UUID:
    """Keep one example and set the others aside: out of the queue and of the next dataset version.

    Args:
        texts: content_hash that each of these examples had on the screen, by its id.

    Raises:
        StaleTexts, Refused: nothing was written.
    """
    if not others:
        raise Refused(f"There is nothing to set aside for {kept.path}: all was decided meanwhile.")
    if len(others) > MOST_SET_ASIDE:
        raise Refused(f"{len(others)} examples at once are too many to judge. At most {MOST_SET_ASIDE}.")
    with transaction.atomic():
        present = _locked([kept, *others], texts)
        if present[kept.pk].status == "set_aside":
            raise Refused(f"{kept.path} was itself set aside. Undo that first, then keep it.")
        rows = []
        for other in others:
            first, second = sorted((present[kept.pk], present[other.pk]), key=lambda example: example.pk)
            verdict = "keep_first" if first.pk == kept.pk else "keep_second"
            rows.append(_judgement(first, second, verdict, judge, reason))
        action = _write(rows)
        auditing.record(
            actor=judge,
            action="duplicate.keep",
            subject=present[kept.pk],
            decision=str(action),
            set_aside=[other.pk for other in others],
            texts={pk: example.content_hash for pk, example in present.items()},
            reason=rows[0].reason,
        )
        return action


def mark_distinct(
    *, pair: tuple[Example, Example], texts: Mapping[int, str], judge: User, reason: str = ""
) -> uuid.UUID:
    """Say that two near examples are no duplicates, for as long as they have these texts.

    Raises:
        StaleTexts: nothing was written.
    """
    with transaction.atomic():
        present = _locked(pair, texts)
        first, second = sorted(present.values(), key=lambda example: example.pk)
        row = _judgement(first, second, "distinct", judge, reason)
        action = _write([row])
        auditing.record(
            actor=judge,
            action="duplicate.distinct",
            subject=first,
            decision=str(action),
            other=second.pk,
            texts={first.pk: first.content_hash, second.pk: second.content_hash},
            reason=row.reason,
        )
        return action


def undo(*, action: uuid.UUID, judge: User) -> list[PairJudgement]:
    """Take back what one key press decided, as far as it still stands. Returns those decisions."""
    with transaction.atomic():
        rows = PairJudgement.objects.standing().filter(action=action).order_by("pk")
        standing.lock(pk for pair in rows.values_list("first", "second") for pk in pair)
        decisions = list(rows.select_related("first", "second"))
        withdrawn = [
            PairJudgement(
                first=row.first,
                second=row.second,
                first_hash=row.first_hash,
                second_hash=row.second_hash,
                verdict="withdrawn",
                judge=judge,
            )
            for row in decisions
        ]
        if withdrawn:
            _write(withdrawn)
            _log_undo(action, decisions, judge)
        return decisions


def _log_undo(action: uuid.UUID, decisions: Sequence[PairJudgement], judge: User) -> None:
    first = decisions[0]
    subject = first.second if first.verdict == "keep_second" else first.first
    made = AuditEntry.objects.filter(
        subject_kind="example",
        subject_id=subject.pk,
        action__in=("duplicate.keep", "duplicate.distinct"),
        detail__decision=str(action),
        undone_by__isnull=True,
    )
    auditing.record(
        actor=judge,
        action="duplicate.undo",
        subject=subject,
        undoes=made.first(),
        decision=str(action),
        pairs=[[row.first_id, row.second_id] for row in decisions],
    )


def last_action(judge: User) -> uuid.UUID | None:
    """What this person decided last and what still stands: the one that Z undoes."""
    newest = PairJudgement.objects.standing().filter(judge=judge).order_by("-pk").first()
    return newest.action if newest else None


def kept_instead(example: Example) -> list[tuple[Example, PairJudgement]]:
    """Which examples were kept over this one, each with the decision, newest first."""
    lost = Q(second=example, verdict="keep_first") | Q(first=example, verdict="keep_second")
    rows = PairJudgement.objects.standing().filter(lost).select_related("first", "second", "judge")
    return [(row.first if row.verdict == "keep_first" else row.second, row) for row in rows.order_by("-pk")]


def decisions(most: int) -> list[list[PairJudgement]]:
    """The newest decisions that stand, each with all its pairs."""
    all_standing = PairJudgement.objects.standing()
    newest = all_standing.values("action").annotate(newest=Max("pk")).order_by("-newest")[:most]
    by_action: dict[uuid.UUID, list[PairJudgement]] = {row["action"]: [] for row in newest}
    rows = all_standing.filter(action__in=list(by_action)).select_related("first", "second", "judge")
    for row in rows.order_by("-pk"):
        by_action[row.action].append(row)
    return list(by_action.values())


def _locked(examples: Iterable[Example], texts: Mapping[int, str]) -> dict[int, Example]:
    """These examples as they are now, locked in the order of their ids, if their texts are still the same."""
    present = standing.lock(example.pk for example in examples)
    for example in present.values():
        if texts.get(example.pk) != example.content_hash:
            raise StaleTexts(
                f"{example.path} changed after you opened it. Look at the new text and decide again."
            )
    return present


def _judgement(first: Example, second: Example, verdict: str, judge: User, reason: str) -> PairJudgement:
    return PairJudgement(
        first=first,
        second=second,
        first_hash=first.content_hash,
        second_hash=second.content_hash,
        verdict=verdict,
        judge=judge,
        reason=reason.strip()[:MAX_REASON],
    )


def _write(rows: Sequence[PairJudgement]) -> uuid.UUID:
    action = uuid.uuid4()
    for row in rows:
        row.action = action
    PairJudgement.objects.bulk_create(rows)
    standing.refresh(pk for row in rows for pk in (row.first_id, row.second_id))
    comparing.wake_when_saved()  # it counts what is left
    return action
