"""Who did what, and when: rows that are only ever added."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from curation.models.immutable import ImmutableModel


class AuditEntry(ImmutableModel):
    """One action of one person, written in the transaction that did it, so that neither is there alone.

    The subject is kept as words and a number, not as a key: what happened stays readable without it.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="empty: a command or a worker of the studio itself",
    )
    through = models.CharField(max_length=10, default="page", help_text="page, api, command or worker")
    action = models.CharField(max_length=60, db_index=True, help_text='noun and verb: "review.approve"')
    subject_kind = models.CharField(max_length=40, blank=True, help_text='"example", "run"')
    subject_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=300, blank=True, help_text="what it was called then: gui/hello.md")
    detail = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="what it takes to understand it, and to undo it"
    )
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by", help_text="an earlier entry"
    )

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"]),
            models.Index(fields=["subject_kind", "id"], name="audit_kind"),
            models.Index(fields=["actor", "id"]),
            # Only those that take something back: the index of all holds NULL nearly everywhere, and SQLite,
            # once it has statistics, would rather read the whole table than use it.
            models.Index(fields=["undoes"], name="audit_undone", condition=models.Q(undoes__isnull=False)),
            models.Index(
                fields=["subject", "id"],
                name="audit_subject_begins",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["actor", "action"]),
        ]

    def __str__(self) -> str:
        who = self.actor or self.through
        return f"{self.at:%Y-%m-%d %H:%M:%S} {who}: {self.action} {self.subject}".rstrip()
