"""Django's admin shows content to an admin and changes none of it: content has its own pages and roles."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from curation.models import (
    AuditEntry,
    CorpusFile,
    Example,
    GeneralExample,
    PairJudgement,
    Review,
    Revision,
    Snapshot,
    Task,
    TaskSet,
)


class ReadOnlyAdmin(admin.ModelAdmin):
    """A row changed by hand would miss its revision, its event or its fence; so this only shows."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Example)
class ExampleAdmin(ReadOnlyAdmin):
    list_display = ["path", "title", "type", "topic", "updated_at"]
    search_fields = ["path", "title"]


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    """Without those of test tasks: each look at one of the holdout is logged, and this page logs none."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        return super().get_queryset(request).filter(example__pool="")

    list_display = ["example", "number", "author", "created_at"]
    list_select_related = ["example", "author"]


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Without those of test tasks, like the revisions."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).filter(example__pool="")

    list_display = ["example", "reviewer", "verdict", "created_at"]
    list_select_related = ["example", "reviewer"]


@admin.register(PairJudgement)
class PairJudgementAdmin(ReadOnlyAdmin):
    list_display = ["first", "second", "verdict", "judge", "reason", "created_at"]
    list_select_related = ["first", "second", "judge"]


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ["name", "digest", "created_by", "created_at"]


@admin.register(TaskSet)
class TaskSetAdmin(ReadOnlyAdmin):
    list_display = ["name", "digest", "created_at"]


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """Without the text: an admin needs to know that a held-out task is there, not what it asks."""

    list_display = ["path", "pool", "task_set"]
    exclude = ["text"]


@admin.register(CorpusFile)
class CorpusFileAdmin(ReadOnlyAdmin):
    list_display = ["path", "number", "licence", "source", "included", "author", "created_at"]
    list_select_related = ["author"]


@admin.register(GeneralExample)
class GeneralExampleAdmin(ReadOnlyAdmin):
    list_display = ["id", "licence", "source", "author", "created_at"]
    list_select_related = ["author"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", "at", "actor", "through", "action", "subject"]
    list_select_related = ["actor"]
