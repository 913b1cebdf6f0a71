from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models.examples import Example
from curation.models.immutable import ImmutableModel


class SecretWaiver(ImmutableModel):
    """A second person's word that what looks like a secret is none: for one place of one text."""

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="secret_waivers")
    content_hash = models.CharField(max_length=64, help_text="the text that was on the screen")
    rule = models.CharField(max_length=40)
    line = models.PositiveIntegerField()
    reason = models.TextField(max_length=2000)
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["example", "content_hash", "rule", "line"], name="secret_waived_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} in line {self.line} of {self.example}"
