"""Who said which generations an example is of: rows that are only ever added."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from curation.models.examples import Example
from curation.models.immutable import ImmutableModel, ImmutableQuerySet


class LabelMarkQuerySet(ImmutableQuerySet):
    def standing(self) -> LabelMarkQuerySet:
        """Neither taken back nor the taking back of another, in the order in which they were given."""
        return self.filter(takes_back=None, taken_back_by=None).order_by("pk")


class LabelMark(ImmutableModel):
    """One label of one part of an example: given, confirmed, accepted from the suggestion, or imported.

    curation.domain.labelling.source_of says what they mean together.
    """

    SOURCES = [
        ("import", "came with an import"),
        ("suggestion", "suggestion accepted"),
        ("person", "labelled by a person"),
    ]
    PARTS = [("", "all of it"), ("before", "Before"), ("after", "After")]

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="label_marks")
    content_hash = models.CharField(max_length=64, help_text="the text that had this label then")
    part = models.CharField(max_length=6, choices=PARTS, blank=True, help_text="a side of a migration")
    generations = models.JSONField(help_text="the label, in the order of GENERATIONS")
    source = models.CharField(max_length=10, choices=SOURCES)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    takes_back = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="taken_back_by", help_text="an earlier mark"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LabelMarkQuerySet.as_manager()  # type: ignore[misc]  # the base class has another one

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["example", "id"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=["import", "suggestion", "person"]), name="a_label_has_a_source"
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} ({self.source}): {self.example.path} {self.part} {' '.join(self.generations)}"
