"""Bring Markdown examples into the studio, with every problem of every file at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.domain.problems import Problem, check_report
from curation.services import importing, source_files

COMMAND_LINE = "command-line"  # stands for whoever may start commands on the server; nobody signs in with it


class Command(BaseCommand):
    help = (
        "Import Markdown examples from a training-data folder, a topic folder or one file. Files with errors "
        "are refused, all others are imported; exit code 1 when a file was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", type=Path, help="folder or Markdown file")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--author", metavar="NAME", help=f"who the revisions are by ({COMMAND_LINE} if not given)"
        )
        parser.add_argument(
            "--note", default="imported with manage.py import_examples", help="note on each revision"
        )

    def handle(self, *, path: Path, dry_run: bool, author: str | None, note: str, **options: Any) -> None:
        user = find_author(author)
        try:
            plan = importing.plan_import(path)
        except source_files.FolderRefused as error:
            raise CommandError(str(error)) from error
        if not plan.files:
            raise CommandError(f"{path}: no Markdown example in it. Examples lie in <topic>/<name>.md.")
        counts = {
            "created": plan.count("new"),
            "changed": plan.count("changed"),
            "unchanged": plan.count("unchanged"),
            "refused": plan.count("refused"),
        }
        if not dry_run:
            result = importing.run_import(plan, author=user or command_line_author(), note=note)
            counts |= {"created": result.created, "changed": result.changed, "unchanged": result.unchanged}
        report = check_report(len(plan.files), plan.problems)
        if options["json"]:
            self.stdout.write(
                json.dumps({**report, "dry_run": dry_run, **counts}, ensure_ascii=False, indent=2)
            )
        else:
            for problem in plan.problems:
                self.stdout.write(line_of(problem))
            would = "would be " if dry_run else ""
            self.stdout.write(
                f"{len(plan.files)} files: {counts['created']} {would}created, "
                f"{counts['changed']} {would}changed, {counts['unchanged']} unchanged, "
                f"{counts['refused']} {would}refused."
            )
        if counts["refused"]:
            raise SystemExit(1)


def find_author(name: str | None) -> User | None:
    """The account named on the command line; a CommandError says how to go on when there is none."""
    if name is None:
        return None
    if user := User.objects.filter(username=name).first():
        return user
    raise CommandError(
        f'--author: there is no account "{name}". Use the name of an account, or leave it out.'
    )


def command_line_author() -> User:
    """The account for what is done on the server without --author."""
    user, new = User.objects.get_or_create(username=COMMAND_LINE)
    if new:
        user.set_unusable_password()
        user.save()
    return user


def line_of(problem: Problem) -> str:
    """ "gui/x.md:3: error: sentence" as editors and terminals link it."""
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    return f"{place}: {problem.severity}: {problem.message} {problem.suggestion}".rstrip()
