"""Texts for the BBj benchmark: ordinary programs of any size, and inputs that a naive reader is slow on."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

_STRING = re.compile(r'("[^"\n]*")')
_NAME = re.compile(r"(?m)\b([A-Za-z]\w*)(?=[$!%])|^\s*([A-Za-z]\w*)(?=:(?!:)|\s*=)")
_KEPT = {"this", "super", "bbjapi", "if", "let", "for", "while", "until", "switch", "print"}


def programs(corpus: Path) -> Iterator[str]:
    """The shipped programs, again and again, each time with other names, numbers and strings.

    Raises:
        FileNotFoundError: There is no program in the folder.
    """
    originals = [file.read_text(encoding="utf-8") for file in sorted(corpus.rglob("*.bbj"))]
    if not originals:
        raise FileNotFoundError(f"{corpus} holds no .bbj file.")
    for copy in itertools.count():
        for text in originals:
            yield varied(text, copy)


def varied(text: str, copy: int) -> str:
    """The same program in other words, so that nothing remembered of one copy helps with the next."""
    names = {name for pair in _NAME.findall(text) for name in pair if name and name.lower() not in _KEPT}
    words = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b|\b\d+\b") if names else None

    def other(found: re.Match[str]) -> str:
        word = found[0]
        return str(int(word) + copy) if word.isdigit() else f"{word}_{copy}"

    pieces = _STRING.split(text)
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = f'{piece[:-1]} {copy}"' if len(piece) > 2 else piece
        elif words:
            pieces[index] = words.sub(other, piece)
    return "".join(pieces)


def of_lines(source: Iterator[str], lines: int) -> str:
    """So many lines of programs, one after the other."""
    found: list[str] = []
    while len(found) < lines:
        found += next(source).splitlines()
    return "\n".join(found[:lines]) + "\n"


def of_chars(source: Iterator[str], chars: int) -> str:
    """Programs of about so many characters, one after the other."""
    found, size = [], 0
    while size < chars:
        found.append(next(source))
        size += len(found[-1])
    return "\n".join(found)


def _repeated(piece: str) -> Callable[[int], str]:
    return lambda chars: (piece * (chars // len(piece) + 1))[:chars]


def _nested(chars: int) -> str:
    depth = chars // len("while 1\nwend\n")
    return "while 1\n" * depth + "wend\n" * depth


def _shapes(chars: int) -> str:
    """Every line begins and goes on in another way."""
    chance = random.Random(1)
    pieces = (
        "if",
        "print",
        "x$",
        "(",
        ")",
        '"',
        ";",
        "rem",
        "::",
        "#a!",
        "'CS'",
        "$0A$",
        "[",
        "]",
        "=",
        "then",
        ",",
    )
    lines, size = [], 0
    while size < chars:
        lines.append(" ".join(chance.choices(pieces, k=chance.randint(1, 20))))
        size += len(lines[-1]) + 1
    return "\n".join(lines)


def _noise(chars: int) -> str:
    return random.Random(2).randbytes(chars).decode("latin-1")


# Name -> a text of about so many characters.
HARD: dict[str, Callable[[int], str]] = {
    "one line": _repeated("total = total + 1 ; "),
    "one word": _repeated("a"),
    'only "("': _repeated("("),
    'only ")"': _repeated(")"),
    "only quotes": _repeated('"'),
    "continued lines": lambda chars: "x = 1" + _repeated("\n: + 1")(chars),
    "only ':' lines": _repeated(":\n"),
    "only spaces": _repeated(" "),
    "spaces before rem": lambda chars: "x = 1" + " " * chars + "rem",
    "nested blocks": _nested,
    "nested calls": lambda chars: "x = " + "f(" * (chars // 3) + ")" * (chars // 3),
    "one comment": lambda chars: "rem " + _repeated("word ")(chars),
    "only labels": lambda chars: "".join(f"label{number}:\n" for number in range(chars // 13)),
    "only gosubs": lambda chars: "".join(f"gosub there{number}\n" for number in range(chars // 17)),
    "lines of all shapes": _shapes,
    "random bytes": _noise,
    "only line ends": _repeated("\n"),
}
