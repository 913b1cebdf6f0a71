"""Check Markdown examples without touching a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.domain.problems import Problem, check_report
from curation.management.commands.import_examples import line_of
from curation.services import advising, authoring, source_files


class Command(BaseCommand):
    help = "Check examples (a folder or a Markdown file), print all problems; exit code 1 on an error."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", type=Path, help="folder or Markdown file")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, path: Path, **options: Any) -> None:
        try:
            files = source_files.read_examples(path)
        except source_files.FolderRefused as error:
            raise CommandError(str(error)) from error
        if not files:
            raise CommandError(f"{path}: no Markdown example in it. Examples lie in <topic>/<name>.md.")
        problems: list[Problem] = []
        for file in files:
            problems += file.problems
            if file.data is not None:
                checked = authoring.read(file.data, path=file.path)
                problems += checked.problems
                if checked.doc:
                    problems += advising.advice(checked.doc, authoring.findings(checked.doc))
        report = check_report(len(files), problems)
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for problem in problems:
                self.stdout.write(line_of(problem))
            errors = sum(problem.severity == "error" for problem in problems)
            self.stdout.write(f"{len(files)} files: {errors} errors, {len(problems) - errors} warnings.")
        if not report["ok"]:
            raise SystemExit(1)
