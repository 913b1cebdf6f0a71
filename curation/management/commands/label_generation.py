"""Suggest the BBj generation of programs, with the places that say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from curation.domain.agreement import agreement
from curation.domain.bbj import Evidence, suggest_generation
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import check_report
from curation.services.programs import Program, read_programs


class Command(BaseCommand):
    help = (
        "Suggest the generation of BBj programs (.bbj, .src) and of the code of Markdown examples, in files "
        "or folders, with evidence; for an example also whether its label agrees. No label "
        "is ever changed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="files or folders")
        parser.add_argument("--json", action="store_true", help="print the suggestions as JSON")

    def handle(self, *, paths: list[Path], **options: Any) -> None:
        files, programs, problems = read_programs(paths)
        suggestions = [_suggestion(program) for program in programs]
        judged = {program.file: program.example for program in programs if program.example}
        examples = [_example(file, doc) for file, doc in judged.items()]
        report = {**check_report(files, problems), "suggestions": suggestions, "examples": examples}
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
            for row in examples:
                for part in row["parts"]:
                    label = ", ".join(part["label"])
                    self.stdout.write(f"{row['file']}: {part['field']}: {label}: {WORDS[part['verdict']]}")
        if not report["ok"]:
            raise SystemExit(1)


WORDS = {"conforms": "agrees", "differs": "differs", "cannot tell": "cannot tell"}


def _suggestion(program: Program) -> dict[str, Any]:
    """Lines count as the file does, also those of code in a Markdown file."""
    suggestion = suggest_generation(program.code, program.first_line)
    return {
        "file": program.file,
        "name": program.name,
        "labels": list(suggestion.labels),
        "ask_a_person": suggestion.ask_a_person,
        "evidence": [_evidence(found) for found in suggestion.evidence],
    }


def _example(file: str, doc: ExampleDoc) -> dict[str, Any]:
    """The labels that the author wrote, each with the verdict of the traces in all code that it labels."""
    judged = agreement(doc)
    return {
        "file": file,
        "verdict": judged.verdict,
        "parts": [
            {
                "field": part.field,
                "part": part.part,
                "label": list(part.said.asked),
                "suggested": list(part.said.produced),
                "verdict": part.said.verdict,
            }
            for part in judged.parts
        ],
    }


def _evidence(found: Evidence) -> dict[str, Any]:
    """The span goes from `column` up to but without `end_column`."""
    return {
        "line": found.line,
        "column": found.column,
        "end_column": found.end,
        "text": found.text,
        "generation": found.generation,
        "rule": found.rule,
        "strong": found.strong,
    }
