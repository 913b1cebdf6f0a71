"""The whole loop in the foreground, on the tiny base: Markdown files in, a scored dataset version out.

Ends with a table of the steps. Exits 1 when a step failed, with a sentence that says which and what to do.
"""

from __future__ import annotations

import json as jsonlib
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from studio.rehearsal import Report, Stopped, peak_memory_mb, rehearse


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the final table as JSON")

    def handle(self, *, json: bool, **_: Any) -> None:
        report = Report()
        console = Console(stderr=json)
        stopped: Stopped | None = None
        with StageBars(console) as bars:
            try:
                rehearse(report, bars.show)
            except Stopped as error:
                stopped = error
        if json:
            self.stdout.write(jsonlib.dumps(report.as_dict()))
        else:
            console.print(table(report))
            if report.score:
                console.print(f"[bold]{report.score}[/bold]", highlight=False)
        if stopped:
            raise CommandError(f"The rehearsal stopped at {stopped}")


class StageBars:
    """A progress bar a stage, with its latest loss."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = Progress(*columns, TextColumn("{task.fields[note]}"), console=console)
        self._of_stage: dict[str, TaskID] = {}

    def __enter__(self) -> StageBars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finish_all()
        self._bars.stop()

    def show(self, stage: str, step: int, of: int, metrics: dict[str, Any]) -> None:
        if stage not in self._of_stage:
            self._finish_all()
            self._of_stage[stage] = self._bars.add_task(stage, total=None, note="")
        bar = self._of_stage[stage]
        self._bars.update(bar, completed=step, total=of or None)
        if isinstance(loss := metrics.get("loss"), float):
            self._bars.update(bar, note=f"loss {loss:.3f}")

    def _finish_all(self) -> None:
        for bar in self._of_stage.values():
            total = self._bars.tasks[bar].total or 1
            self._bars.update(bar, total=total, completed=total)


def table(report: Report) -> Table:
    rows = Table(title=f"Rehearsal: {report.seconds} s, largest process {peak_memory_mb()} MB")
    for heading in ("Step", "", "Result"):
        rows.add_column(heading)
    rows.add_column("Seconds", justify="right")
    for step in report.steps:
        rows.add_row(step.name, "ok" if step.ok else "FAILED", step.result, f"{step.seconds:.1f}")
    return rows
