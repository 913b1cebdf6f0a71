"""The tokenizer of a base model, read from its folder; without torch, and without the model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

FILE = "tokenizer.json"
BUILT = "BUILT_FROM.json"  # training/recipes/tiny_base.py leaves it in a base that a rehearsal made
DEEPEST = 2  # folders below the shelf: Qwen2.5-Coder-7B/, Qwen/Qwen2.5-Coder-7B/, tiny/<digest>/


class UnreadableTokenizer(Exception):
    """A tokenizer.json that is none; the message names the file."""


class Encoded(NamedTuple):
    """Tokens, and for each where it begins and ends in the text, in characters."""

    ids: list[int]
    offsets: list[tuple[int, int]]


@dataclass(frozen=True)
class TrainingTokenizer:
    """`name` is the model's folder below the shelf; `of_rehearsal` when a rehearsal built it."""

    name: str
    of_rehearsal: bool
    file: Path

    def ids(self, text: str) -> list[int]:
        """The tokens of a text; control tokens in it count as such.

        Raises:
            UnreadableTokenizer: the file cannot be read.
        """
        return self.encode(text).ids

    def encode(self, text: str) -> Encoded:
        """The same with the place of each token in the text."""
        encoded = self._tokenizer().encode(text, add_special_tokens=False)
        return Encoded(encoded.ids, encoded.offsets)

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of many texts, on all cores."""
        batch = self._tokenizer().encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoded.ids for encoded in batch]

    def id_of(self, token: str) -> int | None:
        """The id of a control token, where the tokenizer has it."""
        found: int | None = self._tokenizer().token_to_id(token)
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the file: what is counted holds for it, wherever it lies."""
        try:
            return _digest(self.file, self.file.stat().st_mtime_ns)
        except OSError as error:
            raise UnreadableTokenizer(f"{self.file} cannot be read: {error.strerror}") from error

    def _tokenizer(self) -> Any:
        try:
            return _loaded(self.file, self.file.stat().st_mtime_ns)
        except OSError as error:
            raise UnreadableTokenizer(f"{self.file} cannot be read: {error.strerror}") from error


def training_tokenizer(shelf: Path) -> TrainingTokenizer | None:
    """The newest base model's; that of a rehearsal only where no other was put on the shelf."""
    return next(iter(training_tokenizers(shelf)), None)


def training_tokenizers(shelf: Path) -> list[TrainingTokenizer]:
    """Every base model's, the newest first, those of rehearsals last."""
    files = [file for depth in range(1, DEEPEST + 1) for file in shelf.glob("*/" * depth + FILE)]
    found = [
        TrainingTokenizer(str(file.parent.relative_to(shelf)), (file.parent / BUILT).exists(), file)
        for file in files
    ]
    return sorted(found, key=lambda one: (one.of_rehearsal, -one.file.stat().st_mtime_ns))


@lru_cache(maxsize=20)
def _digest(file: Path, _changed_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=2)
def _loaded(file: Path, _changed_ns: int) -> Any:
    """Reading one of 150,000 words takes half a second, so each process does it once."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library has one class for all that can be wrong
        raise UnreadableTokenizer(f"{file} is no tokenizer: {error}") from error
