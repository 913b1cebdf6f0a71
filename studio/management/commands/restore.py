"""Put a backup back. Its digests are checked before anything is touched; ends with `fsck`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.utils import timezone

from studio.backups import restoring


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="such as backups/20261126T011500Z")
        parser.add_argument(
            "--replace", action="store_true", help="replace a studio that holds data; that is kept aside"
        )

        parser.add_argument("--check", action="store_true", help="only check every digest; touch nothing")

    def handle(self, *, backup: Path, replace: bool, check: bool, **_: Any) -> None:
        try:
            if check:
                found = restoring.check(backup.resolve(), say=self.stdout.write)
                self.stdout.write(f"The backup of {found.made_at} is whole: {len(found.artifacts)} models.")
                return
            told = restoring.restore(
                backup.resolve(), replace=replace, at=timezone.now(), say=self.stdout.write
            )
        except restoring.RestoreRefused as refused:
            raise CommandError(str(refused)) from refused
        for sentence in told:
            self.stdout.write(sentence)
        call_command("fsck", stdout=self.stdout)
        self.stdout.write("The backup is restored.")
