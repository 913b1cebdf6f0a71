"""Freeze everything approved into a dataset version."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.management.commands.import_examples import command_line_author, find_author
from curation.models import Snapshot
from curation.services import snapshotting


class Command(BaseCommand):
    help = "Freeze every approved example as dataset version NAME; same content, same version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="letters, digits, dots, hyphens and underscores")
        parser.add_argument("--seed", type=int, default=snapshotting.SEED, help="decides the split (7)")
        parser.add_argument("--author", metavar="NAME", help="who freezes it (command-line if not given)")
        parser.add_argument("--json", action="store_true", help="print the version and its gates as JSON")

    def handle(self, *, name: str, seed: int, author: str | None, **options: Any) -> None:
        if not 0 <= seed < 2**31:
            raise CommandError(
                f"--seed {seed} is not from 0 to {2**31 - 1}. Leave it out for {snapshotting.SEED}."
            )
        user = find_author(author) or command_line_author()
        known = set(Snapshot.objects.values_list("pk", flat=True))
        try:
            frozen = snapshotting.freeze(name=name, author=user, seed=seed)
        except snapshotting.FreezeRefused as error:
            raise CommandError(str(error)) from error
        new = frozen.pk not in known
        if options["json"]:
            shown = {"ok": True, "name": frozen.name, "digest": frozen.digest, "new": new, **frozen.report}
            self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))
            return
        sides = frozen.report["counts"]["examples"]
        self.stdout.write(
            f"{frozen.name} {'frozen' if new else 'holds exactly this content already'}: "
            f"{sides.get('train', 0)} training and {sides.get('validation', 0)} validation examples, "
            f"digest {frozen.digest[:12]}."
        )
        for gate in frozen.report["gates"]:
            if not gate["passed"]:
                self.stdout.write(f"  note: {gate['title']}: {gate['finding']}")
