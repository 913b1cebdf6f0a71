"""What a model scored on held-out tasks. Every number on a page is computed from Attempt rows."""

from __future__ import annotations

from django.db import models

from curation.models import Task, TaskSet
from curation.models.immutable import ImmutableModel
from training.models.runs import Artifact, Run

OUTCOMES = [
    ("compiled", "accepted"),
    ("compile_error", "refused"),
    ("compile_timeout", "checker timed out"),
    ("no_code", "no code in the answer"),
    ("truncated", "cut at the token limit"),
    ("infrastructure", "not judged"),
]

CONFORMANCE = [
    ("conforms", "as asked"),
    ("differs", "another generation"),
    ("cannot tell", "cannot tell"),
    ("no code", "no code to judge"),
]


class Evaluation(models.Model):
    """One artifact on one task set with one configuration. Compared only when config_hash is equal."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="evaluations")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="evaluations")
    task_set = models.ForeignKey(TaskSet, on_delete=models.PROTECT, related_name="evaluations")
    config = models.JSONField(
        help_text="decoding, token limit, template, runtime build, checker, flags, time limits"
    )
    config_hash = models.CharField(max_length=64, db_index=True)
    checker = models.CharField(max_length=20, choices=[("bbjcpl", "bbjcpl"), ("offline", "offline check")])
    checker_build = models.CharField(max_length=120)
    controls = models.JSONField(
        default=dict, help_text="known good, known bad, gold answers: what the checker said"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"evaluation {self.pk}"


class Attempt(ImmutableModel):
    """One answer of the model to one task, with everything needed to judge it again."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="attempts")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="attempts")
    sample = models.PositiveSmallIntegerField(help_text="0, 1, … within the task")
    seed = models.PositiveBigIntegerField()
    prompt = models.JSONField(help_text="the messages that were sent")
    raw_output = models.TextField(blank=True)
    code = models.TextField(blank=True)
    extraction = models.CharField(max_length=30, blank=True, help_text="which rule found the code")
    finish_reason = models.CharField(max_length=20, blank=True)
    outcome = models.CharField(max_length=20, choices=OUTCOMES, db_index=True)
    checker_output = models.TextField(
        blank=True, help_text="raw text of the compiler, or the offline findings"
    )
    duration_s = models.FloatField(default=0)
    asked = models.JSONField(default=list, help_text="the generations that the task asked for")
    produced = models.JSONField(default=list, help_text="the generations that the traces in the code suggest")
    conformance = models.CharField(
        max_length=12, choices=CONFORMANCE, blank=True, help_text="empty: scored before this was recorded"
    )

    class Meta:
        ordering = ["evaluation_id", "task__path", "sample"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "task", "sample"], name="attempt_once_per_sample")
        ]

    def __str__(self) -> str:
        return f"{self.task.path} #{self.sample}"
