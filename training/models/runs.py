"""A run is one attempt to turn a snapshot into a scored model; the row, not the message, is the truth."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.models import Snapshot
from curation.models.immutable import ImmutableModel

STATES = [
    ("queued", "waiting for a worker"),
    ("running", "running"),
    ("succeeded", "finished"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
    ("lost", "worker lost"),
]


class Run(models.Model):
    """State changes only through training.services: each is one UPDATE … WHERE state = …, plus an event."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="runs")
    recipe_name = models.CharField(max_length=40)
    recipe = models.JSONField(help_text="frozen with the run: every value of every stage")
    seed = models.PositiveIntegerField(default=13)
    code_version = models.CharField(max_length=80, blank=True)
    idempotency_key = models.CharField(max_length=80, unique=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=STATES, default="queued", db_index=True)
    attempt = models.PositiveIntegerField(default=0, help_text="how often it was claimed")
    owner = models.CharField(max_length=120, blank=True, help_text="host:pid of the supervisor that holds it")
    fence = models.PositiveIntegerField(
        default=0, help_text="grows with each claim; a write with an old fence is refused"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="a requeued run waits until then")
    published_at = models.DateTimeField(null=True, blank=True)
    place = models.BigIntegerField(
        null=True, blank=True, help_text="its turn among the runs that wait; null: that of its number"
    )
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    keep_requested_at = models.DateTimeField(
        null=True, blank=True, help_text="somebody wants the stage to end now and its adapter to be used"
    )
    goes_on_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="gone_on_as"
    )
    group = models.CharField(
        max_length=80, blank=True, db_index=True, help_text="shared by runs that differ in the seed alone"
    )
    failure_code = models.CharField(max_length=30, blank=True)
    failure_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk}"


class Stage(models.Model):
    """One step of a run, with a folder of its own. Finished with the same inputs, it is not run again."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=STATES, default="queued")
    input_digest = models.CharField(max_length=64, blank=True)
    result = models.JSONField(default=dict)
    failure_code = models.CharField(max_length=30, blank=True)
    failure_message = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run_id", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="stage_once_per_run")]

    def __str__(self) -> str:
        return f"{self.run} {self.name}"


class RunEvent(ImmutableModel):
    """Who changed what, and when (UTC). Append-only."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=150)
    what = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.run}: {self.what}"


class WorkerSeen(models.Model):
    """When each worker last said it was alive; /readyz and `up` read it."""

    queue = models.CharField(max_length=10, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.queue} worker"


class GpuSlot(models.Model):
    """One GPU of one machine, or all of them. The run it names holds it for as long as that is running.

    Until `guest_until` has passed no run is claimed for it: a guest has it, or waits for that run to end.
    """

    name = models.CharField(max_length=120, unique=True, help_text="host and GPU numbers")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="slots")
    guest = models.CharField(
        max_length=200, blank=True, help_text="what has it that is no run, and its process: an evaluation"
    )
    guest_until = models.DateTimeField(null=True, blank=True, help_text="the guest's lease")

    def __str__(self) -> str:
        return self.name


class Artifact(ImmutableModel):
    """A file or folder in the content-addressed store. Never overwritten."""

    KINDS = [
        ("adapter_pretrain", "adapter after stage 1"),
        ("adapter", "adapter after stage 2"),
        ("merged", "merged model"),
        ("gguf_f16", "GGUF F16"),
        ("gguf_q8_0", "GGUF Q8_0"),
        ("gguf_q4_k_m", "GGUF Q4_K_M"),
        ("gguf_q4_0", "GGUF Q4_0"),
        ("gguf_q2_k", "GGUF Q2_K"),
        ("modelfile", "Ollama Modelfile"),
        ("model_card", "model card"),
    ]

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="artifacts")
    kind = models.CharField(max_length=20, choices=KINDS)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    file_name = models.CharField(max_length=200, help_text="the name a download gets")
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "sha256"], name="artifact_once_per_run")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} of {self.run}"

    @property
    def is_folder(self) -> bool:
        """Folders (models in safetensors) are kept as such and have no single file to download."""
        return self.kind in ("adapter_pretrain", "adapter", "merged")
