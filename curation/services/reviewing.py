"""Judging an example. A verdict holds for the text that was on the screen and for no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from curation.domain.labels import GENERATIONS, generation_label, is_label, objection
from curation.models import AuditEntry, Comment, Example, OpenVerdict, Reservation, Review
from curation.models.examples import ExampleQuerySet
from curation.services import auditing, owning, standing, waiving

VERDICTS = tuple(value for value, _ in Review.VERDICTS if value != "withdrawn")
# The longest reason that is stored, in characters.
MAX_REASON = 2000


class Refused(Exception):
    """Nothing was recorded; the message is for the reviewer."""


class StaleReview(Refused):
    """The example has another text than the one that was on the reviewer's screen."""


class OwnWork(Refused):
    """The reviewer wrote or edited this example."""


class SecretInText(Refused):
    """The text holds what looks like a secret, and nobody has waived it."""


class ReasonMissing(Refused):
    """An objection without a reason helps nobody."""


class LabelDiffers(Refused):
    """The reviewer finds another generation label right, so the text cannot be approved as it is."""


class Disputed(Refused):
    """Reviewers disagree about this text, and somebody else has to settle it with both verdicts in sight."""


class Settled(Refused):
    """Somebody settled what reviewers disagreed about; or there is nothing to settle."""


@transaction.atomic
def record_review(
    *,
    example: Example,
    reviewer: User,
    verdict: str,
    content_hash: str,
    reason: str = "",
    generations: Sequence[str] | None = None,
    adjudicates: bool = False,
) -> Review:
    """Record what `reviewer` says about the text with this hash, and let the example go.

    Args:
        generations: The label that the reviewer finds right; None: an approval approves the text's label too,
            and an objection says nothing about it.
        adjudicates: It settles what others disagree about. Then a reason is always needed.

    Raises:
        Refused: nothing was recorded; the kinds of it are above.
        ValueError: `verdict` is none of VERDICTS, or `generations` is no label.
    """
    if verdict not in VERDICTS:
        raise ValueError(f'verdict "{verdict}" is not one of {", ".join(VERDICTS)}')
    vote = _vote(generations)
    current = standing.lock([example.pk])[example.pk]
    if content_hash != current.content_hash:
        raise StaleReview(f"{current.path} changed after you opened it. Read the new text and judge that.")
    if owning.is_work_of(reviewer, current):
        raise OwnWork(f"You wrote or edited {current.path}: somebody else has to review it.")
    _refuse_out_of_turn(current, reviewer, adjudicates=adjudicates)
    vote = vote or (current.generation_label if verdict == "approve" else "")
    reason = reason.strip()[:MAX_REASON]
    if verdict == "approve":
        _refuse_approval(current, vote)
    elif verdict == "request_changes" and not reason and vote and vote != current.generation_label:
        reason = objection(current.generation_label, vote)
    if not reason and (verdict != "approve" or adjudicates):
        raise ReasonMissing(
            "Say in a sentence why you decide so: two reviewers read it."
            if adjudicates
            else "Say in a sentence what should change, so that the author can act on it."
        )
    recorded = Review.objects.create(
        example=current,
        reviewer=reviewer,
        verdict=verdict,
        content_hash=content_hash,
        reason=reason,
        generations=vote.split(),
        adjudicates=adjudicates,
    )
    Reservation.objects.filter(example=current, reviewer=reviewer).delete()
    standing.refresh([current.pk])
    auditing.record(
        actor=reviewer,
        action=f"review.{verdict}",
        subject=current,
        review=recorded.pk,
        content_hash=content_hash,
        reason=reason,
        generations=recorded.generations,
        adjudicates=adjudicates,
    )
    return recorded


def _vote(generations: Sequence[str] | None) -> str:
    """The label of a vote as words in one order; "" for none."""
    if generations and not is_label(generations):
        given, known = ", ".join(generations), ", ".join(GENERATIONS)
        raise ValueError(f'"{given}" is no label: write all, or some of {known}')
    return generation_label(generations or ())


def _refuse_out_of_turn(current: Example, reviewer: User, *, adjudicates: bool) -> None:
    words = standing.words_of(current)
    judged = any(word.reviewer == reviewer.pk for word in words)
    if settler := next((word.reviewer for word in words if word.adjudicates), None):
        who = "You have" if settler == reviewer.pk else f"{User.objects.get(pk=settler).get_username()} has"
        raise Settled(f"{who} settled {current.path}. That stands until it is undone or the text changes.")
    if current.status == "disputed" and not adjudicates and not judged:
        raise Disputed(f"Reviewers disagree about {current.path} by now: read both verdicts and settle it.")
    if adjudicates and current.status != "disputed":
        raise Settled(f"Nobody disagrees about {current.path} any more: there is nothing to settle.")
    if adjudicates and judged:
        raise Disputed(f"You judged {current.path} yourself: somebody else has to settle it.")


def _refuse_approval(current: Example, vote: str) -> None:
    label = current.generation_label
    if vote != label:
        right, written = (", ".join(words.split()) for words in (vote, label))
        raise LabelDiffers(
            f"You find the label {right} right, and the text says {written}. Press F to write yours into the "
            "text, or R to ask the author for it."
        )
    if found := waiving.blocking(current):
        lines = ", ".join(str(secret.line) for secret in found[:5])
        raise SecretInText(
            f"{current.path} holds what looks like a secret (line {lines}). Ask the author to remove it, or "
            "waive it with a reason."
        )


def may_judge(user: User, example: Example) -> bool:
    """Whether the present text is neither this user's work nor judged by them already."""
    judged = any(word.reviewer == user.pk for word in standing.words_of(example))
    return not judged and not owning.is_work_of(user, example)


def stands(given: Review) -> bool:
    """Whether this is its reviewer's last word on the text that the example has now."""
    return (
        is_last_word(given, _words_like(given))
        and Example.everything.filter(pk=given.example_id, content_hash=given.content_hash).exists()
    )


def is_last_word(given: Review, words: Sequence[Review]) -> bool:
    """Whether it is the last of these, or counts again as such. They are its reviewer's on that text."""
    return bool(words) and (words[-1].again_id or words[-1].pk) == given.pk


def instead_of(given: Review, words: Sequence[Review]) -> Review:
    """The row that takes a word back: the one before it again; where there is none, nothing is said."""
    before = next((word for word in reversed(words) if word.pk < given.pk), None)
    return Review(
        example_id=given.example_id,
        reviewer_id=given.reviewer_id,
        content_hash=given.content_hash,
        verdict=before.verdict if before else "withdrawn",
        reason=before.reason if before else "",
        generations=before.generations if before else [],
        adjudicates=before.adjudicates if before else False,
        again_id=(before.again_id or before.pk) if before else None,
    )


def take_back(*, given: Review) -> Review:
    """Take one word back, inside the caller's transaction, on an example that the caller has locked."""
    instead = instead_of(given, _words_like(given))
    instead.save()
    standing.refresh([given.example_id])
    return instead


def _words_like(given: Review) -> list[Review]:
    rows = Review.objects.filter(example=given.example_id, reviewer=given.reviewer_id)
    return list(rows.filter(content_hash=given.content_hash).order_by("pk"))


def status_of(example: Example) -> str:
    """Where this example stands now, whatever the row in hand says."""
    return Example.everything.values_list("status", flat=True).get(pk=example.pk)


@dataclass(frozen=True)
class Shown:
    """What one person may know of what was said about an example.

    Attributes:
        reviews: Newest first, of every text. While verdicts are blind, the viewer's own of the present one.
        comments: Oldest first, by the same rule.
        blind: Whether somebody else's words may be hidden.
        verdicts: How many stand on the present text, hidden ones too.
        needed: How many it takes.
    """

    reviews: list[Review]
    comments: list[Comment]
    blind: bool
    verdicts: int
    needed: int


def shown_reviews(example: Example, viewer: User) -> Shown:
    """The one rule of who sees which verdict, reason and comment; every page and the API ask here."""
    columns = Example.everything.only("content_hash", "verdict_count", "reviews_needed")
    now = columns.get(pk=example.pk)
    reviews = example.reviews.select_related("reviewer").order_by("-pk")
    comments = example.comments.select_related("author").order_by("pk")
    if now.is_blind:
        reviews = reviews.filter(~Q(content_hash=now.content_hash) | Q(reviewer=viewer))
        comments = comments.filter(~Q(content_hash=now.content_hash) | Q(author=viewer))
    return Shown(list(reviews), list(comments), now.is_blind, now.verdict_count, now.reviews_needed)


def without_blind(entries: QuerySet[AuditEntry], viewer: User) -> QuerySet[AuditEntry]:
    """The entries of the audit log but those about words that are hidden from this viewer. They come back."""
    hidden = Example.everything.filter(
        pk=OuterRef("subject_id"),
        content_hash=KeyTextTransform("content_hash", OuterRef("detail")),
        reviews_needed__gt=1,
        verdict_count__lt=F("reviews_needed"),
    )
    said = Q(action__in=["comment.add", *(f"review.{verdict}" for verdict in VERDICTS)])
    # One entry may hold many verdicts (services/bulk_judging.py): it waits for all that its reviewer gave.
    of_reviewer = OpenVerdict.objects.filter(
        reviewer=OuterRef("actor"),
        example__reviews_needed__gt=1,
        example__verdict_count__lt=F("example__reviews_needed"),
    )
    blind = said & Exists(hidden) | Q(detail__has_key="reviews") & Exists(of_reviewer)
    return entries.exclude(blind & ~Q(actor=viewer))


def judged_before(example: Example, viewer: User) -> Review | None:
    """The last verdict on an earlier text of this example: the viewer's own, or anybody's."""
    present = Example.everything.values_list("content_hash", flat=True).get(pk=example.pk)
    earlier = example.reviews.exclude(content_hash=present).exclude(verdict="withdrawn")
    newest = earlier.select_related("reviewer").order_by("-pk")
    return newest.filter(reviewer=viewer).first() or newest.first()


@dataclass(frozen=True)
class SentBack:
    """An example whose author is asked to change it. `reviews` say why, the one that decided first."""

    example: Example
    reviews: list[Review]


def sent_back(user: User) -> ExampleQuerySet:
    """Examples with changes requested by this author; also where a reviewer mended the author's text."""
    # Two questions to indexes and not one over rows that are joined: it is asked for every dashboard.
    back = Example.everything.with_status_in("changes_requested").order_by()
    mine, mended = back.filter(written_by=user), back.filter(endorsed=True, head__parent__author=user)
    return back.filter(pk__in=mine.values("pk").union(mended.values("pk"))).order_by("pk")


def sent_back_to(user: User, *, most: int = 20) -> list[SentBack]:
    """What waits for this author, with the reasons. Takes three questions to the database."""
    examples = list(sent_back(user).select_related("head__author")[:most])
    return [SentBack(example, reasons) for example, reasons in zip(examples, _reasons(examples), strict=True)]


def asked_of(example: Example) -> list[Review]:
    """Why changes of the present text are requested; nothing when they are not."""
    return _reasons([example])[0] if status_of(example) == "changes_requested" else []


def _reasons(examples: Sequence[Example]) -> list[list[Review]]:
    rows = Review.objects.filter(example__in=examples).select_related("reviewer").order_by("pk")
    last: dict[tuple[int, int], Review] = {}
    text_of = {example.pk: example.content_hash for example in examples}
    for row in rows:
        if row.content_hash == text_of[row.example_id]:
            last[row.example_id, row.reviewer_id] = row
    asked = [row for row in last.values() if row.verdict == "request_changes"]
    asked.sort(key=lambda row: (not row.adjudicates, row.pk))
    return [[row for row in asked if row.example_id == example.pk] for example in examples]
