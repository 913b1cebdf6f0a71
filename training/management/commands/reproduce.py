"""Do a run again from its reproduce bundle, here in the foreground, and say what differs."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from training.management.accounts import find_user
from training.services import launching, reproducing


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", type=Path, help="the .zip of a run's page, or its bundle.json")
        parser.add_argument("--user", help="account that starts the run (default: the first maintainer)")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, bundle: Path, user: str | None, json: bool, **_: Any) -> None:
        def progress(stage: str, step: int, of: int, metrics: dict[str, Any]) -> None:
            if not json and not step:
                self.stdout.write(stage)

        try:
            found = reproducing.reproduce(
                reproducing.read_bundle(bundle), by=find_user(user), progress=progress
            )
        except (reproducing.CannotReproduce, launching.PreflightRefused) as refused:
            raise CommandError(str(refused)) from refused
        if json:
            self.stdout.write(
                jsonlib.dumps(
                    {
                        "run": found.run.pk,
                        "same": found.same,
                        "differences": found.differences,
                        "changed": found.changed,
                    }
                )
            )
        else:
            self.stdout.write(f"Run {found.run.pk}: {'the same' if found.same else 'differs in'}")
            for sentence in (*found.differences, *found.changed):
                self.stdout.write(f"  {sentence}")
        if not found.same:
            raise CommandError("What was made is not the same.", returncode=1)
