"""The shape of a token: what the grammar needs to know of it.

Every numeric name is "n", every string "s", every verb itself. Lines of the same shape have the same reading,
which is kept: a program of many thousand lines has only some hundred shapes, and the costly part of the check
runs once for each.
"""

from __future__ import annotations

from functools import lru_cache

from curation.domain.bbj import lexer
from curation.domain.bbj.lexer import Token
from curation.domain.bbj.words import OPERATORS, OPTIONS, PARTS, RESERVED, SYSTEM_VARIABLES, VERBS

Shape = str
Shapes = tuple[Shape, ...]

END = ""  # behind the last shape

# Functions that take a channel, and so the options of one.
KEY_FUNCTIONS = frozenset({"key", "keyf", "keyl", "keyn", "keyp", "keyr", "ind", "sqlfetch"})
# Words that keep their own shape, in lower case. Any other name is "n" and its suffix.
KEYWORDS = VERBS | PARTS | OPERATORS | OPTIONS | RESERVED | KEY_FUNCTIONS
# ERR and TIM are reserved words, and values like the system variables.
NO_VALUES = RESERVED - SYSTEM_VARIABLES - {"err", "tim"}
STARTS_NAME = (
    frozenset({"n", "n$", "n%", "n!", "n@", "#n", "#n$", "#n%", "#n!", "#this!", "#super!"})
    | KEYWORDS - NO_VALUES
)
MEMBERS = frozenset({"n", "n$", "n%", "n!", "n@"}) | KEYWORDS  # behind a dot
TYPE_NAMES = frozenset({"n", "n@"}) | KEYWORDS
LABELS = frozenset({"n"}) | KEYWORDS - RESERVED | SYSTEM_VARIABLES
ENDS = frozenset({END, ";", "else", "fi", "endif", "comment"})  # of a statement

_SHAPE_OF_KIND = {
    lexer.STRING: "s",
    lexer.HEX_STRING: "s",
    lexer.OPEN_STRING: "s",
    lexer.MNEMONIC: "'",
    lexer.PATH: "path",
    lexer.LABEL: "label",
    lexer.LINE_NUMBER: "line",
    lexer.COMMENT: "comment",
    lexer.RAW: "raw",
}


def shapes_of(tokens: list[Token]) -> Shapes:
    """One shape for each token: a word, a sign, or one of the short names in this module."""
    known = _shape_of_name
    return tuple(
        [
            known(token.text)
            if token.kind is lexer.NAME
            else token.text
            if token.kind is lexer.SIGN
            else _SHAPE_OF_KIND.get(token.kind) or _shape_of_rest(token)
            for token in tokens
        ]
    )


@lru_cache(maxsize=32_768)
def _shape_of_name(text: str) -> Shape:
    lowered = text.lower()
    if lowered in KEYWORDS or lowered == "#this!" or lowered == "#super!":
        return lowered
    return ("#n" if text[0] == "#" else "n") + (text[-1] if text[-1] in "$%!@" else "")


def _shape_of_rest(token: Token) -> Shape:
    if token.kind == lexer.FOREIGN:
        return "+" if token.text == "++" else "foreign"  # a++b is a plus and a sign
    if token.kind == lexer.NUMBER:
        return "0" if token.text.isdigit() else "0."
    return "!" if token.text == "!" else "other"
