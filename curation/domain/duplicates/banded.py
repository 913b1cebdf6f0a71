"""Near-duplicates among more texts than the exact way has time for: likely candidates, then the same judge.

Each text is a set of shingles, three words each. MinHash makes 256 numbers of a set, and two sets agree in
each of them with a probability of their Jaccard similarity. Texts that agree in all four numbers of at least
one of 64 bands are candidates: at a Jaccard similarity of .5 that is 98 % of pairs, at .7 all but one in
40 million. What is found is judged like everything else; a sample tells how much is not.

The numbers come from 4 hashes instead of 256: each sorts the shingles into 64 bins, and the smallest value in
a bin is a number. Source: Li, Owen and Zhang, "One Permutation Hashing" (2012).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from curation.domain.duplicates import cascade
from curation.domain.duplicates.grouping import owners_of, pairs_of_owners
from curation.domain.duplicates.matches import Pair, check_threshold
from curation.domain.duplicates.profiles import Places, Profiles, Strings, latin, profiled

BANDS = 64
_NUMBERS = 4  # of a band
_CHUNK = 1_000  # texts whose words are read at once
_BATCH = 100_000  # pairs that are compared at once
_NEIGHBOURS = 32  # of a text in one band; see find_likely_pairs
_NO_NUMBER = np.uint32(0xFFFF_FFFF)

_BLANK, _WORD, _SIGN = range(3)
_KIND = np.full(256, _SIGN, np.uint8)
_KIND[[ord(blank) for blank in " \t\r\n\f\v"]] = _BLANK
_KIND[[code for code in range(128) if chr(code).isalnum()] + [ord(sign) for sign in "_$!%"]] = _WORD
_KIND[192:] = _WORD

_random = np.random.default_rng(7)
# uint64 [256]: a word's number is the sum of its characters' numbers, and blanks add nothing.
_SIGN_NUMBERS = np.where(_KIND == _BLANK, 0, _random.integers(1, 2**64, 256, np.uint64))
_SHINGLE_FACTORS = _random.integers(0, 2**64, 3, np.uint64) | 1
_HASH_FACTORS = _random.integers(0, 2**64, _NUMBERS, np.uint64) | 1
_BAND_FACTORS = _random.integers(0, 2**32, _NUMBERS, np.uint32) | 1


@dataclass(frozen=True)
class Likely:
    """Near-duplicates of which some may be missing.

    Attributes:
        pairs: Sorted; each one is true, as find_pairs would tell it.
        sampled: How many texts were compared with all others, exactly, to see what is missing.
        true_pairs: How many pairs they have.
        found_pairs: How many of these are in `pairs`.
    """

    pairs: list[Pair]
    sampled: int
    true_pairs: int
    found_pairs: int


def find_likely_pairs(texts: Sequence[str], threshold: float, *, sample: int = 100, seed: int = 0) -> Likely:
    """Most pairs of texts with a similarity of at least `threshold`, and how many of a sample were found.

    For more than about 100,000 texts, or 10,000 below a threshold of .9: the time grows with the number of
    texts, where that of find_pairs grows with its square. When more than 32 texts agree in a band, each is
    compared with the 32 next longer ones only. So thousands of variants of one text do not make millions of
    candidates, but only some of their pairs are found.

    Args:
        sample: Texts to compare with all others. At 100,000 texts each takes about 10 ms.

    Raises:
        ValueError: threshold is outside 0 < t <= 1.
    """
    check_threshold(threshold)
    owners = owners_of(texts)
    profiles = profiled(owners)
    found = list(_judged(profiles, _candidates(profiles, threshold), threshold))
    numbers = [owners[text] for text in profiles.texts]
    asked = sorted(Random(seed).sample(range(len(profiles)), min(sample, len(profiles))))
    true, seen = _of_sample(profiles, asked, found, threshold)
    return Likely(pairs_of_owners(numbers, found), len(asked), len(true), len(true & seen))


def _of_sample(
    profiles: Profiles, asked: Sequence[int], found: Sequence[cascade.Found], threshold: float
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """(All pairs of the texts asked about, all pairs that were found), as places."""
    true = set()
    for place in asked:
        one = profiled([profiles.texts[place]], profiles.alphabet)
        for _, columns, _ in cascade.across(one, profiles, threshold):
            true |= {(min(place, other), max(place, other)) for other in columns.tolist() if other != place}
    seen = {pair for rows, columns, _ in found for pair in zip(rows.tolist(), columns.tolist(), strict=True)}
    return true, seen


def _judged(profiles: Profiles, candidates: NDArray[np.int64], threshold: float) -> Iterator[cascade.Found]:
    for start in range(0, len(candidates), _BATCH):
        rows, columns = _unpacked(candidates[start : start + _BATCH])
        yield cascade.judged(profiles, rows, profiles, columns, threshold)


def _candidates(profiles: Profiles, threshold: float) -> NDArray[np.int64]:
    """The packed pairs of places that agree in a band and have enough characters in common."""
    found = []
    for keys in band_keys(profiles.texts):
        for pairs in _agreeing(keys):
            for start in range(0, len(pairs), _BATCH):
                some = pairs[start : start + _BATCH]
                rows, columns = _unpacked(some)
                found.append(some[cascade.may_match(profiles, rows, profiles, columns, threshold)])
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _agreeing(keys: NDArray[np.uint32]) -> Iterator[NDArray[np.int64]]:
    """Packed pairs of places i < j with equal keys, first those next to each other, then further apart."""
    ordered = np.sort(keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64))
    key, place = ordered >> np.uint64(32), (ordered & np.uint64(0xFFFF_FFFF)).astype(np.int64)
    at = np.arange(len(keys))
    for step in range(1, _NEIGHBOURS + 1):
        at = at[at < len(keys) - step]
        at = at[key[at] == key[at + step]]
        if not at.size:
            return
        yield place[at] << 32 | place[at + step]


def _unpacked(pairs: NDArray[np.int64]) -> tuple[Places, Places]:
    return pairs >> 32, pairs & 0xFFFF_FFFF


def band_keys(texts: Strings) -> NDArray[np.uint32]:
    """uint32 [64, texts]: texts agree in a band when their keys in it are equal."""
    keys = np.empty((BANDS, len(texts)), np.uint32)
    for start in range(0, len(texts), _CHUNK):
        some = texts[start : start + _CHUNK]
        shingles, text_of = _shingles([latin(text) for text in some])
        numbers = (_numbers(shingles, text_of, len(some), factor) for factor in _HASH_FACTORS)
        mixed = sum(number * factor for number, factor in zip(numbers, _BAND_FACTORS, strict=True))
        keys[:, start : start + _CHUNK] = np.asarray(mixed).T
    return keys


def _shingles(texts: Sequence[bytes]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """(uint64 [shingles]: a number for three words in a row, int64 [shingles]: the text that they are of)."""
    # Two signs end each text, so that the last words and the only ones are in shingles too.
    codes = np.frombuffer(b"".join(text + b"\n\0\0" for text in texts), np.uint8)
    kind = _KIND[codes]
    begins = kind == _SIGN
    begins |= (kind == _WORD) & (np.concatenate(([_BLANK], kind[:-1])) != _WORD)
    starts = np.flatnonzero(begins)
    words = np.add.reduceat(_SIGN_NUMBERS[codes], starts)
    ends = np.cumsum([len(text) + 3 for text in texts])
    counts = np.diff(np.searchsorted(starts, ends), prepend=0)
    text_of = np.repeat(np.arange(len(texts)), counts)
    first, second, third = _SHINGLE_FACTORS
    shingles = words[:-2] * first + words[1:-1] * second + words[2:] * third
    within = text_of[:-2] == text_of[2:]
    return shingles[within], text_of[:-2][within]


def _numbers(
    shingles: NDArray[np.uint64], text_of: NDArray[np.int64], texts: int, factor: np.uint64
) -> NDArray[np.uint32]:
    """uint32 [texts, 64]: the smallest hash in each bin."""
    mixed = (shingles ^ shingles >> np.uint64(32)) * factor
    mixed ^= mixed >> np.uint64(29)
    mixed *= factor
    smallest = np.full(texts * BANDS, _NO_NUMBER)
    np.minimum.at(
        smallest,
        text_of * BANDS + (mixed >> np.uint64(58)).astype(np.int64),
        (mixed >> np.uint64(26)).astype(np.uint32),
    )
    numbers = smallest.reshape(texts, BANDS)
    # An empty bin borrows from the bins after it; otherwise short texts would agree in being empty there.
    for step in (1, 2, 4, 8, 16, 32):
        numbers = np.where(numbers == _NO_NUMBER, np.roll(numbers, -step, axis=1), numbers)
    return numbers
