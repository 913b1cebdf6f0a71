"""Suggest the BBj generation of programs, with the places that say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from curation.domain.bbj import Evidence, suggest_generation
from curation.domain.problems import check_report
from curation.services.programs import Program, read_programs


class Command(BaseCommand):
    help = (
        "Suggest the generation of BBj programs (.bbj, .src) and of the code of Markdown examples, in files "
        "or folders, with evidence. It only suggests: a label that a person wrote is never changed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="files or folders")
        parser.add_argument("--json", action="store_true", help="print the suggestions as JSON")

    def handle(self, *, paths: list[Path], **options: Any) -> None:
        files, programs, problems = read_programs(paths)
        suggestions = [_suggestion(program) for program in programs]
        report = {**check_report(files, problems), "suggestions": suggestions}
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for problem in problems:
                self.stdout.write(str(problem))
            for row in suggestions:
                which = f"{row['file']} ({row['name']})" if row["name"] else row["file"]
                doubt = " – ask a person" if row["ask_a_person"] else ""
                self.stdout.write(f"{which}: {', '.join(row['labels'])}{doubt}")
                for found in row["evidence"]:
                    self.stdout.write(
                        f"  line {found['line']}: {found['text']} → {found['generation']} ({found['rule']})"
                    )
        if not report["ok"]:
            raise SystemExit(1)


def _suggestion(program: Program) -> dict[str, Any]:
    suggestion = suggest_generation(program.code)
    return {
        "file": program.file,
        "name": program.name,
        "labels": list(suggestion.labels),
        "ask_a_person": suggestion.ask_a_person,
        "evidence": [_evidence(program, found) for found in suggestion.evidence],
    }


def _evidence(program: Program, found: Evidence) -> dict[str, Any]:
    """With the line of the file, and the span as columns: from `column` up to but without `end_column`."""
    return {
        "line": program.first_line + found.line - 1,
        "column": found.column,
        "end_column": found.column + len(found.text),
        "text": found.text,
        "generation": found.generation,
        "rule": found.rule,
        "strong": found.strong,
    }
