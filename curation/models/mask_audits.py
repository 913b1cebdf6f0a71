"""What a training run would learn of a dataset version, counted once for a tokenizer and a length."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models.snapshots import Snapshot


class MaskAudit(models.Model):
    """State changes only through curation.services.inspecting: each is one UPDATE … WHERE state = …."""

    STATES = [
        ("queued", "waiting for a worker"),
        ("running", "counting"),
        ("done", "counted"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
    ]

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="mask_audits")
    tokenizer = models.CharField(max_length=200, help_text="the base model's folder on the shelf")
    tokenizer_digest = models.CharField(max_length=64, help_text="SHA-256 of its tokenizer.json")
    template_version = models.CharField(max_length=20)
    limit = models.PositiveIntegerField(help_text="tokens at which a row is cut")
    state = models.CharField(max_length=10, choices=STATES, default="queued")
    done = models.PositiveIntegerField(default=0, help_text="rows, of `total`")
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, help_text="by side: curation.domain.mask_audit.Tally.summary")
    failure_message = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0, help_text="how often it was claimed")
    fence = models.PositiveIntegerField(default=0, help_text="grows with each claim")
    lease_until = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "tokenizer_digest", "template_version", "limit"], name="mask_audit_once"
            )
        ]

    def __str__(self) -> str:
        return f"loss mask of {self.snapshot} at {self.limit}"
