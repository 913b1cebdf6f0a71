"""A snapshot (on pages: dataset version) is a frozen list of texts; its digest is its identity."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models.corpus import CorpusFile, GeneralExample
from curation.models.examples import Revision
from curation.models.immutable import ImmutableModel
from curation.models.imports import ChatRecord


class Snapshot(ImmutableModel):
    """Immutable. `manifest` is the canonical JSON whose SHA-256 is `digest` (curation.domain.snapshot)."""

    name = models.CharField(max_length=80, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    manifest = models.TextField()
    report = models.JSONField(
        default=dict, help_text="gate results and counts at freezing time; not part of the digest"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class SnapshotEntry(ImmutableModel):
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="entries")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=200)
    content_hash = models.CharField(max_length=64)
    cluster = models.CharField(max_length=64, help_text="id shared by all near-duplicates")
    split = models.CharField(max_length=12, choices=[("train", "train"), ("validation", "validation")])

    class Meta:
        ordering = ["snapshot_id", "path"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "path"], name="path_once_per_snapshot")]

    def __str__(self) -> str:
        return f"{self.snapshot}: {self.path}"


class SnapshotCorpusFile(ImmutableModel):
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="corpus_files")
    corpus_file = models.ForeignKey(CorpusFile, on_delete=models.PROTECT, related_name="+")
    split = models.CharField(max_length=12, choices=[("train", "train"), ("validation", "validation")])

    class Meta:
        ordering = ["snapshot_id", "corpus_file__path"]

    def __str__(self) -> str:
        return f"{self.snapshot}: {self.corpus_file}"


class SnapshotConversation(ImmutableModel):
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="conversations")
    record = models.ForeignKey(ChatRecord, on_delete=models.PROTECT, related_name="+")
    split = models.CharField(max_length=12, choices=[("train", "train"), ("validation", "validation")])

    class Meta:
        ordering = ["snapshot_id", "record__content_hash"]

    def __str__(self) -> str:
        return f"{self.snapshot}: {self.record}"


class SnapshotGeneral(ImmutableModel):
    """A general example in a dataset version; they are only ever trained on."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="general")
    example = models.ForeignKey(GeneralExample, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["snapshot_id", "example__content_hash"]

    def __str__(self) -> str:
        return f"{self.snapshot}: {self.example}"
