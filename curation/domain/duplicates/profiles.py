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

from collections.abc import Collection
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


def alphabet_of(texts: Strings) -> Alphabet:
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

    def __init__(self, alphabet: Alphabet, texts: Strings, counts: NDArray[Any], reduced: Strings) -> None:
        """The texts in any order; `reduced` is object [parts, texts], None for what is not made yet."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        order = np.argsort(lengths, kind="stable")
        self.alphabet = alphabet
        self.texts, self.lengths, self.counts = texts[order], lengths[order], counts[order]
        frequent, rare = self.counts[:, : BINS // 2], self.counts[:, : BINS // 2 - 1 : -1]
        self.coarse: NDArray[Any] = np.ascontiguousarray((frequent + rare).T)
        self._reduced = reduced[:, order]
        self._is_reduced = self._reduced.astype(bool)  # an empty one is made again, which takes no time

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

    def joined(self, others: Profiles) -> Profiles:
        """These and others, which are different ones of the same alphabet."""
        return Profiles(
            self.alphabet,
            np.concatenate((self.texts, others.texts)),
            np.concatenate((self.counts, others.counts)),
            np.concatenate((self._reduced, others._reduced), axis=1),
        )

    def where(self, kept: NDArray[np.bool_]) -> Profiles:
        """Some of them."""
        return Profiles(self.alphabet, self.texts[kept], self.counts[kept], self._reduced[:, kept])


def profiled(texts: Collection[str], alphabet: Alphabet | None = None) -> Profiles:
    """Different texts, prepared with their own alphabet, or with that of others to compare them with."""
    listed = np.empty(len(texts), object)
    listed[:] = list(texts)
    alphabet = alphabet or alphabet_of(listed)
    is_short = max(map(len, texts), default=0) <= np.iinfo(np.int16).max
    counts = np.empty((len(listed), BINS), np.int16 if is_short else np.int32)
    for place, text in enumerate(listed):
        bins = np.frombuffer(latin(text).translate(alphabet.bin_of), np.uint8)
        counts[place] = np.bincount(bins, minlength=BINS)
    return Profiles(alphabet, listed, counts, np.empty((len(alphabet.parts), len(listed)), object))


def latin(text: str) -> bytes:
    """A byte a character; "?" for those that Latin-1 lacks."""
    return text.encode("latin-1", "replace")
