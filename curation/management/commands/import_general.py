"""Bring in general code, which keeps a model from forgetting what it knew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.domain.problems import check_report
from curation.management.commands.import_examples import command_line_author, find_author, line_of
from curation.services import borrowing, gathering

CHUNK_BYTES = 64 * 1024


class Command(BaseCommand):
    help = (
        "Add questions and answers about code that is not BBj from a .jsonl file. A dataset version takes a "
        "share of them where one is asked for. Lines with errors are refused, the same is not stored twice, "
        "all others are written together; exit code 1 when something was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE.jsonl", type=Path, help="a question and its answer a line")
        parser.add_argument(
            "--licence", required=True, help='own, proprietary, an SPDX identifier ("MIT"), or LicenseRef-…'
        )
        parser.add_argument("--source", required=True, help="where they are from")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--author", metavar="NAME", help="who adds them (command-line if not given)")

    def handle(self, *, file: Path, dry_run: bool, author: str | None, **options: Any) -> None:
        try:
            on = gathering.terms(licence=options["licence"], source=options["source"])
            with file.open("rb") as stream:
                chunks = iter(lambda: stream.read(CHUNK_BYTES), b"")
                if dry_run:
                    found = borrowing.plan(chunks, name=file.name, on=on)
                else:
                    user = find_author(author) or command_line_author()
                    found = borrowing.add(chunks, name=file.name, on=on, author=user)
        except gathering.CorpusRefused as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file}: cannot be read ({error.strerror}). Check the name.") from error
        if options["json"]:
            report = {**check_report(1, found.problems), "dry_run": dry_run, **found.counts}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for problem in found.problems:
                self.stdout.write(line_of(problem))
            self.stdout.write(found.summary(dry_run=dry_run))
        if found.counts["refused"]:
            raise SystemExit(1)
