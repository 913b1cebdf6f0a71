"""What people said about an example, and who is to say something."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from curation.models.examples import Example
from curation.models.immutable import ImmutableModel


class Review(ImmutableModel):
    """What one reviewer said about one text. A later row of the same reviewer replaces an earlier one."""

    VERDICTS = [
        ("approve", "approved"),
        ("request_changes", "changes requested"),
        ("reject", "rejected"),
        ("withdrawn", "verdict taken back"),
    ]

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="reviews")
    content_hash = models.CharField(max_length=64, help_text="the text that was on the reviewer's screen")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=20, choices=VERDICTS)
    generations = models.JSONField(
        default=list, blank=True, help_text="the label this reviewer finds right; empty: of an older row"
    )
    adjudicates = models.BooleanField(default=False, help_text="settles what other reviewers disagreed about")
    reason = models.TextField(blank=True, max_length=2000)
    again = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="the earlier word that counts again, since the one after it was taken back",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["example", "content_hash", "reviewer"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["approve", "withdrawn"]) | ~Q(reason=""),
                name="an_objection_has_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.verdict} {self.example.path}"


class Comment(ImmutableModel):
    """A remark on an example that decides nothing."""

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="comments")
    content_hash = models.CharField(max_length=64, help_text="the text that the remark was written about")
    line = models.PositiveIntegerField(null=True, help_text="of that text, from 1; empty: about all of it")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.author} on {self.example.path}: {self.text[:40]}"


class Assignment(models.Model):
    """A maintainer or reviewer asked this reviewer for a verdict. It is gone once it is taken back."""

    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="assignments")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments"
    )
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["example", "reviewer"], name="assigned_once")]

    def __str__(self) -> str:
        return f"{self.example.path} to {self.reviewer}"


class Reservation(models.Model):
    """A reviewer has this example on the screen, so nobody else is shown it in the queue until then."""

    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="reservations")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reservations"
    )
    until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["reviewer"], name="one_reservation_each")]

    def __str__(self) -> str:
        return f"{self.example_id} for {self.reviewer_id} until {self.until:%H:%M}"


class OpenVerdict(models.Model):
    """Who has judged the present text of an example that is not decided yet: one of several, or disputed.

    Read from the reviews (services/standing.py), so that a queue need not ask every review.
    """

    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="open_verdicts")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="open_verdicts"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["reviewer", "example"], name="open_verdict_once")]

    def __str__(self) -> str:
        return f"{self.reviewer_id} on {self.example_id}"
