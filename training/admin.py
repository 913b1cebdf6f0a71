"""Runs and scores in Django's admin: to look at, never to change."""

from __future__ import annotations

from django.contrib import admin

from curation.admin import ReadOnlyAdmin
from training.models import Artifact, Evaluation, Run, RunEvent, WorkerSeen


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "snapshot",
        "recipe_name",
        "state",
        "attempt",
        "owner",
        "requested_by",
        "created_at",
    ]
    list_filter = ["state", "recipe_name"]
    list_select_related = ["snapshot", "requested_by"]


@admin.register(RunEvent)
class RunEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "run", "who", "what"]
    list_select_related = ["run"]


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    list_display = ["id", "run", "kind", "file_name", "size_bytes", "sha256"]
    list_filter = ["kind"]
    list_select_related = ["run"]


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ["id", "run", "artifact", "task_set", "checker", "checker_build", "finished_at"]
    list_select_related = ["run", "artifact__run", "task_set"]


@admin.register(WorkerSeen)
class WorkerSeenAdmin(ReadOnlyAdmin):
    list_display = ["queue", "at"]
