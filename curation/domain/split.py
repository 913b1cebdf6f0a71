"""Which side of train / validation a near-duplicate cluster is on, for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping


def split_of(group: str, *, seed: int, validation_per_mille: int = 100) -> str:
    """Put a group of near-duplicates into "train" or "validation", for ever.

    Args:
        group: Id shared by all near-duplicates, so that none sits on both sides.
        validation_per_mille: 0..1000; 100 is the 90/10 split.

    Adding examples never moves old ones: only `group` and `seed` decide.

    Raises:
        ValueError: validation_per_mille is outside 0..1000.

    Source: docs/decisions/0005-split-by-hash.md
    """
    if not 0 <= validation_per_mille <= 1000:
        raise ValueError(f"validation_per_mille={validation_per_mille} is outside 0..1000")
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return "validation" if int.from_bytes(digest[:8], "big") % 1000 < validation_per_mille else "train"


def cluster_id(content_hashes: Iterable[str], known: Mapping[str, str] | None = None) -> str:
    """The id of a cluster with these member texts.

    Args:
        content_hashes: Hash of each member; at least one.
        known: Cluster ids that earlier dataset versions gave to texts, by content hash. A cluster with such a
            member keeps that id, so that a new near-duplicate never moves the old text. When two old clusters
            grow together the smaller id is kept, and the other one may change sides: no hash can prevent
            that, but known_ids tells.

    Raises:
        ValueError: there is no member.
    """
    members = sorted(content_hashes)
    if not members:
        raise ValueError("a cluster has at least one member")
    inherited = known_ids(members, known or {})
    return inherited[0] if inherited else members[0]


def known_ids(content_hashes: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """The earlier ids of a cluster's members, sorted: none is a new cluster, several have grown together."""
    return sorted({known[member] for member in content_hashes if member in known})
