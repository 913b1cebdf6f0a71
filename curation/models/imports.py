"""An import is a job with items: what was read, what is wrong with it, and what people decided about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef

from curation.models.immutable import ImmutableModel

STATES = [
    ("queued", "waiting for a worker"),
    ("checking", "checking"),
    ("ready", "checked"),
    ("confirmed", "waiting to import"),
    ("importing", "importing"),
    ("done", "imported"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
]
KINDS = [
    ("markdown", "Markdown file"),
    ("folder", "folder"),
    ("archive", "archive"),
    ("chatml", "ChatML file"),
]
ERROR, WARNING, DEFECT = "error", "warning", "defect"
OPEN, MEND, KEEP, EDIT, LEAVE_OUT, TAKE = "", "mend", "keep", "edit", "leave_out", "take"


class ImportJob(models.Model):
    """State changes only through curation.services.queueing: each is one UPDATE … WHERE state = …."""

    idempotency_key = models.CharField(max_length=80, unique=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=KINDS)
    source_name = models.CharField(max_length=200, help_text="the file's own name, as it was given")
    source_path = models.TextField(
        help_text="where this server reads it; an upload is gone once it is checked"
    )
    topic = models.CharField(max_length=40, blank=True, help_text="of a single Markdown file")
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the file; empty for a folder")
    size_bytes = models.PositiveBigIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True, help_text="stands on each revision")
    state = models.CharField(max_length=10, choices=STATES, default="queued", db_index=True)
    done = models.PositiveBigIntegerField(default=0, help_text="of `total`, in bytes, files or items")
    total = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0, help_text="how often this step was claimed")
    owner = models.CharField(max_length=120, blank=True, help_text="host:pid of the process that holds it")
    fence = models.PositiveIntegerField(
        default=0, help_text="grows with each claim; a write with an old fence is refused"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    failure_message = models.TextField(blank=True)
    skipped = models.JSONField(
        default=list, help_text="names in an archive that are no example, such as .DS_Store"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"import {self.pk} of {self.source_name}"


class ImportItemQuerySet(models.QuerySet):
    def waiting(self) -> ImportItemQuerySet:
        """Those with a defect that nobody has decided about."""
        return self.filter(Exists(open_defects().filter(item=OuterRef("pk"))))

    def good(self) -> ImportItemQuerySet:
        """Those that an import would write now."""
        return self.filter(change__in=["new", "changed"], outcome="").exclude(
            Exists(open_defects().filter(item=OuterRef("pk")))
        )


class ImportItem(models.Model):
    """One file, or one line of a ChatML file. Everything below `source` follows from it and the decisions."""

    CHANGES = [
        ("new", "new"),
        ("changed", "changed"),
        ("unchanged", "unchanged"),
        ("older", "older than the studio's text"),
        ("conflict", "changed on both sides"),
        ("refused", "refused"),
        ("left_out", "left out"),
    ]
    KINDS = [("example", "example"), ("record", "conversation"), ("", "nothing")]

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(help_text="line of the file, or number of the file in its folder")
    name = models.CharField(max_length=300, help_text="the file's name, as it stands in the source")
    source = models.TextField(blank=True, help_text="the line as it was read; empty for a Markdown file")
    kind = models.CharField(max_length=10, choices=KINDS, blank=True)
    path = models.CharField(max_length=200, blank=True, help_text="of the example")
    text = models.TextField(blank=True, help_text="of the example")
    content_hash = models.CharField(max_length=64, blank=True)
    base_hash = models.CharField(
        max_length=64, blank=True, help_text="of the text that the example had when checked"
    )
    exported_hash = models.CharField(
        max_length=64, blank=True, help_text="of the file when it was exported, where .studio.json says so"
    )
    file_text = models.TextField(
        blank=True, help_text="of a conflict: the file's text, while `text` is what was decided"
    )
    meta = models.JSONField(default=dict, help_text="title, type, topic, … and what the offline check said")
    why = models.TextField(blank=True, help_text="why a conversation does not become an example")
    change = models.CharField(max_length=10, choices=CHANGES)
    outcome = models.CharField(max_length=10, blank=True, help_text="created, changed, unchanged, or stale")

    objects = ImportItemQuerySet.as_manager()

    class Meta:
        ordering = ["job_id", "position"]
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="import_position_once")]
        indexes = [models.Index(fields=["job", "change"])]

    def __str__(self) -> str:
        return f"{self.name} line {self.position}" if self.source else self.name


class ImportProblem(models.Model):
    """One thing to know about an item. A defect waits for a decision; `action` is empty until then."""

    SEVERITIES = [(ERROR, "error"), (WARNING, "warning"), (DEFECT, "defect")]
    ACTIONS = [
        (OPEN, "open"),
        (MEND, "mended"),
        (KEEP, "kept as it is"),
        (EDIT, "edited"),
        (LEAVE_OUT, "left out"),
        (TAKE, "the file taken"),
    ]

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="problems")
    item = models.ForeignKey(ImportItem, on_delete=models.CASCADE, related_name="problems")
    code = models.CharField(max_length=40)
    severity = models.CharField(max_length=10, choices=SEVERITIES)
    line = models.PositiveIntegerField()
    message = models.TextField()
    suggestion = models.TextField(blank=True)
    group = models.PositiveIntegerField(default=0, help_text="first line with the same prompt; 0: none")
    conflicting = models.BooleanField(default=False, help_text="the group's answers differ")
    action = models.CharField(max_length=10, choices=ACTIONS, blank=True, default=OPEN)
    places = models.JSONField(null=True, blank=True, help_text="which literal \\n became line breaks")
    text = models.TextField(blank=True, help_text="the answer as somebody edited it")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["job_id", "code", "pk"]
        indexes = [
            models.Index(fields=["job", "code", "action"]),
            models.Index(fields=["job", "group"]),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.code}"


def open_defects() -> models.QuerySet[ImportProblem]:
    return ImportProblem.objects.filter(severity=DEFECT, action=OPEN)


class ChatRecord(ImmutableModel):
    """A conversation that fits no type of example. A dataset version may still take it as it is."""

    system = models.TextField(blank=True)
    prompt = models.TextField()
    answer = models.TextField()
    content_hash = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the three texts as JSON"
    )
    why = models.TextField(help_text="why it is no example")
    origin = models.CharField(max_length=100, help_text='where it came from: "import:17:123"')
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"conversation {self.pk}"

    @property
    def path(self) -> str:
        """Its name in a dataset version: the same on every machine, whatever the numbers of rows are."""
        return f"conversations/{self.content_hash[:16]}"


class ChatRecordChoice(ImmutableModel):
    """Somebody other than its importer takes a conversation into dataset versions, or takes it out again."""

    record = models.ForeignKey(ChatRecord, on_delete=models.PROTECT, related_name="choices")
    chosen = models.BooleanField()
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["record", "-id"], name="newest_choice_of_record")]

    def __str__(self) -> str:
        return f"{self.record}: {'chosen' if self.chosen else 'not chosen'}"
