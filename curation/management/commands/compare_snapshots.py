"""Say what changed between two dataset versions."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.models import Snapshot
from curation.services import contrasting, snapshotting

SIDES = ("hash", "split", "label", "terms")
FIELDS = (
    "kind",
    "words",
    "path",
    "path_before",
    *(f"{n}_{when}" for n in SIDES for when in ("before", "after")),
)


class Command(BaseCommand):
    help = "What changed from the older to the newer of two dataset versions: counts, then lists."

    def add_arguments(self, parser: CommandParser) -> None:
        for name in ("one", "other"):
            parser.add_argument(
                name, metavar="NAME|DIGEST", help="name, or 8 or more characters of the digest"
            )
        parser.add_argument("--json", action="store_true", help="print counts and every change as JSON")

    def handle(self, *, one: str, other: str, **options: Any) -> None:
        first, second = _version(one), _version(other)
        try:
            if not options["json"]:
                self.stdout.write(contrasting.changelog_between(first, second), ending="")
                return
            diff = contrasting.contrast(first, second)
        except contrasting.SameVersion as error:
            raise CommandError(str(error)) from error
        changes = contrasting.changes_of(diff).values(*FIELDS)
        shown = {
            "ok": True,
            "older": diff.older.name,
            "newer": diff.newer.name,
            "counts": contrasting.counts_of(diff),
            "settings": {one.name: [one.before, one.after] for one in contrasting.settings_of(diff)},
            "changes": [change | {"words": change["words"].split()} for change in changes],
        }
        self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))


def _version(name: str) -> Snapshot:
    found = snapshotting.find(name)
    if found is None:
        names = ", ".join(Snapshot.objects.values_list("name", flat=True)[:10])
        way_out = f"There are: {names}." if names else "Make one: manage.py build_snapshot NAME."
        raise CommandError(f'There is no dataset version "{name}". {way_out}')
    return found
