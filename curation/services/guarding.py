"""Triggers with which the database itself refuses to change or delete what dataset versions are made of.

They are made after each `migrate` and taken away before one that has something to do: a migration may change
such rows, and SQLite, which loses the triggers of a table that a migration rebuilds, has them again.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from curation.models import (
    ChatRecord,
    CorpusFile,
    GeneralExample,
    Revision,
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    SnapshotGeneral,
    Task,
    TaskSet,
)

GUARDED = (
    Snapshot,
    SnapshotEntry,
    SnapshotCorpusFile,
    SnapshotConversation,
    SnapshotGeneral,
    Revision,
    CorpusFile,
    ChatRecord,
    GeneralExample,
    TaskSet,
    Task,
)
SAYS = "rows that dataset versions are made of are never changed or deleted"
_REFUSE = "curation_refuse_change"  # the function on PostgreSQL


def trigger_names() -> dict[str, tuple[str, str]]:
    """Table and event of each trigger, by its name."""
    tables = [model._meta.db_table for model in GUARDED]
    return {f"{table}_no_{event}": (table, event) for table in tables for event in ("update", "delete")}


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Those triggers that this database lacks, or has switched off."""
    connection = connections[using]
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {name for (name,) in cursor.fetchall()}
    return sorted(trigger_names().keys() - there)


def guard(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the triggers that are missing."""
    connection, wanted = connections[using], missing(using)
    if not wanted:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {_REFUSE}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
            )
        for name in wanted:
            table, event = trigger_names()[name]
            if connection.vendor == "postgresql":
                does = f"FOR EACH ROW EXECUTE FUNCTION {_REFUSE}()"
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")  # it may be switched off
            else:
                does = f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            cursor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {does}")


def unguard(using: str = DEFAULT_DB_ALIAS) -> None:
    """Take them away: for a migration, and for tests that empty tables."""
    connection = connections[using]
    there = trigger_names().keys() - set(missing(using))
    with connection.cursor() as cursor:
        for name in sorted(there):
            table, _ = trigger_names()[name]
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on}")


def before_migrating(*, using: str, plan: list[Any], **_: Any) -> None:
    """Receives Django's signal pre_migrate. An empty plan takes nothing away: each `up` migrates."""
    if plan:
        unguard(using)


def after_migrating(*, using: str, apps: Any = None, **_: Any) -> None:
    """Receives post_migrate; `flush` sends it too, without `apps`. A way back may lack tables."""
    tables = {model._meta.db_table for model in apps.get_models()} if apps else set()
    if all(model._meta.db_table in tables for model in GUARDED):
        guard(using)
