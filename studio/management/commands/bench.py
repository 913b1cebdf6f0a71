"""Measure how fast a part of the studio is on this machine."""

from __future__ import annotations

import importlib
import json
import os
import platform
from typing import Any

from django.core.management import BaseCommand, CommandParser
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as RichTable

from studio.benchmarks.measuring import Table

# A subject is a module of studio/benchmarks with a function measure.
SUBJECTS = ("bbj", "imports", "duplicates", "duplicates_million", "web", "snapshots", "training")


class Command(BaseCommand):
    help = (
        "Measure how fast a part of the studio is here. Prints tables. bbj: reading BBj "
        "source (the offline check, the lexer, the generation labels) and the compiler in batches. imports: "
        "checking and storing ChatML lines and Markdown files, in a temporary studio. duplicates: finding "
        "near-duplicates, against comparing all pairs; duplicates_million: among a million texts. web: "
        "the pages with 100,000 examples on SQLite and PostgreSQL, and twenty reviewers at once. snapshots: "
        "freezing, exporting and comparing dataset versions of 10,000, 30,000 and 100,000 examples. "
        "training: what the launcher costs, beside a bare TRL script, against its limits."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="SUBJECT", choices=SUBJECTS, help=", ".join(SUBJECTS))
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *, subject: str, **options: Any) -> None:
        module = importlib.import_module(f"studio.benchmarks.{subject}")
        progress = Console(stderr=True)
        tables: list[Table] = module.measure(lambda what: progress.print(f"measuring {what} …", style="dim"))
        machine = f"Python {platform.python_version()} on {os.cpu_count()} cores of {platform.machine()}"
        if options["json"]:
            report = {"subject": subject, "machine": machine} | {
                table.name: table.as_dict() for table in tables
            }
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
            return
        for table in tables:
            _show(table, Console())
        Console().print(machine, style="dim")


def _show(table: Table, console: Console) -> None:
    """On a narrow terminal the names in the first column wrap, and then lines do: a figure is never cut."""
    shown = _rich(table)
    least = Measurement.get(console, console.options.update(max_width=1000), shown).minimum
    padding = 2 * len(table.columns)  # which rich leaves out of a column's least width
    console.width = max(console.width, least + padding)
    console.print(shown)


def _rich(table: Table) -> RichTable:
    shown = RichTable(title=table.title, caption=table.note, title_justify="left", caption_justify="left")
    rows = [[_cell(row[key]) for key in table.columns] for row in table.rows]
    first, *others = table.columns.values()
    shown.add_column(first)
    for n, heading in enumerate(others, 1):
        widest = max((len(row[n]) for row in rows), default=0)
        shown.add_column(heading, justify="right", min_width=widest)
    for row in rows:
        shown.add_row(*row)
    return shown


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
