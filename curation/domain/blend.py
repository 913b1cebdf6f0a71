"""Which general examples a dataset version takes beside its BBj, and how many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

MOST_PER_MILLE = 500


def needed(rows: int, per_mille: int) -> int:
    """How many general rows make `per_mille` of all training rows, when there are `rows` others.

    Raises:
        ValueError: per_mille is outside 0..MOST_PER_MILLE.
    """
    if not 0 <= per_mille <= MOST_PER_MILLE:
        raise ValueError(f"per_mille={per_mille} is outside 0..{MOST_PER_MILLE}")
    others = 1000 - per_mille
    return (rows * per_mille + others // 2) // others


def chosen(content_hashes: Iterable[str], *, seed: int, count: int) -> list[str]:
    """The first `count` in an order that only the seed and the text of each decide.

    So a larger share, or more BBj, adds to those that were chosen; a new text displaces one at most.
    """

    def place(content_hash: str) -> tuple[bytes, str]:
        return hashlib.sha256(f"general:{seed}:{content_hash}".encode()).digest(), content_hash

    return sorted(content_hashes, key=place)[:count]
