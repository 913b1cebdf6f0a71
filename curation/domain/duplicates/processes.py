"""The exact search spread over processes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context

from curation.domain.duplicates import cascade
from curation.domain.duplicates.grouping import owners_of, pairs_of_owners
from curation.domain.duplicates.matches import Pair, check_threshold
from curation.domain.duplicates.profiles import Profiles, profiled


def find_pairs_in_processes(texts: Sequence[str], threshold: float, processes: int = 2) -> list[Pair]:
    """The same as find_pairs, in several processes at once.

    Worth it from about 20,000 texts on: each process starts anew and receives all texts. Not from a process
    that may have no children, such as a Celery worker's.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.
    """
    check_threshold(threshold)
    owners = owners_of(texts)
    profiles = profiled(owners)
    with get_context("spawn").Pool(processes) as pool:
        shares = pool.map(partial(_share, profiles, threshold, processes), range(processes), chunksize=1)
    found = (part for share in shares for part in share)
    return pairs_of_owners([owners[text] for text in profiles.texts], found)


def _share(profiles: Profiles, threshold: float, processes: int, number: int) -> list[cascade.Found]:
    """Every so-manieth tile, since longer texts take longer."""
    tiles = cascade.tiles(profiles)[number::processes]
    return [found for tile in tiles for found in cascade.within(profiles, threshold, tile)]
