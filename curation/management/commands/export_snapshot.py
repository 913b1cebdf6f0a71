"""Write a dataset version as files, in any of its formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.models import Snapshot
from curation.services import exporting, snapshotting


class Command(BaseCommand):
    help = "Write a dataset version into a folder: the same bytes each time. " + " ".join(
        f"{name}: {format.SAYS}" for name, format in exporting.FORMATS.items()
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "snapshot", metavar="NAME|DIGEST", help="name, or 8 or more characters of the digest"
        )
        parser.add_argument("--to", metavar="DIR", type=Path, required=True, help="folder; made when missing")
        parser.add_argument(
            "--format", choices=exporting.FORMATS, default="chatml", help="chatml unless named"
        )
        parser.add_argument(
            "--weights", action="store_true", help="with a column weight, by how frequent the label is"
        )
        parser.add_argument("--json", action="store_true", help="print where it was written as JSON")

    def handle(self, *, snapshot: str, to: Path, format: str, weights: bool, **options: Any) -> None:
        frozen = snapshotting.find(snapshot)
        if frozen is None:
            names = ", ".join(Snapshot.objects.values_list("name", flat=True)[:10])
            way_out = f"There are: {names}." if names else "Make one: manage.py build_snapshot NAME."
            raise CommandError(f'There is no dataset version "{snapshot}". {way_out}')
        try:
            exporting.export_snapshot(frozen, to, format=format, weights=weights)
        except exporting.ExportRefused as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(
                json.dumps({"ok": True, "name": frozen.name, "digest": frozen.digest, "to": str(to)})
            )
        else:
            self.stdout.write(f"{frozen.name} ({frozen.digest[:12]}) written to {to}.")
