"""How fast near-duplicates are found among a million texts. Takes about five minutes and 4 GB."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from studio.benchmarks import duplicate_texts, duplicates
from studio.benchmarks.measuring import Table

TEXTS = 1_000_000


def measure(say: Callable[[str], None]) -> list[Table]:
    """Args: say: Told what is measured next."""
    say(f"{TEXTS:,} texts: they are made first")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = duplicates.kept(list(duplicate_texts.texts(TEXTS)), Path(folder))
        say("the search, then a sample")
        rows = [duplicates.alone(file, "likely", 0.9)]
    return [
        Table(
            "million",
            f"find_likely_pairs() among {TEXTS:,} texts",
            duplicates.SIZE_COLUMNS,
            rows,
            duplicates.SIZE_NOTE,
        )
    ]
