"""Make a backup of the studio while it is in use: database, models, and what runs have written."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from studio.backups import making

NOT_IN_IT = (
    "Not in it: the secret key (var/secret-key; without it everybody signs in again), the first password "
    "(var/first-login), base models, checkpoints, and files whose import is being checked."
)


class Command(BaseCommand):
    help = f"{__doc__} {NOT_IN_IT}"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", type=Path, help="folder of the backups; models lie there once for all")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="then remove all but the newest N backups of this place"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, place: Path, keep: int | None, json: bool, **_: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError(f"--keep {keep}: keep at least 1, the one that is made now.")
        try:
            made = making.make(
                place.resolve(), at=timezone.now(), say=(lambda _: None) if json else self.stdout.write
            )
        except making.BackupRefused as refused:
            raise CommandError(str(refused)) from refused
        gone = making.forget(place, keep=keep) if keep else []
        size = made.manifest.size_bytes
        if json:
            self.stdout.write(
                jsonlib.dumps(
                    {
                        "folder": str(made.folder),
                        "size_bytes": size,
                        "new_model_bytes": made.new_bytes,
                        "models": len(made.manifest.artifacts),
                        "missing": made.manifest.missing,
                        "removed": [str(folder) for folder in gone],
                    }
                )
            )
        else:
            self.stdout.write(
                f"{made.folder}: {size / 1e9:.2f} GB with {len(made.manifest.artifacts)} models, of which "
                f"{made.new_bytes / 1e9:.2f} GB were new here.\n"
                + "".join(f"{folder} is removed.\n" for folder in gone)
                + "It holds password hashes and token hashes: keep it as you keep the server. "
                + NOT_IN_IT
            )
        if made.manifest.missing:
            raise CommandError(
                f"The backup is made, but {len(made.manifest.missing)} models are gone or damaged in the "
                "studio itself: `manage.py fsck` names them.",
                returncode=1,
            )
