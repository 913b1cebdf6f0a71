"""A dataset version that a worker freezes, or only looks at before anybody freezes it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models.snapshots import Snapshot


class FreezeJob(models.Model):
    """State changes only through curation.services.freezing: each is one UPDATE … WHERE state = …."""

    STATES = [
        ("queued", "waiting for a worker"),
        ("running", "at work"),
        ("checked", "checked"),
        ("done", "frozen"),
        ("failed", "failed"),
        ("cancelled", "stopped"),
    ]

    idempotency_key = models.CharField(max_length=80, unique=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who asked last: the version's author",
    )
    looks_only = models.BooleanField(help_text="ends with what freezing would give, and freezes nothing")
    name = models.CharField(max_length=80, blank=True, help_text="of the version")
    selection = models.JSONField(default=dict, help_text="curation.services.selecting.Selection.narrowed")
    seed = models.PositiveIntegerField()
    validation_per_mille = models.PositiveIntegerField()
    general_per_mille = models.PositiveIntegerField(default=0)
    waivers = models.JSONField(default=dict, help_text="reasons, by the code of a warning")
    seen = models.CharField(max_length=64, blank=True, help_text="digest of the plan that was looked at")
    state = models.CharField(max_length=10, choices=STATES, default="queued", db_index=True)
    stage = models.CharField(max_length=80, blank=True, help_text="what the worker does now, in words")
    done = models.PositiveIntegerField(default=0, help_text="of `total`; 0 of 0 where nobody knows")
    total = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="of the last plan")
    report = models.JSONField(default=dict, help_text="of the last plan: SnapshotPlan.report")
    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="what it made"
    )
    is_new = models.BooleanField(default=False, help_text="no older version held the same content")
    failure_code = models.CharField(max_length=20, blank=True)
    failure_message = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0, help_text="how often it was claimed since it was asked")
    fence = models.PositiveIntegerField(default=0, help_text="grows with each claim")
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name or f"freezing {self.pk}"
