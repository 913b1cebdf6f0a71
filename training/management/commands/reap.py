"""Take back every run whose worker stopped answering. Beat does the same every few seconds."""

from __future__ import annotations

import json as jsonlib
from typing import Any

from django.core.management import BaseCommand, CommandParser

from training.models import Run
from training.services import reaping


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the runs as JSON")

    def handle(self, *, json: bool, **_: Any) -> None:
        runs = Run.objects.filter(pk__in=reaping.reap())
        if json:
            self.stdout.write(
                jsonlib.dumps({"taken_back": [{"run": run.pk, "state": run.state} for run in runs]})
            )
            return
        self.stdout.write(f"{len(runs)} runs taken back")
        for run in runs:
            self.stdout.write(f"  {run}: {run.get_state_display()}")
