"""The tokenizer of a base model, read from its folder; without torch, and without the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = "tokenizer.json"
BUILT = "BUILT_FROM.json"  # training/recipes/tiny_base.py leaves it in a base that a rehearsal made
DEEPEST = 2  # folders below the shelf: Qwen2.5-Coder-7B/, Qwen/Qwen2.5-Coder-7B/, tiny/<digest>/


class UnreadableTokenizer(Exception):
    """A tokenizer.json that is none; the message names the file."""


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
        encoded = _loaded(self.file, self.file.stat().st_mtime_ns).encode(text, add_special_tokens=False)
        ids: list[int] = encoded.ids
        return ids


def training_tokenizer(shelf: Path) -> TrainingTokenizer | None:
    """The newest base model's; that of a rehearsal only where no other was put on the shelf."""
    files = [file for depth in range(1, DEEPEST + 1) for file in shelf.glob("*/" * depth + FILE)]
    found = [
        TrainingTokenizer(str(file.parent.relative_to(shelf)), (file.parent / BUILT).exists(), file)
        for file in files
    ]
    return max(found, key=lambda one: (not one.of_rehearsal, one.file.stat().st_mtime_ns), default=None)


@lru_cache(maxsize=2)
def _loaded(file: Path, _changed_ns: int) -> Any:
    """Reading one of 150,000 words takes half a second, so each process does it once."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library has one class for all that can be wrong
        raise UnreadableTokenizer(f"{file} is no tokenizer: {error}") from error
