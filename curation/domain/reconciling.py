"""Who changed a file since it was exported: nobody, its folder, the studio, or both.

Everything here is content hashes. What both changed is a conflict for a person; what only the studio changed,
or what the studio had already, is older and never comes back by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Change = Literal["new", "changed", "unchanged", "older", "conflict"]

BOTH_CHANGED = "both-changed"  # the code of a conflict
OLDER_TEXT = "older-text"

MEANING = "The file and the studio's text were both changed since the export."
REMEDY = "Take the file, keep the studio's text, or merge them."
MEANING_UNKNOWN = "The studio has another text, and never had the one that this file was exported with."


def change_of(file: str, history: Sequence[str], *, base: str | None) -> Change:
    """What importing a file would do.

    Args:
        file: The content hash of the file.
        history: Those of the texts that the studio has had of its path, the present one last; empty: none.
        base: That of the file when it was exported, "" for one that was not; None where nobody knows.
    """
    if not history:
        return "new"
    present = history[-1]
    if file == present:
        return "unchanged"
    known = base is not None and base in history
    since = history[_last(history, base) + 1 :] if known else history
    if file in since or (known and file == base):
        return "older"
    return "changed" if base is None or base == present else "conflict"


def _last(history: Sequence[str], content_hash: str | None) -> int:
    return len(history) - 1 - list(reversed(history)).index(content_hash or "")
