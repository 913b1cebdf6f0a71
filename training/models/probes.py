"""How long a training takes and what memory it needs, measured with a few steps of it before it is queued."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models import Snapshot


class Probe(models.Model):
    """One for all that decides the time: version, base and the values of both stages (`key`).

    State changes only through training.services.probing: each is one UPDATE … WHERE state = ….
    """

    STATES = [
        ("queued", "waiting for a worker"),
        ("running", "measuring"),
        ("done", "measured"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
    ]

    key = models.CharField(max_length=64, unique=True, help_text="training.services.probing.key_of")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="probes")
    recipe = models.JSONField(help_text="every value of every stage, as a run would get it")
    state = models.CharField(max_length=10, choices=STATES, default="queued", db_index=True)
    stage = models.CharField(max_length=20, blank=True, help_text="what is measured now")
    done = models.PositiveIntegerField(default=0, help_text="steps of this stage, of `total`")
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, help_text="by stage: the result.json of its recipe")
    machine = models.CharField(max_length=120, blank=True, help_text="host and GPU that it was measured on")
    failure_message = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0, help_text="how often it was claimed")
    fence = models.PositiveIntegerField(default=0, help_text="grows with each claim")
    lease_until = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"probe {self.pk}"
