"""Making a backup: database, models, and what runs have written; the manifest last."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from studio.backups import databases, manifest
from studio.backups.manifest import Manifest, Part
from training.adapters import storage
from training.adapters.file_lock import StillLocked, locked
from training.domain.failure import Failure
from training.domain.run_folder import sync_folder
from training.models import Artifact

LEAST_FREE_BYTES = 1_000_000_000  # what stays free on the volume of the backups
DISPENSABLE = {"checkpoints", "data"}  # of a stage: the largest, and made again
KEPT = {
    "recipe.json",
    "metrics.jsonl",
    "log.txt",
    "result.json",
    "gpu.json",
    "prompts.jsonl",
    "generations.jsonl",
}


class BackupRefused(Exception):
    """No backup was made, and nothing half-made is left."""


@dataclass(frozen=True)
class Made:
    folder: Path
    manifest: Manifest
    new_bytes: int  # of models that were not in this place yet


def make(place: Path, *, at: datetime, say: Callable[[str], None] = lambda _: None) -> Made:
    """Make a backup in a folder of its own below `place`, while the studio is in use.

    Models that an earlier backup of this place has brought are not copied again.

    Raises:
        BackupRefused: too little space, another backup is being made here, the database's tool failed.
    """
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{at:%Y%m%dT%H%M%SZ}"
    folder, part = place / name, place / f"{name}.part"
    try:
        with locked(place / ".lock", patience_s=0):
            for left in place.glob("*.part"):  # by a backup that was killed: nobody else is at it
                shutil.rmtree(left)
            if folder.exists():
                raise BackupRefused(f"{folder} is there already. Wait a second.")
            part.mkdir(mode=0o700)
            try:
                made = _make(place, part, at, say)
                part.rename(folder)
                sync_folder(place)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except StillLocked as error:
        raise BackupRefused(f"{place}: another backup is being made there. Wait for it.") from error
    except databases.ToolFailed as error:
        raise BackupRefused(str(error)) from error
    except Failure as failure:
        raise BackupRefused(failure.message) from failure
    return Made(folder, *made)


def forget(place: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest backups of this place, and the models that only those named.

    Returns:
        The backups that are gone.
    """
    with locked(place / ".lock", patience_s=0):
        found = sorted(file.parent for file in place.glob(f"*/{manifest.FILE}"))
        gone, kept = found[:-keep], found[-keep:]
        named = {one.sha256 for folder in kept for one in manifest.read(folder).artifacts}
        for folder in gone:
            (folder / manifest.FILE).unlink()  # first: half of a backup is none
            shutil.rmtree(folder)
        for path in storage.Store(place / manifest.ARTIFACTS).entries():
            if path.name not in named:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return gone


def _make(place: Path, part: Path, at: datetime, say: Callable[[str], None]) -> tuple[Manifest, int]:
    database = databases.of_the_studio()
    store = storage.Store(place / manifest.ARTIFACTS)
    _check_space(place, database.size_bytes() + _runs_bytes() + sum(a.size_bytes for a in _absent(store)))
    say("Copying the database …")
    database.copy_to(part / manifest.DATABASE)
    applied = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
    # After the database: a row whose file has come since then is one more file, and none is missing.
    new = sum(_copy(store, one, say) for one in _absent(store))
    artifacts = [one for one in _named() if store.path_of(one.sha256).exists()]
    there = {one.sha256 for one in artifacts}
    say("Copying what the runs have written …")
    _pack_runs(part / manifest.RUNS)
    made = Manifest(
        made_at=at.isoformat(),
        engine=database.engine,
        migrations=applied,
        database=manifest.part(part / manifest.DATABASE),
        runs=manifest.part(part / manifest.RUNS),
        artifacts=artifacts,
        missing=[one.sha256 for one in _named() if one.sha256 not in there],
    )
    made.write(part)
    return made, new


def _named() -> list[Part]:
    """Every model that a row names."""
    rows = Artifact.objects.order_by("sha256").values_list("sha256", "size_bytes").distinct()
    return [Part(sha256, size) for sha256, size in rows]


def _absent(store: storage.Store) -> list[Part]:
    return [one for one in _named() if not store.path_of(one.sha256).exists()]


def _copy(store: storage.Store, one: Part, say: Callable[[str], None]) -> int:
    """Bring one model into the place; what is gone or has changed in the studio is left out."""
    if storage.digest_now(one.sha256) != one.sha256:
        return 0
    say(f"Copying a model, {one.size_bytes / 1e6:,.1f} MB …")
    return store.put(storage.path_of(one.sha256)).size_bytes


def _check_space(place: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(place).free
    if needed_bytes + LEAST_FREE_BYTES > free:
        raise BackupRefused(
            f"{place}: the backup takes up to {needed_bytes / 1e9:.1f} GB, {LEAST_FREE_BYTES / 1e9:.0f} GB "
            f"stay free, and {free / 1e9:.1f} GB are there. Keep fewer (--keep), or name a larger disk."
        )


def _run_files() -> Iterator[Path]:
    for folder, inside, files in os.walk(settings.VAR / "runs"):
        inside[:] = sorted(name for name in inside if name not in DISPENSABLE)
        yield from (Path(folder) / name for name in sorted(files) if name in KEPT)


def _runs_bytes() -> int:
    return sum(file.stat().st_size for file in _run_files())


def _pack_runs(target: Path) -> None:
    """Curves, logs and answers. A file that grows meanwhile is taken as long as it was when it was opened."""
    with tarfile.open(target, "w") as archive:
        for file in _run_files():
            with file.open("rb") as stream:
                archive.addfile(archive.gettarinfo(arcname=_below(file), fileobj=stream), stream)


def _below(file: Path) -> str:
    return file.relative_to(settings.VAR / "runs").as_posix()
