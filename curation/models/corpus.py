"""Raw programs for stage 1, and general code for stage 2: where each text comes from, and on what terms."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models.immutable import ImmutableModel


class CorpusFile(ImmutableModel):
    """One version of a raw program; the newest row of a path counts.

    Another text, licence or source is a new row, and so is a word that takes it out or puts it back.

    The same text may come back later as a newer row: that is how a change is taken back.
    """

    path = models.CharField(max_length=200, db_index=True)
    number = models.PositiveIntegerField(default=1, help_text="counts the versions of a path from 1")
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    licence = models.CharField(
        max_length=60,
        blank=True,
        help_text="own, proprietary or an SPDX identifier; empty: of an older studio",
    )
    source = models.CharField(max_length=200, blank=True, help_text="a repository, a department")
    included = models.BooleanField(default=True, help_text="whether dataset versions may take it")
    reason = models.CharField(max_length=300, blank=True, help_text="why it was taken out or put back")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="empty: the studio itself, which brings the shipped programs",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["path", "-pk"]
        constraints = [models.UniqueConstraint(fields=["path", "number"], name="corpus_version_once")]

    def __str__(self) -> str:
        return self.path


class CorpusProgram(models.Model):
    """A path of the corpus. All else is read from its newest CorpusFile, so that lists can filter.

    Written in the same transaction as that row (services/gathering.py, services/stocking.py).
    """

    path = models.CharField(max_length=200, unique=True)
    head = models.OneToOneField(CorpusFile, on_delete=models.PROTECT, related_name="program")
    versions = models.PositiveIntegerField(help_text="the number of the newest one")
    licence = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=200, blank=True)
    included = models.BooleanField()
    lines = models.PositiveIntegerField()
    form = models.CharField(
        max_length=32, db_index=True, help_text="digest of the text without case and layout"
    )

    class Meta:
        ordering = ["path"]
        indexes = [
            models.Index(fields=["licence", "path"], name="corpus_by_licence"),
            # A search for words walks along this one and fetches no row that does not match.
            models.Index(fields=["path", "source", "licence", "included"], name="corpus_by_path"),
            models.Index(fields=["path"], name="corpus_taken_out", condition=models.Q(included=False)),
        ]

    def __str__(self) -> str:
        return self.path


class GeneralExample(ImmutableModel):
    """A question and answer about code that is not BBj: a share of them in training keeps what was known."""

    system = models.TextField(blank=True)
    prompt = models.TextField()
    answer = models.TextField()
    content_hash = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the three texts as JSON"
    )
    form = models.CharField(
        max_length=32, unique=True, help_text="digest of question and answer without case and layout"
    )
    licence = models.CharField(max_length=60)
    source = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["licence", "source"], name="general_by_licence")]

    def __str__(self) -> str:
        return f"general example {self.pk}"

    @property
    def path(self) -> str:
        """Its name in a dataset version: the same on every machine, whatever the numbers of rows are."""
        return f"general/{self.content_hash[:16]}"


class GeneralChoice(ImmutableModel):
    """A word that takes a source's general examples out of dataset versions, or back in; the last counts."""

    source = models.CharField(max_length=200, db_index=True)
    included = models.BooleanField()
    reason = models.CharField(max_length=300)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.source}: {'taken' if self.included else 'taken out'}"
