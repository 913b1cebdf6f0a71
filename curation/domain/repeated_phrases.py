"""Phrases that one author repeats and nobody else writes: a signature, a boilerplate, or something planted.

A model learns such a phrase as readily as BBj. How often it has to stand there depends on how many of the
texts the author wrote. Three texts with a phrase that anybody might write are all of somebody who wrote a
tenth of all texts once in a thousand times; of somebody who wrote nine tenths, 66 texts are as often.

Time and memory grow with the number of words: four bytes are kept of each, and texts are let go. The phrase
itself is spelt from a text that holds it.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

LENGTH = 5  # words of the shortest phrase that counts
LEAST = 3  # groups of near-duplicates in which it stands, whoever wrote it
CHANCE = 0.001  # that as many texts are all of one author
LONGEST = 40  # words of a phrase that are spelt
AT_ONCE = 1 << 20  # words whose phrases are in memory

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_IN_CODE = re.compile(r'"([^"\n]*)"|(?:^|;)[ \t]*(?:\d+[ \t]+)?rem\b([^\n]*)', re.IGNORECASE | re.MULTILINE)
_BREAK = crc32(b"")  # between two pieces: no phrase goes across

Numbers = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Repeated:
    """One phrase. `start` counts the words of the first text in `texts` that holds it, breaks included."""

    author: int
    texts: tuple[int, ...]  # numbers as `add` gave them, ascending
    start: int
    length: int


def pieces_of_code(code: str) -> list[str]:
    """What is prose in a program: its strings and its comments."""
    return [string or comment for string, comment in _IN_CODE.findall(code)]


def words_of(pieces: Iterable[str]) -> list[str]:
    """The words of several pieces, with an empty one after each piece."""
    words: list[str] = []
    for piece in pieces:
        words += _WORD.findall(piece)
        words.append("")
    return words


def spell(pieces: Iterable[str], repeated: Repeated) -> str:
    """The phrase as the text with these pieces has it."""
    words = words_of(pieces)[repeated.start : repeated.start + min(repeated.length, LONGEST)]
    return " ".join(words) + (" …" if repeated.length > LONGEST else "")


def least_of(share: float) -> float:
    """In how many groups of texts a phrase has to stand whose author wrote this share of all texts."""
    return max(LEAST, math.log(CHANCE) / math.log(share)) if share < 1 else math.inf


class Phrases:
    """Collects texts, then says what is repeated."""

    def __init__(self) -> None:
        self._words = array("I")
        self._ends = array("q")
        self._authors = array("q")

    def add(self, author: int, pieces: Iterable[str]) -> int:
        """Returns the number of the text: 0, 1, 2 …"""
        self._words.extend(map(crc32, map(str.encode, map(str.casefold, words_of(pieces)))))
        self._ends.append(len(self._words))
        self._authors.append(author)
        return len(self._ends) - 1

    def repeated(self, groups: Sequence[int] | None = None) -> list[Repeated]:
        """Each phrase that only one author has, in too many texts for chance; the most texts first.

        Phrases that overlap and stand in the same texts are one, as long as they reach.

        Args:
            groups: For each text the number of its group of near-duplicates, which share phrases by nature.
        """
        places, grams = self._candidates()
        texts = np.searchsorted(np.frombuffer(self._ends, dtype=np.int64), places, side="right")
        authors = np.frombuffer(self._authors, dtype=np.int64)
        least = {author: least_of(times / len(authors)) for author, times in Counter(self._authors).items()}
        by_group = np.asarray(groups, dtype=np.int64) if groups is not None else np.arange(len(authors))
        found: dict[tuple[int, ...], list[int]] = {}
        for some in _of_one_author(grams, authors[texts], least):
            holders = np.unique(texts[some])
            if len(np.unique(by_group[holders])) >= least[int(authors[holders[0]])]:
                first = places[some][texts[some] == holders[0]].min()
                found.setdefault(tuple(holders.tolist()), []).append(int(first))
        phrases = [
            Repeated(int(authors[holders[0]]), holders, start - self._begin(holders[0]), length)
            for holders, starts in found.items()
            for start, length in _joined(sorted(starts))
        ]
        return sorted(phrases, key=lambda one: (-len(one.texts), -one.length, one.texts, one.start))

    def _begin(self, text: int) -> int:
        return self._ends[text - 1] if text else 0

    def _candidates(self) -> tuple[Places, Numbers]:
        """Where a phrase of LENGTH words begins that may stand in LEAST places, and its number."""
        words = np.frombuffer(self._words, dtype=np.uint32)
        bits = max(16, min(24, len(words).bit_length()))
        times = np.zeros(1 << bits, dtype=np.uint32)  # most phrases stand in one place and are let go by it
        for _, grams in _grams(words):
            np.add.at(times, grams >> np.uint64(64 - bits), 1)
        places, numbers = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
        for where, grams in _grams(words):
            often = times[grams >> np.uint64(64 - bits)] >= LEAST
            places.append(where[often])
            numbers.append(grams[often])
        return np.concatenate(places), np.concatenate(numbers)


def _grams(words: NDArray[np.uint32]) -> Iterator[tuple[Places, Numbers]]:
    """The place and the number of each phrase, some at a time."""
    for start in range(0, len(words) - LENGTH + 1, AT_ONCE):
        part = words[start : start + AT_ONCE + LENGTH - 1]
        size = len(part) - LENGTH + 1
        grams = np.zeros(size, dtype=np.uint64)
        whole = np.ones(size, dtype=bool)
        for n in range(LENGTH):
            grams *= np.uint64(0x9E3779B97F4A7C15)  # odd, so no bit is lost; it wraps around
            grams += part[n : n + size]
            grams ^= grams >> np.uint64(29)
            whole &= part[n : n + size] != _BREAK
        grams *= np.uint64(0x9E3779B97F4A7C15)  # the first bits depend on all words
        yield np.flatnonzero(whole) + start, grams[whole]


def _of_one_author(grams: Numbers, authors: Places, least: Mapping[int, float]) -> Iterator[Places]:
    """The positions of each number that is there often enough, and of one author each time."""
    if not len(grams):
        return
    order = np.argsort(grams, kind="stable")
    ordered, by = grams[order], authors[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    stops = np.r_[starts[1:], len(ordered)]
    alone = np.minimum.reduceat(by, starts) == np.maximum.reduceat(by, starts)
    wanted = alone & (stops - starts >= LEAST)
    for start, stop in zip(starts[wanted].tolist(), stops[wanted].tolist(), strict=True):
        if stop - start >= least[int(by[start])]:
            yield order[start:stop]


def _joined(starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of starts that overlap, as (start, words)."""
    begin = last = starts[0]
    for start in starts[1:]:
        if start >= last + LENGTH:
            yield begin, last - begin + LENGTH
            begin = start
        last = start
    yield begin, last - begin + LENGTH
