"""What each piece of BBj source is coloured as: one table for the pages and for the editor.

The Pygments lexer (curation/views/highlighting.py) asks `classified`. The editor's mode applies the same
rules to the same patterns (static/source/classified.mjs), which it gets as JSON:

    python -m curation.domain.bbj.token_classes > static/source/token_classes.json

Source: docs/decisions/0011-one-table-of-token-classes.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from curation.domain.bbj import lexer, words
from curation.domain.bbj.lexer import SourceToken, lex


class TokenClass(NamedTuple):
    """A way to show a piece.

    Attributes:
        pygments: Dotted name below `pygments.token.Token`.
        css: Class of the span, which studio.css gives a colour in both themes; "" for no span.
    """

    pygments: str
    css: str


PLAIN = "plain"
TOKEN_CLASSES = {
    PLAIN: TokenClass("Text", ""),  # variables, signs, blanks, and whatever no rule takes
    "comment": TokenClass("Comment.Single", "tok-c1"),
    "string": TokenClass("String.Double", "tok-s2"),
    "hex string": TokenClass("String.Other", "tok-sx"),
    "mnemonic": TokenClass("String.Symbol", "tok-ss"),
    "number": TokenClass("Number", "tok-m"),
    "label": TokenClass("Name.Label", "tok-nl"),
    "namespace": TokenClass("Name.Namespace", "tok-nn"),
    "error": TokenClass("Error", "tok-err"),
    "member": TokenClass("Name.Function", "tok-nf"),
    "field": TokenClass("Name.Variable.Instance", "tok-vi"),
    "option": TokenClass("Name.Attribute", "tok-na"),
    "operator": TokenClass("Operator.Word", "tok-ow"),
    "function": TokenClass("Name.Builtin", "tok-nb"),
    "keyword": TokenClass("Keyword", "tok-k"),
    "type": TokenClass("Keyword.Type", "tok-kt"),
}


class Rule(NamedTuple):
    """Gives a piece its class when all that is said here holds; what is empty holds always.

    Attributes:
        kinds: The kinds of `lex`.
        words: What the piece is, in lower case.
        start: What it starts with.
        after, before: What its neighbours on the logical line are, in lower case.
    """

    token_class: str
    kinds: frozenset[str]
    words: frozenset[str] = frozenset()
    start: str = ""
    after: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()


def _kinds(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


_NAME = _kinds(lexer.NAME)
_KEYWORDS = words.VERBS | words.PARTS

RULES = (  # the first that fits decides
    Rule("comment", _kinds(lexer.COMMENT)),
    Rule("string", _kinds(lexer.STRING, lexer.OPEN_STRING)),
    Rule("hex string", _kinds(lexer.HEX_STRING)),
    Rule("mnemonic", _kinds(lexer.MNEMONIC)),
    Rule("number", _kinds(lexer.NUMBER)),
    Rule("label", _kinds(lexer.LABEL, lexer.LINE_NUMBER)),
    Rule("namespace", _kinds(lexer.PATH, lexer.RAW)),
    Rule("error", _kinds(lexer.FOREIGN, lexer.OTHER)),
    Rule("member", _NAME, after=frozenset({"."})),
    Rule("field", _NAME, start="#"),
    Rule("option", _NAME, words.OPTIONS, after=frozenset({"(", ","}), before=frozenset({"="})),
    Rule("operator", _NAME, words.OPERATORS),
    Rule("function", _NAME, words.FUNCTIONS, before=frozenset({"("})),
    Rule(PLAIN, _NAME, _KEYWORDS, before=frozenset({"="})),  # few verbs are reserved: start = 1
    Rule("keyword", _NAME, _KEYWORDS),
    Rule("type", _NAME, words.TYPES),
    Rule("type", _NAME, after=frozenset({"new", "declare", "auto", "extends", "implements"})),
    Rule("function", _NAME, words.FUNCTIONS & words.RESERVED),  # such as DAY and SYS, without parentheses
)

_CUT = re.compile(r"(?:\r\n|\r|\n):")  # what a continuation puts into the middle of a piece
_LINE_END = re.compile(r"(?>\r\n|\r|\n)(?!:)")
_FILLING = _kinds(lexer.BLANK, lexer.CONTINUATION, lexer.LINE_BREAK)


def classified(source: str) -> Iterator[tuple[str, SourceToken]]:
    """Every piece of the source with its key in TOKEN_CLASSES; the pieces joined give the source back."""
    pieces = lex(source)
    texts = [_joined(piece) for piece in pieces]
    following = _following(pieces, texts)
    before = ""
    for piece, text, after in zip(pieces, texts, following, strict=True):
        if piece.kind in _FILLING:
            yield PLAIN, piece
            before = "" if _LINE_END.search(piece.text) else before
        else:
            yield _class_of(piece.kind, text, before, after), piece
            before = text


def _joined(piece: SourceToken) -> str:
    """The piece as rules read it."""
    return _CUT.sub("", piece.text).lower()


def _following(pieces: list[SourceToken], texts: list[str]) -> list[str]:
    """For each piece the next one on its logical line that is not filling, or ""."""
    following, after = [], ""
    for piece, text in zip(reversed(pieces), reversed(texts), strict=True):
        following.append(after)
        if piece.kind not in _FILLING:
            after = text
        elif _LINE_END.search(piece.text):
            after = ""
    return following[::-1]


def _class_of(kind: str, text: str, before: str, after: str) -> str:
    for rule in RULES:
        if (
            kind in rule.kinds
            and (not rule.words or text in rule.words)
            and text.startswith(rule.start)
            and (not rule.after or before in rule.after)
            and (not rule.before or after in rule.before)
        ):
            return rule.token_class
    return PLAIN


def as_json() -> str:
    """The table, the rules and the lexer's patterns for the editor's mode."""
    table = {
        "patterns": {
            "token": _javascript(lexer.TOKEN_AT),
            "opening": _javascript(lexer.STATEMENT_OPENING),
            "blank": _javascript(lexer.BLANK_RUN),
            "static_call": _javascript(lexer.STATIC_CALL),
        },
        "kinds": lexer.KINDS,
        "classes": {name: shown.css for name, shown in TOKEN_CLASSES.items()},
        "rules": [
            {
                key: sorted(value) if isinstance(value, frozenset) else value
                for key, value in rule._asdict().items()
            }
            for rule in RULES
        ],
    }
    return json.dumps(table, indent=1, ensure_ascii=True) + "\n"


def _javascript(pattern: re.Pattern[str]) -> str:
    """A pattern of the lexer for a JavaScript RegExp with the flag u.

    It is written without blanks and comments, and the classes of characters have Python's meaning.
    """
    text = pattern.pattern
    if pattern.flags & re.VERBOSE:
        text = re.sub(r"(?<!\\)#.*|\s+", "", text)
    for python, javascript in (
        (r"[^\W\d]", r"[\p{L}\p{Nl}\p{No}_]"),
        (r"[\w", r"[\p{L}\p{N}_"),
        (r"\w", r"[\p{L}\p{N}_]"),
        (r"\d", r"\p{Nd}"),
        (r"[^\s", r"[^\s\x1c-\x1f\x85"),
        (r"[\s", r"[\s\x1c-\x1f\x85"),
        (r"\#", "#"),
    ):
        text = text.replace(python, javascript)
    return text


if __name__ == "__main__":
    print(as_json(), end="")
