"""Putting a backup back: all of it is checked before anything is touched; what was there is kept aside."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from curation.models import Example, Snapshot
from curation.services import auditing
from studio.backups import databases, manifest
from studio.backups.making import LEAST_FREE_BYTES
from studio.backups.manifest import Manifest
from training.adapters import storage
from training.adapters.file_lock import StillLocked, locked
from training.models import Run, WorkerSeen

SILENT_AFTER = timedelta(seconds=30)  # a worker reports every 5 s


class RestoreRefused(Exception):
    """Nothing was touched; the message says why."""


def check(folder: Path, *, say: Callable[[str], None] = lambda _: None) -> Manifest:
    """Read every byte of the backup and compare it with the manifest. Touches nothing.

    Raises:
        RestoreRefused: it is none, or it is damaged.
    """
    try:
        wanted = manifest.read(folder)
    except manifest.NoBackup as error:
        raise RestoreRefused(str(error)) from error
    backup = storage.Store(folder.parent / manifest.ARTIFACTS)
    say(f"Checking {wanted.size_bytes / 1e9:.2f} GB …")
    broken = []
    for name, part in ((manifest.DATABASE, wanted.database), (manifest.RUNS, wanted.runs)):
        if not (folder / name).is_file() or manifest.part(folder / name) != part:
            broken.append(str(folder / name))
    broken += [
        str(backup.path_of(one.sha256))
        for one in wanted.artifacts
        if backup.digest_now(one.sha256) != one.sha256
    ]
    if broken:
        raise RestoreRefused(
            "The backup is damaged, and nothing was touched. Gone or changed: " + ", ".join(broken[:20])
        )
    return wanted


def restore(
    folder: Path, *, replace: bool, at: datetime, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Make this studio what it was when the backup was made.

    Args:
        folder: The backup, below its place.
        replace: Whether a studio that holds data may be replaced; what it held is kept aside.

    Returns:
        Sentences: what a person should know or do now.

    Raises:
        RestoreRefused: nothing was touched.
    """
    try:
        wanted = manifest.read(folder)
    except manifest.NoBackup as error:
        raise RestoreRefused(str(error)) from error
    database = databases.of_the_studio()
    _check_kind(wanted, database)
    settings.VAR.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(settings.VAR / "up.lock", patience_s=0))
        except StillLocked as error:
            raise RestoreRefused("The studio is running. Stop `manage.py up`, then restore.") from error
        _check_present(replace=replace, at=at)
        _check_space(wanted)
        check(folder, say=say)
        return _put_back(folder, wanted, database, at, say)


def _check_kind(wanted: Manifest, database: databases.Database) -> None:
    if wanted.engine != database.engine:
        raise RestoreRefused(
            f"This backup is of a studio on {wanted.engine}, and this one is on {database.engine}. Set "
            "STUDIO_DATABASE_URL to such a database."
        )
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    unknown = sorted(set(wanted.migrations) - {f"{app}.{name}" for app, name in known})
    if unknown:
        raise RestoreRefused(
            f"This backup is of a newer studio: {unknown[-1]} is not known here. Update the studio first."
        )


def _check_present(*, replace: bool, at: datetime) -> None:
    """What this studio holds now, and whether somebody works with it."""
    tables = set(connection.introspection.table_names())
    if WorkerSeen._meta.db_table in tables:
        seen = WorkerSeen.objects.order_by("-at").values_list("at", flat=True).first()
        if seen and at - seen < SILENT_AFTER:
            raise RestoreRefused(
                f"A worker was seen at {seen:%H:%M:%S} UTC. Stop workers and web servers, wait half a "
                "minute, then restore."
            )
    holds = [
        model._meta.verbose_name_plural
        for model in (Example, Snapshot, Run, User)
        if model._meta.db_table in tables and model._default_manager.exists()
    ]
    if holds and not replace:
        raise RestoreRefused(
            f"This studio holds {', '.join(map(str, holds))}. Restore into an empty one (another STUDIO_VAR "
            "or STUDIO_DATABASE_URL), or say --replace: what is here is then kept aside."
        )


def _check_space(wanted: Manifest) -> None:
    free = shutil.disk_usage(settings.VAR).free
    if wanted.size_bytes + LEAST_FREE_BYTES > free:
        raise RestoreRefused(
            f"{settings.VAR}: the backup takes up to {wanted.size_bytes / 1e9:.1f} GB and "
            f"{LEAST_FREE_BYTES / 1e9:.0f} GB stay free, and {free / 1e9:.1f} GB are there. Free some space."
        )


def _put_back(
    folder: Path,
    wanted: Manifest,
    database: databases.Database,
    at: datetime,
    say: Callable[[str], None],
) -> list[str]:
    aside = f"before-restore-{at:%Y%m%dT%H%M%SZ}"
    backup = storage.Store(folder.parent / manifest.ARTIFACTS)
    told = []
    for one in wanted.artifacts:  # beside what is there: a content has one name, whoever brings it
        now = storage.digest_now(one.sha256)
        if now == one.sha256:
            continue
        if now:
            place = storage.path_of(one.sha256)
            place.rename(place.with_name(f"{place.name}.damaged"))  # nothing names it: collected in a week
        say(f"Copying a model, {one.size_bytes / 1e6:,.1f} MB …")
        storage.put(backup.path_of(one.sha256))
    say("Putting the database in place …")
    try:
        if former := database.replace_by(folder / manifest.DATABASE, aside=aside):
            told.append(f"What the database held before is in {former}.")
    except databases.ToolFailed as error:
        raise RestoreRefused(f"The database is as it was. {error}") from error
    runs = settings.VAR / "runs"
    if runs.exists():
        runs.rename(runs.with_name(f"runs.{aside}"))
        told.append(f"Logs and checkpoints of before are in {runs.with_name(f'runs.{aside}')}.")
    with tarfile.open(folder / manifest.RUNS) as archive:
        archive.extractall(runs, filter="data")
    say("Bringing the tables up to date …")
    call_command("migrate", verbosity=0, interactive=False)
    with transaction.atomic():
        auditing.record(actor=None, action="backup.restore", made_at=wanted.made_at)
    if again := Run.objects.filter(state__in=("queued", "running")).count():
        told.append(
            f"{again} training runs waited or ran when the backup was made: they start when a worker does. "
            "Cancel what you do not want on the queue's page first, or with the worker stopped."
        )
    if wanted.missing:
        told.append(f"{len(wanted.missing)} models were gone or damaged already when the backup was made.")
    return told
