"""Blocks that are open at the end of a program: "probably cut off", a hint and never a compile error.

bbjcpl accepts a FOR without NEXT and an IF without FI. The hint serves triage: a model that ran out of tokens
leaves exactly this trace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from curation.domain.bbj.lexer import COMMENT, NAME, LogicalLine, Token

Place = tuple[int, int]  # physical line and column, counted from 1

_CLOSES = {
    "next": "for",
    "wend": "while",
    "until": "repeat",
    "swend": "switch",
    "fi": "if",
    "endif": "if",
    "fnend": "def",
    "methodend": "method",
    "classend": "class",
    "interfaceend": "interface",
}
_CLOSED_BY = {
    "for": "NEXT",
    "while": "WEND",
    "repeat": "UNTIL",
    "switch": "SWEND",
    "if": "FI",
    "def": "FNEND",
    "method": "METHODEND",
    "class": "CLASSEND",
    "interface": "INTERFACEEND",
}
_ENDS_ALL_INSIDE = frozenset({"fnend", "methodend", "classend", "interfaceend"})
_BEFORE_OPERANDS = frozenset(".=+-*/(,<>")
_BEHIND_NAMES = frozenset("=(.:")
_HAS_BLOCK_WORD = re.compile(r"\b(?:" + "|".join(sorted({*_CLOSES, *_CLOSED_BY})) + r")\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Open:
    word: str
    line: LogicalLine
    token: Token


def unclosed(lines: list[LogicalLine]) -> list[tuple[Place, str]]:
    """(place of the opening word, message) of every block that is open at the end, outermost first."""
    stack: list[_Open] = []
    for line in lines:
        if line.tokens and line.tokens[0].kind != COMMENT and _HAS_BLOCK_WORD.search(line.text):
            _follow(line, stack)
    return [
        (
            open_.line.position(open_.token.at),
            f"{open_.word.upper()} has no {_CLOSED_BY[open_.word]}: cut off?",
        )
        for open_ in stack
    ]


def _follow(line: LogicalLine, stack: list[_Open]) -> None:
    tokens = line.tokens
    single_line_ifs = 0
    starts = set(line.starts)
    for index, token in enumerate(tokens):
        if token.kind != NAME:
            continue
        word = token.text.lower()
        if word in _CLOSES:
            # FI also stands behind a statement without ";", as in: IF a THEN b=1 ELSE b=2 FI
            if index not in starts and not (word in ("fi", "endif") and _is_keyword(tokens, index)):
                continue
            if word in ("fi", "endif") and single_line_ifs:
                single_line_ifs -= 1
            elif _is_keyword(tokens, index):
                _close(word, stack)
        elif word in _CLOSED_BY and index in starts and _opens(tokens, index, word, stack):
            if word == "if" and not _goes_on_below(tokens, index):
                single_line_ifs += 1
            else:
                stack.append(_Open(word, line, token))


def _is_keyword(tokens: list[Token], index: int) -> bool:
    """Whether the word is no variable, member or label here."""
    before = tokens[index - 1].text if index else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return before not in _BEFORE_OPERANDS and after not in _BEHIND_NAMES


def _opens(tokens: list[Token], index: int, word: str, stack: list[_Open]) -> bool:
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if word == "repeat":
        return after is None or after.text == ";" or after.kind == COMMENT
    if after is None:
        return False
    if word == "if" or word == "while" or word == "switch":
        return after.text != "="
    if after.kind != NAME:
        return False
    if word == "method":
        return bool(stack) and stack[-1].word == "class"  # the methods of an interface have no METHODEND
    if word == "def":
        return _is_multi_line_def(tokens, index)
    return True


def _is_multi_line_def(tokens: list[Token], index: int) -> bool:
    """DEF FNX(a) without "=" behind its parameters goes on to FNEND."""
    depth = 0
    for token in tokens[index + 2 :]:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            following = tokens.index(token) + 1
            return following >= len(tokens) or tokens[following].text != "="
    return False


def _goes_on_below(tokens: list[Token], index: int) -> bool:
    """Whether this IF's THEN ends the line: then its branches follow on the next lines, up to FI."""
    for at in range(index + 1, len(tokens)):
        if tokens[at].kind == NAME and tokens[at].text.lower() == "then":
            return all(token.kind == COMMENT or token.text == ";" for token in tokens[at + 1 :])
    return False


def _close(word: str, stack: list[_Open]) -> None:
    wanted = _CLOSES[word]
    for at in range(len(stack) - 1, -1, -1):
        if stack[at].word == wanted:
            del stack[at:]
            return
        if stack[at].word in ("method", "class", "def", "interface") and word not in _ENDS_ALL_INSIDE:
            return  # NEXT inside a method never closes a FOR outside it
