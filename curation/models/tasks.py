"""Test tasks as they were frozen. While they are written and reviewed, they are rows of Example."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.domain.tasks import PROGRAM
from curation.models.examples import MARKS, TASK_POOLS
from curation.models.immutable import ImmutableModel


class TaskSet(ImmutableModel):
    """A versioned, hashed set of held-out test tasks (two pools). Written once, like a snapshot."""

    name = models.CharField(max_length=80, unique=True)
    digest = models.CharField(max_length=64, unique=True, help_text="curation.domain.tasks.digest")
    report = models.JSONField(
        default=dict, help_text="gate results at freezing time; empty: shipped with the studio"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Task(ImmutableModel):
    """One held-out task: a text that never enters a snapshot; its answer is the gold answer."""

    POOLS = TASK_POOLS

    task_set = models.ForeignKey(TaskSet, on_delete=models.PROTECT, related_name="tasks")
    path = models.CharField(max_length=200)
    pool = models.CharField(max_length=10, choices=TASK_POOLS)
    mark = models.CharField(max_length=20, choices=MARKS, default=PROGRAM)
    text = models.TextField()
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["task_set_id", "path"]
        constraints = [models.UniqueConstraint(fields=["task_set", "path"], name="task_once_per_set")]

    def __str__(self) -> str:
        return self.path
