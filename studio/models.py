"""What lets a program in, and what it was answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """A program may act as its owner, within `scopes` and within the role that the owner has then.

    The secret is shown once, when it is made; here is only its SHA-256.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="what it is for")
    start = models.CharField(
        max_length=20, unique=True, help_text="how the secret begins; tells tokens apart"
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of the secret")
    scopes = models.JSONField(default=list, help_text="names of studio.roles.SCOPES")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, help_text="to the hour")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"token {self.name} ({self.start}…)"


class Answered(models.Model):
    """A request with an Idempotency-Key, and what it was answered. Without `status` it is being answered."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    claimed_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="answered_once")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"
