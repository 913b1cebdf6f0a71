"""Write the examples as a Markdown tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.services import exporting, finding, writing_back


class Command(BaseCommand):
    help = (
        "Write the present text of the examples to a folder, with .studio.json, by which an import knows who "
        "changed a file since. Files that hold the text already are not touched, and a file whose text the "
        "studio never had is left alone; exit code 1 then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="DIR", type=Path, required=True, help="folder; made when missing")
        parser.add_argument(
            "--status", choices=finding.STATUSES, default="", help="only examples of this status"
        )
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *, to: Path, status: str, **options: Any) -> None:
        try:
            result = writing_back.export_tree(to, finding.Filters(status=status))
        except exporting.ExportRefused as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not result.kept, **result.__dict__}))
        else:
            self.stdout.write(f"{to}: {result.written} files written, {result.unchanged} unchanged.")
            for path in result.kept:
                self.stdout.write(f"{path}: left alone: its text was never imported. Import it first.")
        if result.kept:
            raise SystemExit(1)
