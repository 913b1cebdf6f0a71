"""Check that nothing that was written once has changed."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.services import verifying
from training.services import storekeeping

# What is checked -> the check, which yields all that it finds.
CHECKS = {**verifying.CHECKS, **storekeeping.CHECKS}
MOST_TOLD = 1_000  # of each check; the count is the whole


class Command(BaseCommand):
    help = (
        "Compute every digest anew: of dataset versions, their rows and texts, of test tasks and of models. "
        "Says all that does not match; exit 1 if anything does not. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, **options: Any) -> None:
        found, counts = {}, {}
        for name, check in CHECKS.items():
            troubles = check()
            told = list(islice(troubles, MOST_TOLD))
            found[name], counts[name] = told, len(told) + sum(1 for _ in troubles)
        total = sum(counts.values())
        if options["json"]:
            rows = [
                {"check": name, "place": one.place, "says": one.says}
                for name, told in found.items()
                for one in told
            ]
            self.stdout.write(
                json.dumps({"ok": not total, "found": counts, "problems": rows}, ensure_ascii=False, indent=2)
            )
        else:
            for name, told in found.items():
                self.stdout.write(f"{name}: {'in order' if not counts[name] else f'{counts[name]} problems'}")
                for one in told:
                    self.stdout.write(f"  {one}")
        if total:
            raise CommandError(f"{total} problems. Train on nothing that is named; restore an older backup.")
