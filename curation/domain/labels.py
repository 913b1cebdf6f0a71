"""The words an example may be labelled with (training-data/FORMAT.md)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

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


# What the keys 1 to 6 stand for where people label, as `generation_label` writes it.
KEYED_LABELS = ("all", "character", "vpro5", "bbj-gui", "dwc", "bbj-gui dwc")


def generations_of(generation: str | Sequence[str]) -> tuple[str, ...]:
    """Both spellings of a label as one tuple: "dwc" gives ("dwc",), ["bbj-gui", "dwc"] stays as written."""
    return (generation,) if isinstance(generation, str) else tuple(generation)


def generation_label(generations: Sequence[str]) -> str:
    """A label as words in one order, whatever the order it was written in: "all", "bbj-gui dwc"."""
    return " ".join(sorted(generations, key=(*GENERATIONS, "all").index))


def is_label(generations: Sequence[str]) -> bool:
    """Whether a text can say so: "all" alone, or some of GENERATIONS, each once."""
    words = set(generations)
    if len(words) < len(generations):
        return False
    return words == {"all"} or bool(words) and words <= set(GENERATIONS)


def labels_with(generation: str) -> list[str]:
    """Every `generation_label` that names this generation; "all" is named by itself alone."""
    if generation not in GENERATIONS:
        return [generation]
    choices = (
        chosen for size in range(1, len(GENERATIONS) + 1) for chosen in combinations(GENERATIONS, size)
    )
    return [generation_label(chosen) for chosen in choices if generation in chosen]


def objection(label: str, vote: str) -> str:
    """What a reviewer writes who finds another label right; both as `generation_label` gives them."""
    return f"generation: {', '.join(vote.split())} instead of {', '.join(label.split())}"
