"""Bring raw programs into the corpus, with every problem of every file at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.domain.problems import check_report
from curation.management.commands.import_examples import command_line_author, find_author, line_of
from curation.services import gathering, source_files


class Command(BaseCommand):
    help = (
        "Add raw BBj programs (.bbj, .src, .txt) of a folder, an archive or one file to the corpus. "
        "Files with errors are refused, programs that are there already are not stored twice, all others are "
        "written together; exit code 1 when something was refused. Nothing is ever removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", type=Path, help="folder, program, .zip or .tar.gz")
        parser.add_argument(
            "--licence", required=True, help='own, proprietary, an SPDX identifier ("MIT"), or LicenseRef-…'
        )
        parser.add_argument("--source", required=True, help="where they are from: a repository, a department")
        parser.add_argument("--folder", default="", help="folder of the corpus that they go into")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--author", metavar="NAME", help="who adds them (command-line if not given)")

    def handle(self, *, path: Path, dry_run: bool, author: str | None, **options: Any) -> None:
        try:
            on = gathering.terms(
                licence=options["licence"], source=options["source"], folder=options["folder"]
            )
            files = gathering.read(path)
            if dry_run:
                found = gathering.plan(files, on)
            else:
                user = find_author(author) or command_line_author()
                found = gathering.add(files, on, author=user)
        except (gathering.CorpusRefused, source_files.FolderRefused) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            report = {**check_report(len(found.files), found.problems), "dry_run": dry_run, **found.counts}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for problem in found.problems:
                self.stdout.write(line_of(problem))
            self.stdout.write(found.summary(dry_run=dry_run))
        if found.counts["refused"]:
            raise SystemExit(1)
