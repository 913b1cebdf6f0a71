"""How many characters two texts have in common, at most: the bounds that spare the judge most of its work.

Two texts of m and n characters with a longest common subsequence of c have the similarity 2c / (m + n), so a
pair counts only when c >= t (m + n) / 2. What bounds c from above may drop pairs and never loses a true one:

- Of each character, a common subsequence takes no more than the text with fewer of it has. Counting several
  characters as one only makes the sum larger.
- Split the alphabet in two. A common subsequence holds one of the texts reduced to the first half and one of
  the texts reduced to the second, so c is at most the sum of the longest ones of both.

Source: docs/near-duplicates.md
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 64  # as many as normalised code has different characters
_SAMPLE = 500  # texts whose characters are counted to divide the alphabet
_PARTS = 0.1, 0.1, 0.15, 0.2  # of all characters are in each part that texts are reduced to, rarest first

Places = NDArray[np.int64]
Strings = NDArray[np.object_]


@dataclass(frozen=True)
class Part:
    """Some of the alphabet.

    Attributes:
        bins: Where these characters are counted.
        others: The Latin-1 characters that do not belong to it.
    """

    bins: slice
    others: bytes


@dataclass(frozen=True)
class Alphabet:
    """Which of the 256 Latin-1 characters is counted in which bin; all others count as "?".

    Attributes:
        bin_of: For each of the 256, its bin. The 63 most frequent have one each, in that order; the others
            share the last.
        parts: Disjoint. The first one are the rarest characters, which tell the most.
    """

    bin_of: bytes
    parts: tuple[Part, ...]


def alphabet_of(texts: Sequence[str]) -> Alphabet:
    """The alphabet of some texts, which serves any others too, only less well."""
    sample = latin("".join(texts[:: 1 + len(texts) // _SAMPLE]))
    found = np.bincount(np.frombuffer(sample, np.uint8), minlength=256)
    order = np.argsort(-found, kind="stable")
    bin_of = np.empty(256, np.uint8)
    bin_of[order] = np.minimum(np.arange(256), BINS - 1)
    share = np.cumsum(found[order][: BINS - 1]) / max(1, len(sample))
    first_bins = [int(bin) for bin in np.searchsorted(share, 1 - np.cumsum(_PARTS))]
    parts = []
    for first, end in zip(first_bins, [BINS, *first_bins], strict=False):
        outside = np.flatnonzero((bin_of < first) | (bin_of >= end))
        parts.append(Part(slice(first, end), bytes(outside.tolist())))
    return Alphabet(bin_of.tobytes(), tuple(parts))


class Profiles:
    """Different texts in order of length, prepared for comparing.

    Attributes:
        texts: object [texts], of str.
        lengths: int64 [texts].
        counts: int16 [texts, 64], int32 where a text is longer than 32,767: its characters, by bin.
        coarse: The same as [32, texts]: a bin for a frequent character and a rare one.
    """

    def __init__(self, texts: Sequence[str], alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.texts = np.empty(len(texts), object)
        self.texts[:] = sorted(texts, key=len)
        self.lengths = np.fromiter(map(len, self.texts), np.int64, len(texts))
        is_short = self.lengths.max(initial=0) <= np.iinfo(np.int16).max
        self.counts: NDArray[Any] = np.empty((len(texts), BINS), np.int16 if is_short else np.int32)
        for place, text in enumerate(self.texts):
            bins = np.frombuffer(latin(text).translate(alphabet.bin_of), np.uint8)
            self.counts[place] = np.bincount(bins, minlength=BINS)
        frequent, rare = self.counts[:, : BINS // 2], self.counts[:, : BINS // 2 - 1 : -1]
        self.coarse: NDArray[Any] = np.ascontiguousarray((frequent + rare).T)
        self._reduced: Strings = np.empty((len(alphabet.parts), len(texts)), object)
        self._is_reduced = np.zeros(self._reduced.shape, bool)

    def __len__(self) -> int:
        return len(self.texts)

    def reduced(self, part: int, places: Places) -> Strings:
        """All texts without what is outside this part of the alphabet.

        Made only for the places that are asked for, now or before; the others are None.
        """
        reduced, is_reduced = self._reduced[part], self._is_reduced[part]
        others = self.alphabet.parts[part].others
        for place in set(places[~is_reduced[places]].tolist()):
            reduced[place] = latin(self.texts[place]).translate(None, others)
            is_reduced[place] = True
        return reduced


def profiled(texts: Collection[str]) -> Profiles:
    """Different texts, prepared with an alphabet of their own."""
    listed = list(texts)
    return Profiles(listed, alphabet_of(listed))


def latin(text: str) -> bytes:
    """A byte a character; "?" for those that Latin-1 lacks."""
    return text.encode("latin-1", "replace")
