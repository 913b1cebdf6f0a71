"""What changed between two dataset versions, kept once it was found: two versions never change.

Derived from manifests and texts: any of these rows may be deleted, services/contrasting.py makes them again.
"""

from __future__ import annotations

from django.db import models

from curation.models.snapshots import Snapshot


class SnapshotDiff(models.Model):
    older = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="+")
    newer = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="+")
    rules = models.PositiveSmallIntegerField(help_text="curation.domain.snapshot_diff.RULES that named them")
    counts = models.JSONField(help_text="kind of text -> word -> how many")
    settings = models.JSONField(help_text="what else differs: [name, before, after]")

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["older", "newer", "rules"], name="diff_once")]

    def __str__(self) -> str:
        return f"{self.older} to {self.newer}"


class SnapshotChange(models.Model):
    """What became of one text. The fields of a side that it does not stand on are empty."""

    diff = models.ForeignKey(SnapshotDiff, on_delete=models.CASCADE, related_name="changes", db_index=False)
    position = models.PositiveIntegerField(help_text="1, 2, 3… by kind, then by path")
    kind = models.CharField(max_length=40, help_text='a list of the manifest: "examples", "corpus"')
    words = models.CharField(max_length=80, help_text='what happened to it: "edited moved"')
    path = models.CharField(max_length=300)
    path_before = models.CharField(max_length=300, blank=True, help_text="of a renamed one")
    hash_before = models.CharField(max_length=64, blank=True)
    hash_after = models.CharField(max_length=64, blank=True)
    split_before = models.CharField(max_length=12, blank=True)
    split_after = models.CharField(max_length=12, blank=True)
    label_before = models.CharField(max_length=120, blank=True, help_text="of a relabelled one")
    label_after = models.CharField(max_length=120, blank=True)
    terms_before = models.CharField(
        max_length=300, blank=True, help_text="licence and source of a relicensed one"
    )
    terms_after = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["diff_id", "position"]
        constraints = [models.UniqueConstraint(fields=["diff", "position"], name="change_once")]
        # All that a list filters by, in its order: rows that do not match are not read.
        indexes = [models.Index(fields=["diff", "position", "kind", "words"], name="change_pages")]

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"
