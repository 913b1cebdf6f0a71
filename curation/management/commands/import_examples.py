"""Bring examples into the studio, with every problem of every file at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from curation.domain.problems import Problem, check_report
from curation.models import ImportJob
from curation.services import queueing, reporting, uploading, working

COMMAND_LINE = "command-line"  # stands for whoever may start commands on the server; nobody signs in with it
LOOK_EVERY_S = 0.5


class Command(BaseCommand):
    help = (
        "Import examples from a training-data folder, a topic folder, a Markdown file, an archive or a "
        "ChatML .jsonl file. Files with errors are refused, lines with defects wait for a decision in the "
        "browser, all others are imported; exit code 1 when something was refused. Of a tree that "
        "export_examples wrote, what was changed here and in the studio waits for a decision too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "path", metavar="PATH", type=Path, help="folder, .md, .zip, .tar.gz or .jsonl file"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change no example")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--author", metavar="NAME", help=f"who the revisions are by ({COMMAND_LINE} if not given)"
        )
        parser.add_argument(
            "--note", default="imported with manage.py import_examples", help="note on each revision"
        )

    def handle(self, *, path: Path, dry_run: bool, author: str | None, note: str, **options: Any) -> None:
        user = find_author(author) or command_line_author()
        try:
            kind = "folder" if path.is_dir() or path.suffix == ".md" else uploading.kind_of(path.name)
            size = path.stat().st_size if kind != "folder" else 0
        except uploading.UploadRefused as error:
            raise CommandError(str(error)) from error
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: there is no such file or folder. Check the spelling.") from error
        job = uploading.open_job(
            kind=kind,
            name=path.resolve().name,
            source=path.resolve(),
            author=user,
            size_bytes=size,
            note=note,
            wake_worker=False,
        )
        job = self.step(job, "checking")
        if job.state != "ready":
            raise CommandError(job.failure_message or f"The import is {job.get_state_display()}.")
        checked = reporting.report_of(job)
        if not dry_run and checked.good:
            queueing.confirm(job, wake_worker=False)
            job = self.step(job, "importing")
            if job.state != "done":
                raise CommandError(job.failure_message or f"The import is {job.get_state_display()}.")
        self.report(job, checked, dry_run=dry_run, as_json=options["json"])
        if checked.changes.get("refused"):
            raise SystemExit(1)

    def step(self, job: ImportJob, what: str) -> ImportJob:
        """Do the job's next step in this process."""
        claim = queueing.claim(job.pk, queueing.this_process())
        if claim is None:
            raise CommandError("Another process took this import. Look at it in the browser.")
        with progress_bar(job, what):
            working.carry_out(claim)
        job.refresh_from_db()
        return job

    def report(self, job: ImportJob, checked: reporting.Report, *, dry_run: bool, as_json: bool) -> None:
        problems = reporting.problems_of(job)
        now = reporting.report_of(job)
        counts = {
            "created": checked.writes.get("new", 0) if dry_run else now.outcomes.get("created", 0),
            "changed": checked.writes.get("changed", 0) if dry_run else now.outcomes.get("changed", 0),
            "unchanged": checked.changes.get("unchanged", 0) + now.outcomes.get("unchanged", 0),
            "older": checked.changes.get("older", 0),
            "refused": checked.changes.get("refused", 0),
            "conflicts": checked.changes.get("conflict", 0),
            "waiting": checked.waiting,
        }
        if as_json:
            report = {**check_report(checked.items, problems), "dry_run": dry_run, "import": job.pk, **counts}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
            return
        for problem in problems:
            self.stdout.write(line_of(problem))
        would = "would be " if dry_run else ""
        what = "lines" if job.kind == "chatml" else "files"
        self.stdout.write(
            f"{checked.items} {what}: {counts['created']} {would}created, "
            f"{counts['changed']} {would}changed, {counts['unchanged']} unchanged, "
            f"{counts['refused']} {would}refused."
        )
        if counts["older"]:
            self.stdout.write(f"Older than the studio's text, and left alone: {counts['older']} {what}.")
        if counts["conflicts"]:
            self.stdout.write(
                f"Changed here and in the studio: {counts['conflicts']} {what}. Open "
                f"/import/{job.pk}/conflicts/ in the browser, choose, and confirm the import there."
            )
        if mends := checked.waiting - counts["conflicts"]:
            self.stdout.write(
                f"{mends} wait for a decision: open /import/{job.pk}/ in the browser and mend them."
            )


@contextmanager
def progress_bar(job: ImportJob, what: str) -> Iterator[None]:
    """A bar on a terminal, fed from the job's row as the browser's is; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield
        return
    ended = Event()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(f"{what} {job.source_name}", total=None)

        def follow() -> None:
            while not ended.wait(LOOK_EVERY_S):
                done, total = ImportJob.objects.values_list("done", "total").get(pk=job.pk)
                bar.update(shown, completed=done, total=total or None)
            connection.close()

        follower = Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield
        finally:
            ended.set()
            follower.join()


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
