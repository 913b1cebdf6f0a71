"""Wake a worker for every queued run that nobody has claimed. Beat does the same every few seconds."""

from __future__ import annotations

import json as jsonlib
from typing import Any

from django.core.management import BaseCommand, CommandParser

from training.services import launching


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the run ids as JSON")

    def handle(self, *, json: bool, **_: Any) -> None:
        published = launching.publish_waiting()
        problem = launching.broker_problem()
        if json:
            self.stdout.write(jsonlib.dumps({"published": published, "problem": problem}))
            return
        self.stdout.write(f"{len(published)} runs published" + "".join(f" {run_id}" for run_id in published))
        if problem:
            self.stderr.write(problem)
