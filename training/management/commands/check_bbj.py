"""Check BBj programs with the real compiler, the bundled offline check, or a running BBjServices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.domain.problems import Problem, check_report
from curation.services.programs import Program, read_programs
from training.adapters import checker as checkers
from training.adapters.checker import Verdict


class Command(BaseCommand):
    help = (
        "Check BBj programs (.bbj, .src) and the code of Markdown examples, in files or folders. Uses bbjcpl "
        "where STUDIO_BBJCPL names one, else the offline check. Exit code 1 when a program is refused, 2 "
        "when one could not be judged."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="files or folders")
        parser.add_argument(
            "--compiler",
            choices=checkers.NAMES,
            default="",
            help="which checker to ask; mcp is the syntax check of a running BBjServices on this machine",
        )
        parser.add_argument(
            "--type-check", action="store_true", help="bbjcpl checks types too: the stricter figure"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, paths: list[Path], compiler: str, type_check: bool, **options: Any) -> None:
        try:
            checker = checkers.choose(compiler, type_check=type_check)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        files, programs, problems = read_programs(paths)
        pair = checkers.control_pair(checker)
        verdicts = checker.check_many([program.code for program in programs]) if pair.ok else []
        if not pair.ok:
            problems.append(Problem(checker.name, 1, "not-judged", "error", pair.message))
        for program, verdict in zip(programs, verdicts, strict=pair.ok):
            problems += _problems(program, verdict)
        report = {**check_report(files, problems), "checker": checker.name, "build": checker.build()}
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for problem in problems:
                hint = ", a hint" if problem.severity == "warning" else ""
                self.stdout.write(f"{problem} [{problem.code}{hint}]")
            accepted = sum(verdict.outcome == "compiled" for verdict in verdicts)
            self.stdout.write(
                f"{files} files, {len(programs)} programs: {accepted} accepted by "
                f"{checker.name} ({checker.build()}), {len(programs) - accepted} not."
            )
        if not pair.ok or any(verdict.outcome == "infrastructure" for verdict in verdicts):
            raise SystemExit(2)
        if not report["ok"]:
            raise SystemExit(1)


def _problems(program: Program, verdict: Verdict) -> list[Problem]:
    if verdict.outcome == "compile_timeout":
        return [Problem(program.file, program.first_line, "timeout", "error", verdict.output.strip())]
    if verdict.outcome == "infrastructure":
        return [Problem(program.file, program.first_line, "not-judged", "error", verdict.output)]
    return [
        Problem(
            program.file,
            program.first_line + finding.line - 1,
            finding.code,
            "error" if finding.certain else "warning",
            finding.message,
        )
        for finding in verdict.findings
    ]
