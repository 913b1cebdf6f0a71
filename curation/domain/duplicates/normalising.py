"""What makes texts comparable before they are compared."""

from __future__ import annotations

import re

_CONTINUATION = re.compile(r"\n:")
_CODE_TOKEN = re.compile(r'"[^"\n]*"?|[^\W\d]\w*[$%!]?|\d+|[^\w\s]')
_BEFORE_A_STATEMENT = frozenset((";", ":", "then", "else"))


def normalise(text: str) -> str:
    """Casefolded, with every run of blanks and line breaks as one blank."""
    return " ".join(text.casefold().split())


def normalise_code(code: str) -> str:
    """The token sequence of BBj code, joined by blanks: comments, line numbers, case and layout do not count.

    A line whose first column is ":" goes on with the one before. A blank inside a string becomes "·", so that
    splitting at blanks gives the tokens back.
    """
    tokens: list[str] = []
    for line in _CONTINUATION.sub("", code).casefold().split("\n"):
        found = _CODE_TOKEN.findall(line)
        if found and found[0].isdigit():
            del found[0]
        for place, token in enumerate(found):
            if token == "rem" and (place == 0 or found[place - 1] in _BEFORE_A_STATEMENT):
                del found[place:]
                break
        if found and found[-1] == ";":  # it separated the statement from the comment
            del found[-1]
        tokens += ("·".join(token.split()) for token in found)
    return " ".join(tokens)
