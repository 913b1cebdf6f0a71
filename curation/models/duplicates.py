"""What the studio knows about near-duplicates: facts on texts, and what people decided about pairs.

Clusters are no rows: they are derived (curation.services.resolving), so that they cannot go stale.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from curation.models.examples import Example
from curation.models.immutable import ImmutableModel, ImmutableQuerySet


class ComparedText(models.Model):
    """A text of an example, prepared for comparing. It follows from the text alone, so it is never stale.

    Texts that two examples share have one row. The digests are those of curation.domain.likeness.Fingerprint.
    """

    content_hash = models.CharField(max_length=64, unique=True)
    rules = models.CharField(
        max_length=32, help_text="by which rules it was prepared; others prepare it anew"
    )
    form = models.CharField(
        max_length=32, blank=True, db_index=True, help_text="digest of the normalised words"
    )
    codes = models.JSONField(default=list, help_text="digest of each normalised code that may be compared")
    words = models.CharField(max_length=32, blank=True)
    plain = models.CharField(max_length=32, blank=True)
    prompt = models.CharField(max_length=32, blank=True, db_index=True)
    answer = models.CharField(max_length=32, blank=True)
    code = models.CharField(max_length=32, blank=True)
    renamed = models.CharField(max_length=32, blank=True)
    template = models.CharField(max_length=32, blank=True, db_index=True)

    def __str__(self) -> str:
        return self.content_hash[:12]


class ComparedCode(models.Model):
    """One of a text's `codes`, for finding the texts that have it."""

    text = models.ForeignKey(ComparedText, on_delete=models.CASCADE, related_name="code_rows")
    digest = models.CharField(max_length=32, db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]


class NormalForm(models.Model):
    """A normalised text or code that is compared by likeness. Many texts may have the same one."""

    RULES = [("text", "words"), ("code", "code tokens")]

    digest = models.CharField(max_length=32)
    rule = models.CharField(max_length=4, choices=RULES)
    text = models.TextField()
    compared = models.BooleanField(default=False, help_text="its pairs with all older forms are stored")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "digest"], name="normal_form_once")]
        indexes = [models.Index(fields=["compared", "rule"])]

    def __str__(self) -> str:
        return f"{self.rule} {self.digest[:12]}"


class NearForms(models.Model):
    """Two normal forms that are alike to the lowest threshold on offer or more: a fact about two texts."""

    low = models.ForeignKey(NormalForm, on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey(NormalForm, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField(db_index=True, help_text="rapidfuzz's normalised Indel similarity, 0..1")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="near_forms_once"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="near_forms_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.low_id} ~ {self.high_id}: {self.score:.3f}"


class PairJudgementQuerySet(ImmutableQuerySet):
    def standing(self) -> PairJudgementQuerySet:
        """The last word about each pair of examples that still have the texts it is about."""
        newer = PairJudgement.objects.filter(
            first=OuterRef("first"),
            second=OuterRef("second"),
            first_hash=OuterRef("first_hash"),
            second_hash=OuterRef("second_hash"),
            pk__gt=OuterRef("pk"),
        )
        return self.filter(
            ~Exists(newer), first_hash=F("first__content_hash"), second_hash=F("second__content_hash")
        ).exclude(verdict="withdrawn")


class PairJudgement(ImmutableModel):
    """What a person decided about two examples as their texts were. The newest row about a pair counts.

    It holds as long as both examples have these texts, and again once both have them again.
    """

    VERDICTS = [
        ("distinct", "not a duplicate"),
        ("keep_first", "duplicate; the first one is kept"),
        ("keep_second", "duplicate; the second one is kept"),
        ("withdrawn", "undone"),
    ]

    first = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="+")
    first_hash = models.CharField(max_length=64)
    second_hash = models.CharField(max_length=64)
    verdict = models.CharField(max_length=12, choices=VERDICTS)
    judge = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    action = models.UUIDField(db_index=True, help_text="shared by the rows of one key press; undone together")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PairJudgementQuerySet.as_manager()  # type: ignore[misc]  # the base class has another one

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["first", "second"])]
        constraints = [
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="judged_pair_in_order")
        ]

    def __str__(self) -> str:
        return f"{self.judge}: {self.first} and {self.second}: {self.get_verdict_display()}"


class Comparison(models.Model):
    """The one row that says who is comparing now. What is left to compare follows from the texts."""

    ONLY = 1

    owner = models.CharField(max_length=200, blank=True, help_text="host:pid; empty when nobody compares")
    fence = models.PositiveIntegerField(default=0, help_text="raised by each claim")
    lease_until = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0, help_text="texts of this claim so far")
    total = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, help_text="when nothing was left to compare")
    problem = models.CharField(max_length=300, blank=True, help_text="why the last claim ended early")
    # What curation.services.tallying found when it counted last.
    clusters = models.PositiveIntegerField(default=0, help_text="that wait for a decision")
    tallied = models.CharField(max_length=100, blank=True, help_text="what the count was made from")
    tallied_at = models.DateTimeField(null=True)
    tally_s = models.FloatField(default=0, help_text="seconds that it took")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_comparison")]

    def __str__(self) -> str:
        return f"{self.done} of {self.total} compared"
