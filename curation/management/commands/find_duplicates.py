"""Print the near-duplicates among the examples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.domain import markdown
from curation.models import Example
from curation.services import authoring, comparing, deduplicating, source_files


def similarity(word: str) -> float:
    """argparse type: a similarity above 0 and up to 1."""
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f'"{word}" is not a similarity above 0 and up to 1, such as 0.9')
    return value


class Command(BaseCommand):
    help = (
        "Print pairs of near-duplicates: of the files below PATH, or of the studio's examples, which brings "
        "the studio's page of near-duplicates up to date, too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "path", metavar="PATH", type=Path, nargs="?", help="folder; without it, the database"
        )
        parser.add_argument(
            "--threshold", type=similarity, default=0.9, help="least likeness of the texts (0.9)"
        )
        parser.add_argument("--json", action="store_true", help="print the pairs as JSON")

    def handle(self, *, path: Path | None, threshold: float, **options: Any) -> None:
        if path is None:
            comparing.compare()  # here and now; elsewhere a worker does it
        texts = of_folder(path) if path else of_database()
        docs = [doc for doc in (markdown.parse(text, path=name).doc for name, text in texts) if doc]
        items = [deduplicating.compared_example(doc, markdown.content_hash(doc.text)) for doc in docs]
        pairs = deduplicating.near_pairs(items, whole=threshold)
        if options["json"]:
            rows = [
                {"a": items[p.i].path, "b": items[p.j].path, "score": round(p.score, 6), "rule": p.rule}
                for p in pairs
            ]
            self.stdout.write(
                json.dumps({"texts": len(items), "threshold": threshold, "pairs": rows}, indent=2)
            )
            return
        for pair in sorted(pairs, key=lambda p: -p.score):
            self.stdout.write(f"{pair.score:.3f} {pair.rule}  {items[pair.i].path}  {items[pair.j].path}")
        skipped = (
            f" {len(texts) - len(items)} texts with errors were left out." if len(texts) > len(items) else ""
        )
        self.stdout.write(f"{len(items)} examples compared: {len(pairs)} near-duplicate pairs.{skipped}")


def of_database() -> list[tuple[str, str]]:
    return list(Example.objects.order_by("path").values_list("path", "head__text"))


def of_folder(path: Path) -> list[tuple[str, str]]:
    try:
        files = source_files.read_examples(path)
    except source_files.FolderRefused as error:
        raise CommandError(str(error)) from error
    return [
        (file.path, authoring.read(file.data, path=file.path).text) for file in files if file.data is not None
    ]
