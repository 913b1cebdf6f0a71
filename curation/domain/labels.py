"""The words an example may be labelled with (training-data/FORMAT.md)."""

from __future__ import annotations

from collections.abc import Sequence

TOPICS = ("gui", "database", "strings", "file-io", "control-flow", "oop", "dwc")
TYPES = ("completion", "comprehension", "migration", "explanation")
GENERATIONS = ("character", "vpro5", "bbj-gui", "dwc")
DIFFICULTIES = ("basic", "intermediate", "advanced")

GENERATION_NAMES = {
    "all": "every BBj generation",
    "character": "character BBj",
    "vpro5": "Visual PRO/5",
    "bbj-gui": "the BBj GUI (thick client)",
    "dwc": "the BBj Dynamic Web Client (DWC)",
}


def generations_of(generation: str | Sequence[str]) -> tuple[str, ...]:
    """Both spellings of a label as one tuple: "dwc" gives ("dwc",), ["bbj-gui", "dwc"] stays as written."""
    return (generation,) if isinstance(generation, str) else tuple(generation)
