"""Judging an example. A verdict holds for the text that was on the screen and for no other."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef

from curation.models import Example, Review, Revision
from curation.models.examples import ExampleQuerySet
from curation.services import standing, waiving

VERDICTS = tuple(value for value, _ in Review.VERDICTS if value != "withdrawn")
# The longest reason that is stored, in characters.
MAX_REASON = 2000


class StaleReview(Exception):
    """The example has another text than the one that was on the reviewer's screen."""


class OwnWork(Exception):
    """The reviewer wrote or edited this example."""


class SecretInText(Exception):
    """The text holds what looks like a secret, and nobody has waived it."""


class ReasonMissing(Exception):
    """An objection without a reason helps nobody."""


@transaction.atomic
def record_review(
    *, example: Example, reviewer: User, verdict: str, content_hash: str, reason: str = ""
) -> Review:
    """Record what `reviewer` says about the text with this hash.

    Raises:
        StaleReview, OwnWork, ReasonMissing, SecretInText: nothing was recorded; the message is for them.
        ValueError: `verdict` is none of VERDICTS.
    """
    if verdict not in VERDICTS:
        raise ValueError(f'verdict "{verdict}" is not one of {", ".join(VERDICTS)}')
    current = standing.lock([example.pk])[example.pk]
    if content_hash != current.content_hash:
        raise StaleReview(f"{current.path} changed after you opened it. Read the new text and judge that.")
    if Revision.objects.filter(example=current, author=reviewer).exists():
        raise OwnWork(f"You wrote or edited {current.path}: somebody else has to review it.")
    reason = reason.strip()[:MAX_REASON]
    if verdict != "approve" and not reason:
        raise ReasonMissing("Say in a sentence what should change, so that the author can act on it.")
    if verdict == "approve" and (found := waiving.blocking(current)):
        lines = ", ".join(str(secret.line) for secret in found[:5])
        raise SecretInText(
            f"{current.path} holds what looks like a secret (line {lines}). Ask the author to remove it, or "
            "waive it with a reason."
        )
    recorded = Review.objects.create(
        example=current,
        reviewer=reviewer,
        verdict=verdict,
        content_hash=content_hash,
        reason=reason,
        generations=current.generations if verdict == "approve" else [],
    )
    standing.refresh([current.pk])
    return recorded


def status_of(example: Example) -> str:
    """Where this example stands now, whatever the row in hand says."""
    return Example.objects.values_list("status", flat=True).get(pk=example.pk)


def waiting_for(user: User) -> ExampleQuerySet:
    """Examples whose present text nobody has judged and that this user did not write, oldest first."""
    own = Revision.objects.filter(example=OuterRef("pk"), author=user)
    return Example.objects.with_status_in("needs_review").filter(~Exists(own)).order_by("pk")


def next_to_review(user: User, after: int | None = None) -> Example | None:
    """The next example that waits for this user, past the one with id `after`, and round to the start."""
    waiting = waiting_for(user).select_related("head")
    if after is not None and (example := waiting.filter(pk__gt=after).first()):
        return example
    return waiting.first()


def previous_to_review(user: User, before: int) -> Example | None:
    """The one that waits before the example with id `before`, and round to the end."""
    waiting = waiting_for(user).select_related("head").order_by("-pk")
    return waiting.filter(pk__lt=before).first() or waiting.first()


@dataclass(frozen=True)
class Place:
    number: int  # 1-based; 0 when the example does not wait for this user
    of: int


def place_in_queue(user: User, example: Example) -> Place:
    """ "3 of 47": where this example stands among those that wait for this user."""
    waiting = waiting_for(user)
    here = waiting.filter(pk=example.pk).exists()
    return Place(waiting.filter(pk__lte=example.pk).count() if here else 0, waiting.count())
