"""Freeze what is approved into a dataset version."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from curation.forms.snapshots import SelectionForm
from curation.management.commands.import_examples import command_line_author, find_author
from curation.models import Snapshot
from curation.services import gating, snapshotting

FILTERS = ("q", "path", "type", "topic", "generation", "difficulty", "tag")


def waiver(word: str) -> tuple[str, str]:
    """argparse type: CODE=REASON."""
    code, is_one, reason = word.partition("=")
    if not is_one or not code.strip() or not reason.strip():
        raise argparse.ArgumentTypeError(f'"{word}" is not CODE=REASON, such as coverage="a first version"')
    return code.strip(), reason.strip()


class Terminal(snapshotting.Onlooker):
    """Shows on one line how far it is, ten times a second at most."""

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream, self._stage, self._next = stream, "", 0.0

    def tell(self, stage: str, done: int, of: int) -> None:
        if stage == self._stage and time.monotonic() < self._next:
            return
        self._stage, self._next = stage, time.monotonic() + 0.1
        self._show(f"{stage}{f': {done:,} of {of:,}' if of else ''} … ")

    def end(self) -> None:
        self._show("")

    def _show(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}", style_func=str, ending="")
        self._stream.flush()


class Command(BaseCommand):
    help = (
        "Freeze approved examples as dataset version NAME; same content, same version. "
        "Each warning has to be waived with a reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="letters, digits, dots, hyphens and underscores")
        parser.add_argument("--seed", type=int, default=snapshotting.SEED, help="decides the split (7)")
        parser.add_argument(
            "--general-per-mille",
            type=int,
            default=0,
            help="share of general code in all rows that are trained on, in a thousand (0)",
        )
        parser.add_argument("--author", metavar="NAME", help="who freezes it (command-line if not given)")
        parser.add_argument("--json", action="store_true", help="print the version and its report as JSON")
        chosen = parser.add_argument_group(
            "what goes in", "as in the list of examples; together they narrow down"
        )
        for name in FILTERS:
            chosen.add_argument(
                f"--{name}", default="", help="the path's beginning" if name == "path" else None
            )
        chosen.add_argument("--no-conversations", action="store_true", help="leave conversations out")
        parser.add_argument(
            "--waive",
            metavar="CODE=REASON",
            type=waiver,
            action="append",
            default=[],
            help=f'freeze in spite of this warning; may be repeated; "{gating.ANY}=…" for whichever there is',
        )

    def handle(self, *, name: str, seed: int, author: str | None, **options: Any) -> None:
        if not 0 <= seed < 2**31:
            raise CommandError(
                f"--seed {seed} is not from 0 to {2**31 - 1}. Leave it out for {snapshotting.SEED}."
            )
        asked = SelectionForm(
            {one: options[one] for one in FILTERS}
            | {"conversations": "no" if options["no_conversations"] else ""}
            | {"general_per_mille": options["general_per_mille"]}
        )
        for field, errors in asked.errors.items():
            raise CommandError(f"--{field.replace('_', '-')}: {errors[0]}")
        user = find_author(author) or command_line_author()
        onlooker = Terminal(self.stderr) if self.stderr.isatty() else None
        known = set(Snapshot.objects.values_list("pk", flat=True))
        try:
            frozen = snapshotting.freeze(
                name=name,
                author=user,
                selection=asked.selection(),
                seed=seed,
                general_per_mille=asked.general(),
                waivers=dict(options["waive"]),
                onlooker=onlooker,
            )
        except snapshotting.FreezeRefused as error:
            raise CommandError(str(error)) from error
        finally:
            if onlooker:
                onlooker.end()
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
                waived = gate.get("waiver") or {}
                why = f" Waived by {waived['by']}: {waived['reason']}" if waived else ""
                self.stdout.write(f"  note: {gate['title']}: {gate['finding']}{why}")
