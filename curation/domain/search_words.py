"""Words as the full-text index keeps them, the same for both databases: they only ever see these."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 60  # characters; a longer one is cut, in texts and in questions alike
MOST_ASKED = 12  # words of one question

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(text: str) -> str:
    """Every word of a text once, lower case, without accents, sorted, with blanks between them.

    `addToolButton` also gives toolbutton and button, so that "toolb" finds it; `read_record` gives two words.
    """
    found = set()
    for word in _WORD.findall(_plain(text)):
        found.add(word.lower()[:LONGEST_WORD])
        if not (word.islower() or word.isupper() or word.isdigit()):
            starts = (hump.start() for hump in _HUMP.finditer(word))
            found.update(word[start:].lower()[:LONGEST_WORD] for start in starts)
    return " ".join(sorted(found))


def asked_words(question: str) -> list[str]:
    """The words of a question, in its order; each is looked for as the beginning of a word."""
    words = (word.lower()[:LONGEST_WORD] for word in _WORD.findall(_plain(question)))
    return list(dict.fromkeys(words))[:MOST_ASKED]


def _plain(text: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char))
