"""Near-duplicates by rapidfuzz's normalised Indel similarity: exact, equal to brute force over all pairs.

`find_pairs` and `Index` compare the texts as given; `normalise` and `normalise_code` make them comparable.
How it works and what it costs: docs/near-duplicates.md
"""

from curation.domain.duplicates.banded import Likely, find_likely_pairs
from curation.domain.duplicates.edges import find_edges
from curation.domain.duplicates.grouping import clusters
from curation.domain.duplicates.index import Index, find_pairs
from curation.domain.duplicates.matches import (
    CODE_THRESHOLD,
    LEAST_CODE_TOKENS,
    WHOLE_THRESHOLD,
    Match,
    Pair,
)
from curation.domain.duplicates.normalising import normalise, normalise_code
from curation.domain.duplicates.processes import find_pairs_in_processes

__all__ = [
    "CODE_THRESHOLD",
    "LEAST_CODE_TOKENS",
    "WHOLE_THRESHOLD",
    "Index",
    "Likely",
    "Match",
    "Pair",
    "clusters",
    "find_edges",
    "find_likely_pairs",
    "find_pairs",
    "find_pairs_in_processes",
    "normalise",
    "normalise_code",
]
