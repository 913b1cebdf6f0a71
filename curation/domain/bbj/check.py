"""The offline check: a few rules that are right whenever they fire, without a BBj installation.

It is advisory. What it refuses is broken; what it accepts may still be refused by bbjcpl, because it does not
parse expressions and knows no classes. Its figure is therefore called "offline check", never compile@1.

Source: docs/offline-check.md (every rule with a wrong and a right example)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from curation.domain.bbj import blocks, generation, labels
from curation.domain.bbj.lexer import (
    COMMENT,
    FOREIGN,
    HEX_STRING,
    LINE_NUMBER,
    NAME,
    NUMBER,
    OPEN_STRING,
    OTHER,
    RAW,
    STRING,
    LogicalLine,
    Token,
    logical_lines,
)

CHECK_VERSION = "offline check 1"

_PAIRS = {")": "(", "]": "["}
_SAID = {"(": ("unbalanced-parentheses", "parenthesis"), "[": ("unbalanced-brackets", "bracket")}
_BRACKET = re.compile(r"[()\[\]]")
_OPERATORS = frozenset("+-*/^<>=,(") | {"<=", ">=", "<>"}
_OPERANDS = frozenset({STRING, HEX_STRING, NUMBER, NAME})
_INSTEAD = {
    "==": "BBj compares with a single =",
    "+=": "write the variable on both sides: x = x + 1",
    "++": "write x = x + 1",
    "&&": "write AND",
    "||": "write OR",
    "//": "a comment starts with REM",
}


@dataclass(frozen=True, order=True)
class Finding:
    """What a rule says about one place.

    Attributes:
        line, column: Of the physical line, counted from 1.
        code: The rule's id in docs/offline-check.md.
        certain: True means the program is broken; False is a hint and never counts against it.
    """

    line: int
    column: int
    code: str
    message: str
    certain: bool = True


def check(source: str) -> list[Finding]:
    """Every finding, in the order of the source. Never raises, whatever the text is.

    A logical line gets at most one finding of the rules that read a line: the others would be its echoes.
    """
    lines = logical_lines(source)
    findings = [finding for line in lines if line.tokens and (finding := _check_line(line))]
    findings += [
        Finding(*place, code, message, certain) for place, code, message, certain in labels.problems(lines)
    ]
    findings += [
        Finding(*place, "unclosed-block", message, certain=False) for place, message in blocks.unclosed(lines)
    ]
    findings += _mixed_line_numbers(lines)
    suggestion = generation.suggest(lines)
    if len(suggestion.families) > 1:
        second = next(e for e in suggestion.evidence if e.family == suggestion.families[1])
        message = f"the program mixes {' and '.join(suggestion.families)}: choose the generation by hand"
        findings.append(Finding(second.line, second.column, "mixed-generations", message, False))
    return sorted(findings)


def _check_line(line: LogicalLine) -> Finding | None:
    tokens, text = line.tokens, line.text
    if tokens[0].kind == COMMENT:
        return None
    foreign = stray = None
    for token in tokens:
        kind = token.kind
        if kind == OPEN_STRING:
            return _finding(line, token, "unclosed-string", 'this string has no closing "')
        if kind == FOREIGN and foreign is None and not _may_be_signs(tokens, token):
            foreign = token
        elif kind == OTHER and token.text == "!" and stray is None:
            stray = token
    lowered = text.lower()
    if "use" in lowered and (finding := _statement_after_use(line)):
        return finding
    if "rem" in lowered and (finding := _rem_without_semicolon(line)):
        return finding
    if foreign is not None:
        message = f"{foreign.text} does not exist in BBj: {_INSTEAD[foreign.text]}"
        return _finding(line, foreign, "foreign-operator", message)
    if ("(" in text or ")" in text or "[" in text or "]" in text) and (finding := _unbalanced(line)):
        return finding
    if "def" in lowered and (finding := _def_without_fn(line)):
        return finding
    if stray is not None:
        meant = "not equal is <> in BBj" if text.startswith("!=", stray.at) else "a comment starts with REM"
        return _finding(line, stray, "stray-exclamation-mark", f"! stands alone here: {meant}", certain=False)
    return None


def _finding(line: LogicalLine, token: Token, code: str, message: str, certain: bool = True) -> Finding:
    return Finding(*line.position(token.at), code, message, certain)


def _may_be_signs(tokens: list[Token], token: Token) -> bool:
    """Whether "++" stands between two operands: a plus and a sign, odd but not foreign."""
    if token.text != "++":
        return False
    index = tokens.index(token)
    if not 0 < index < len(tokens) - 1:
        return False
    before, after = tokens[index - 1], tokens[index + 1]
    return (before.kind in _OPERANDS or before.text in (")", "]")) and (
        after.kind in _OPERANDS or after.text == "("
    )


def _unbalanced(line: LogicalLine) -> Finding | None:
    opened: list[Token] = []
    for token in line.tokens:
        sign = token.text
        if sign == "(" or sign == "[":
            opened.append(token)
        elif sign in _PAIRS:
            code, word = _SAID[_PAIRS[sign]]
            if not opened:
                return _finding(line, token, code, f"this {sign} closes no {word}")
            if opened.pop().text != _PAIRS[sign]:
                return _finding(line, token, code, f"this {sign} closes another kind of bracket")
    if opened:
        code, word = _SAID[opened[0].text]
        return _finding(line, opened[0], code, f"this {word} is not closed on its line")
    return None


def _statement_after_use(line: LogicalLine) -> Finding | None:
    tokens = line.tokens
    for index in line.starts:
        if index + 1 >= len(tokens) or tokens[index + 1].kind != RAW or tokens[index].text.lower() != "use":
            continue
        rest = [token for token in tokens[index + 2 :] if token.text != ";"]
        if rest and rest[0].kind != COMMENT:
            return _finding(line, rest[0], "statement-after-use", "after USE a line may hold only ; REM")
        return None
    return None


def _rem_without_semicolon(line: LogicalLine) -> Finding | None:
    """REM behind what can only be the end of an operand, so that it is neither a verb nor a variable."""
    tokens = line.tokens
    statement = 0  # where the present statement starts
    starts = set(line.starts)
    for index, token in enumerate(tokens):
        if index in starts:
            statement = index
            continue
        if token.kind != NAME or token.text.lower() != "rem" or not _follows_blank(line.text, token):
            continue
        if _is_unfinished_if(tokens, statement, index):
            continue
        if _certainly_ends_operand(tokens, statement, index - 1):
            message = "a comment behind a statement is written ; REM"
            return _finding(line, token, "rem-without-semicolon", message)
    return None


def _follows_blank(text: str, token: Token) -> bool:
    before, after = text[token.at - 1], text[token.at + 3 : token.at + 4]
    return before.isspace() and (not after or after.isspace())


def _certainly_ends_operand(tokens: list[Token], statement: int, index: int) -> bool:
    token = tokens[index]
    if token.kind in (STRING, HEX_STRING) or token.text == "]":
        return True
    if token.kind == NAME and token.text[-1] in "$%!":
        return True
    if token.kind in (NAME, NUMBER):
        return index > statement and tokens[index - 1].text in _OPERATORS
    return token.text == ")" and _opening_of(tokens, index) > statement + 2


def _opening_of(tokens: list[Token], closing: int) -> int:
    """Index of the ( that belongs to a ).

    Right behind the verb it holds a channel: READ (1) rem reads a variable.
    """
    depth = 0
    for index in range(closing, -1, -1):
        depth += (tokens[index].text == ")") - (tokens[index].text == "(")
        if depth == 0:
            return index
    return -1


def _is_unfinished_if(tokens: list[Token], statement: int, index: int) -> bool:
    """IF without THEN so far: what follows the condition is a statement, and may be a comment."""
    words = {token.text.lower() for token in tokens[statement:index]}
    return "if" in words and "then" not in words


def _def_without_fn(line: LogicalLine) -> Finding | None:
    tokens = line.tokens
    for index in line.starts:
        if index + 2 >= len(tokens) or tokens[index].kind != NAME or tokens[index].text.lower() != "def":
            continue
        name = tokens[index + 1]
        if name.kind == NAME and tokens[index + 2].text == "(" and not name.text.lower().startswith("fn"):
            message = f"the name of a function must start with FN: DEF FN{name.text}("
            return _finding(line, name, "def-without-fn", message)
    return None


def _mixed_line_numbers(lines: list[LogicalLine]) -> list[Finding]:
    """A hint at the first line that does otherwise than the first line of the program."""
    first = None
    for line in lines:
        if not line.tokens:
            continue
        numbered = line.tokens[0].kind == LINE_NUMBER
        if first is None:
            first = numbered
        elif numbered != first:
            message = "number all lines or none: this one " + ("has a number" if numbered else "has none")
            return [_finding(line, line.tokens[0], "mixed-line-numbers", message, certain=False)]
    return []
