"""What a backup holds, with the digest of each part."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.domain.run_folder import file_sha256, write_json

VERSION = 1
FILE = "manifest.json"
DATABASE = "database"
RUNS = "runs.tar"
ARTIFACTS = "artifacts"  # beside the backups of one place


class NoBackup(Exception):
    """The folder holds no backup that this studio can read; the message says why."""


@dataclass(frozen=True)
class Part:
    """A file of the backup, or a file or folder of the store."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Manifest:
    """Attributes:
    engine: "sqlite" or "postgresql".
    migrations: Every applied one as app.name; tells a newer studio from an older one.
    missing: Digests of models that a row named and the store no longer had, or that had changed.
    """

    made_at: str
    engine: str
    migrations: list[str]
    database: Part
    runs: Part
    artifacts: list[Part]
    missing: list[str]

    @property
    def size_bytes(self) -> int:
        return self.database.size_bytes + self.runs.size_bytes + sum(a.size_bytes for a in self.artifacts)

    def write(self, folder: Path) -> None:
        write_json(folder / FILE, {"backup": VERSION, **asdict(self)})


def part(file: Path) -> Part:
    return Part(file_sha256(file), file.stat().st_size)


def read(folder: Path) -> Manifest:
    """The manifest of this backup.

    Raises:
        NoBackup
    """
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if values.pop("backup") != VERSION:
            raise NoBackup(f"{folder}: a backup of another kind. Restore it with the studio that made it.")
        parts: dict[str, Any] = {name: Part(**values.pop(name)) for name in ("database", "runs")}
        return Manifest(artifacts=[Part(**each) for each in values.pop("artifacts")], **parts, **values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoBackup(
            f"{folder}: no backup ({type(error).__name__}: {error}). Name a folder that holds {FILE}, such "
            "as backups/20261126T011500Z; without that file it was never finished."
        ) from error
