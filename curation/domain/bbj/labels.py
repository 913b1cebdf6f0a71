"""Which labels a program uses, and whether they exist. Only references that can be nothing else count."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.domain.bbj.lexer import LABEL, LINE_NUMBER, NAME, NUMBER, LogicalLine, Token

Place = tuple[int, int]  # physical line and column, counted from 1

_WORTH_READING = re.compile(
    r"goto|gosub|exitto|seterr|setesc|restore|(?:err|end|dom|iol|tbl)\s*=", re.IGNORECASE
)
_JUMPS = frozenset({"goto", "gosub", "exitto"})
_HANDLERS = frozenset({"seterr", "setesc", "restore"})
_SWITCHES = frozenset({"on", "off"})
# ERR, IOL and TBL cannot be assigned: ", ERR=x" is an option wherever it stands. "(err=x)" is a comparison.
_OPTIONS = frozenset({"err", "iol", "tbl"})
# END and DOM can be variables: they are options only between the channel's parentheses, or of a key function.
_CHANNEL_OPTIONS = frozenset({"end", "dom"})
_VERBS = ("read", "input", "find", "extract", "write", "print")
_CHANNELS = frozenset(
    {
        *_VERBS,
        *(f"{verb}record" for verb in _VERBS),
        "record",
        "remove",
        "key",
        "keyf",
        "keyl",
        "keyn",
        "keyp",
    }
)
_ENDS = frozenset({",", ")", ";"})
_ENDING_WORDS = frozenset({"else", "fi", "endif"})


def problems(lines: list[LogicalLine]) -> list[tuple[Place, str, str, bool]]:
    """(place, code, message, certain) of every reference to a label or line that does not exist.

    A label counts as defined wherever it stands, also in another method: the check claims what it can know.
    """
    used = [
        (line, token) for line in lines if _WORTH_READING.search(line.text) for token in _references(line)
    ]
    if not used:
        return []
    names = _defined_labels(lines)
    firsts = (line.tokens[0] for line in lines if line.tokens)
    numbers = {first.text.lstrip("0") for first in firsts if first.kind == LINE_NUMBER}
    found = []
    for line, token in used:
        place = line.position(token.at)
        if token.kind == NAME and token.text.lower() not in names:
            found.append((place, "undefined-label", f"label {token.text} is used but not defined", True))
        elif token.kind == NUMBER and numbers and token.text.lstrip("0") not in numbers:
            message = f"line {token.text} is used but no line has that number"
            found.append((place, "undefined-line-number", message, False))
    return found


def _defined_labels(lines: list[LogicalLine]) -> set[str]:
    """Names in front of a colon. Those in masks and templates are taken too, to be on the safe side."""
    names = set()
    for line in lines:
        if ":" not in line.text:
            continue
        tokens = line.tokens
        for index, token in enumerate(tokens[:-1]):
            if token.kind == LABEL or (token.kind == NAME and tokens[index + 1].text == ":"):
                names.add(token.text.lower())
    return names


def _references(line: LogicalLine) -> Iterator[Token]:
    tokens = line.tokens
    starts = set(line.starts)
    opener: list[str] = []  # the word in front of each parenthesis that is open
    for index, token in enumerate(tokens):
        if token.text == "(":
            is_function = index > 0 and (index < 2 or tokens[index - 2].text != ".")
            opener.append(tokens[index - 1].text.lower() if is_function else "")
        elif token.text == ")":
            if opener:
                opener.pop()
        elif token.kind == NAME:
            word = token.text.lower()
            before = tokens[index - 1].text if index else ""
            if word in _JUMPS and before != ".":
                yield from _targets(tokens, index + 1)
            elif word in _HANDLERS and index in starts:
                yield from _targets(tokens, index + 1, only_one=True)
            elif _is_option(word, before, opener):
                yield from _option_value(tokens, index + 1)


def _is_option(word: str, before: str, opener: list[str]) -> bool:
    if word in _OPTIONS:
        return before == "," or (before == ")" and word == "iol")  # READ (1)IOL=customer
    return word in _CHANNEL_OPTIONS and before == "," and len(opener) == 1 and opener[0] in _CHANNELS


def _targets(tokens: list[Token], index: int, only_one: bool = False) -> Iterator[Token]:
    """The labels of GOTO a or ON x GOTO a,b. A star (*NEXT) or an expression ends the list."""
    while index < len(tokens) and _is_target(tokens, index):
        yield tokens[index]
        if only_one or index + 1 >= len(tokens) or tokens[index + 1].text != ",":
            return
        index += 2


def _option_value(tokens: list[Token], index: int) -> Iterator[Token]:
    if index + 1 < len(tokens) and tokens[index].text == "=" and _is_target(tokens, index + 1):
        yield tokens[index + 1]


def _is_target(tokens: list[Token], index: int) -> bool:
    token = tokens[index]
    if token.kind == NUMBER:
        if not token.text.isdecimal():
            return False
    elif (
        token.kind != NAME or not (token.text[-1].isalnum() or token.text[-1] == "_") or token.text[0] == "#"
    ):
        return False
    elif token.text.lower() in _SWITCHES:
        return False
    if index + 1 == len(tokens):
        return True
    after = tokens[index + 1].text
    return after in _ENDS or after.lower() in _ENDING_WORDS
