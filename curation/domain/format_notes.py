"""What training-data/FORMAT.md says about each field and word, for pages: the tables are the one source."""

from __future__ import annotations

import re
from functools import cache

from curation.domain.schema import SCHEMA_FILE

FORMAT_FILE = SCHEMA_FILE.parents[1] / "FORMAT.md"
_NAME = re.compile(r"`([\w-]+)`")


@cache
def format_notes() -> dict[str, str]:
    """Markdown of one line for each field, type and generation that stands in the first column of a table."""
    notes: dict[str, str] = {}
    head: list[str] = []
    for line in FORMAT_FILE.read_text(encoding="utf-8").split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells or not head:
            head = cells
        elif name := _NAME.fullmatch(cells[0]):
            notes.setdefault(name[1], _note(head, cells))
    return notes


def _note(head: list[str], cells: list[str]) -> str:
    if head[0] != "type":
        return cells[-1]
    return ", ".join(f"{words} {cell}" for words, cell in zip(head[1:], cells[1:], strict=True))
