"""Looking after the artifact store: what rows name is there and unchanged, and what nothing names may go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from curation.services.verifying import Trouble
from training.adapters import storage
from training.models import Artifact

KEPT_FOR = timedelta(days=7)  # a file that nothing refers to: its run may be about to write the row
OVERDUE = timedelta(days=1)  # after which somebody should know that nothing collects


def files() -> Iterator[Trouble]:
    """Every artifact's file is in the store and has its digest, and nothing lies there for long unnamed.

    Reads every stored byte: minutes for real models.
    """
    named: dict[str, str] = {}
    for artifact in Artifact.objects.select_related("run").order_by("pk").iterator():
        named.setdefault(artifact.sha256, f"{artifact.run}, {artifact.file_name}")
    for sha256, place in named.items():
        now = storage.digest_now(sha256)
        if now is None:
            yield Trouble(place, f"{storage.path_of(sha256)} is gone. Bring it back from a backup.")
        elif now != sha256:
            yield Trouble(place, f"{storage.path_of(sha256)} is not what was stored: its digest is {now}.")
    for path in unnamed(older_than=KEPT_FOR + OVERDUE):
        yield Trouble(str(path), "Nothing refers to it, and nothing collects it: is `celery beat` running?")


CHECKS = {"artifacts": files}


def unnamed(*, older_than: timedelta = KEPT_FOR) -> list[Path]:
    """What lies in the store, or half-written beside it, and stands in no row; oldest modification first."""
    before = (timezone.now() - older_than).timestamp()
    named = set(Artifact.objects.values_list("sha256", flat=True))
    found = [path for path in storage.entries() if path.name not in named]
    old = [(path.lstat().st_mtime, path) for path in found]
    return [path for modified, path in sorted(old) if modified < before]


def collect() -> list[Path]:
    """Remove what nothing refers to and is older than KEPT_FOR."""
    gone = unnamed()
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return gone
