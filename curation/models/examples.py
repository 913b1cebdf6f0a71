"""An example is a path with a history of immutable revisions; everything else about it is derived."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from curation.models.immutable import ImmutableModel


class ExampleQuerySet(models.QuerySet):
    def with_status(self) -> ExampleQuerySet:
        """Annotate what reviewers last said about the present text, and whether a duplicate is kept instead.

        The SQL twin of curation.domain.review.status; a test compares the two.
        """
        return self.annotate(
            has_approval=Exists(_last_words("approve")),
            has_rejection=Exists(_last_words("reject")),
            has_request=Exists(_last_words("request_changes")),
            is_set_aside=_set_aside(),
        )

    def with_status_in(self, status: str) -> ExampleQuerySet:
        """Only those of one status (curation.domain.review.Status)."""
        rows = self.with_status()
        heeded = rows.filter(has_rejection=False, is_set_aside=False)
        return {
            "rejected": rows.filter(has_rejection=True),
            "set_aside": rows.filter(has_rejection=False, is_set_aside=True),
            "changes_requested": heeded.filter(has_request=True),
            "approved": heeded.filter(has_approval=True, has_request=False),
            "needs_review": heeded.filter(has_approval=False, has_request=False),
        }[status]

    def without_discarded(self) -> ExampleQuerySet:
        """Neither rejected nor set aside: what may still become training data."""
        return self.filter(~Exists(_last_words("reject")), ~_set_aside())

    def approved(self) -> ExampleQuerySet:
        return self.with_status_in("approved")


def _last_words(verdict: str) -> models.QuerySet[Review]:
    """What each reviewer last said about the present text of the outer example, where it was this."""
    newer = Review.objects.filter(
        example=OuterRef("example"),
        content_hash=OuterRef("content_hash"),
        reviewer=OuterRef("reviewer"),
        pk__gt=OuterRef("pk"),
    )
    return Review.objects.filter(
        ~Exists(newer), example=OuterRef("pk"), content_hash=OuterRef("content_hash"), verdict=verdict
    )


def _set_aside() -> Q:
    """A person kept a duplicate instead, which itself is neither rejected nor given up for another one.

    So an example comes back when the one it was set aside for is lost, and a circle of decisions, which edits
    that are taken back can close, loses nobody.
    """
    from curation.models.duplicates import PairJudgement  # which refers to Example

    standing = PairJudgement.objects.standing()
    lost = Q(pk__in=standing.filter(verdict="keep_first").values("second")) | Q(
        pk__in=standing.filter(verdict="keep_second").values("first")
    )
    no_good = Example.objects.filter(lost | Exists(_last_words("reject"))).values("pk")
    kept_first = standing.filter(verdict="keep_first").exclude(first__in=no_good)
    kept_second = standing.filter(verdict="keep_second").exclude(second__in=no_good)
    return Q(pk__in=kept_first.values("second")) | Q(pk__in=kept_second.values("first"))


class Example(models.Model):
    """One file of training-data/. The path is its identity; its text is the head revision's."""

    path = models.CharField(
        max_length=200, unique=True, help_text="inside training-data/: gui/hello-window.md"
    )
    head = models.OneToOneField("Revision", on_delete=models.PROTECT, null=True, related_name="+")
    # Read from the head revision when it is written (services/authoring.py), so that lists can filter.
    content_hash = models.CharField(max_length=64, db_index=True)
    title = models.CharField(max_length=300)
    type = models.CharField(max_length=20, db_index=True)
    topic = models.CharField(max_length=40, db_index=True)
    difficulty = models.CharField(max_length=20, blank=True)
    generations = models.JSONField(default=list, help_text='["all"] or a list such as ["bbj-gui", "dwc"]')
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ExampleQuerySet.as_manager()

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.path


class Revision(ImmutableModel):
    """The full source text of an example at one moment."""

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(help_text="1, 2, 3… within the example")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    text = models.TextField()
    content_hash = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the UTF-8 text")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="revisions")
    note = models.CharField(max_length=300, blank=True)
    origin = models.CharField(
        max_length=100, blank=True, db_index=True, help_text='what it was drafted from: "attempt:17"'
    )
    checker = models.CharField(
        max_length=60, blank=True, help_text='"offline check 1" or the compiler with its build'
    )
    findings = models.JSONField(
        default=list, help_text="what that checker said: line, code, message, certain"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["example_id", "number"]
        constraints = [models.UniqueConstraint(fields=["example", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.example.path} r{self.number}"


class Review(ImmutableModel):
    """What one reviewer said about one text. A later row of the same reviewer replaces an earlier one."""

    VERDICTS = [("approve", "approved"), ("request_changes", "changes requested"), ("reject", "rejected")]

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="reviews")
    content_hash = models.CharField(max_length=64, help_text="the text that was on the reviewer's screen")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=20, choices=VERDICTS)
    reason = models.TextField(blank=True, max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["example", "content_hash", "reviewer"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="approve") | ~Q(reason=""), name="an_objection_has_a_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.verdict} {self.example.path}"


class Draft(models.Model):
    """Text that is not (yet) a revision: kept even while it has problems, so that nobody loses typing."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, null=True, blank=True, related_name="drafts"
    )
    path = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    base_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text="the example's text that this draft started from; empty for a new example",
    )
    origin = models.CharField(
        max_length=100,
        blank=True,
        db_index=True,
        help_text='where it came from: "attempt:17", "example:gui/x.md"',
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return f"draft {self.pk} of {self.path or 'a new example'}"
