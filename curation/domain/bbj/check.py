"""The offline check: rules that are right whenever they fire, without a BBj installation.

It is advisory. What it refuses is broken; what it accepts may still be refused by bbjcpl, because it knows no
classes and leaves doubtful syntax alone. Its figure is therefore called "offline check", never compile@1.

Source: docs/offline-check.md (how the text is read), docs/rules/ (every rule, a wrong and a right example)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from curation.domain.bbj import generation, labels, structure
from curation.domain.bbj.grammar import NOTHING_SAID, Reading, read, shapes_of
from curation.domain.bbj.lexer import (
    COMMENT,
    FOREIGN,
    HEX_STRING,
    LINE_NUMBER,
    MNEMONIC,
    NAME,
    NUMBER,
    OPEN_STRING,
    STRING,
    LogicalLine,
    Token,
    logical_lines,
)
from curation.domain.bbj.rules import RULES
from curation.domain.bbj.structure import Found
from curation.domain.bbj.words import FUNCTIONS, NUMBER_ARGUMENTS

CHECK_VERSION = "offline check 2"
MOST_FINDINGS = 1_000  # certain ones, and as many hints

# Give text or a number, which have no members; the others may give an object.
_PLAIN_FUNCTIONS = FUNCTIONS - {"bbjapi", "cast", "field", "iff", "null"}
_MNEMONIC = re.compile(r"'[\w-]+'")
_PAIRS = {")": "(", "]": "["}
_SAID = {"(": ("unbalanced-parentheses", "parenthesis"), "[": ("unbalanced-brackets", "bracket")}
_OPERANDS = frozenset({STRING, HEX_STRING, NUMBER, NAME})
_OPERATOR_INSTEAD = {
    "==": "BBj compares with a single =",
    "+=": "write the variable on both sides: x = x + 1",
    "++": "write x = x + 1",
    "&&": "write AND",
    "||": "write OR",
    "//": "a comment starts with REM",
}
_STATEMENT_INSTEAD = {
    "async": "there is nothing like it in BBj",
    "catch": "errors are caught with ERR=label or SETERR",
    "const": "BBj has no constants: assign a variable",
    "do": "write WHILE … WEND or REPEAT … UNTIL",
    "elif": "write ELSE, and IF on the next line",
    "elseif": "write ELSE, and IF on the next line",
    "endfunction": "a function ends with FNEND",
    "endwhile": "WHILE ends with WEND",
    "exec": "write EXECUTE",
    "finally": "errors are caught with ERR=label or SETERR",
    "foreach": "write FOR name = first TO last",
    "function": "write DEF FNname(…) or, in a class, METHOD",
    "import": "write USE",
    "integer": "variables are not declared by type: the suffix tells it",
    "loop": "write WHILE … WEND or REPEAT … UNTIL",
    "private": "write METHOD PRIVATE or FIELD PRIVATE, inside a class",
    "procedure": "write a label and GOSUB it, or DEF FNname(…)",
    "public": "write METHOD PUBLIC or CLASS PUBLIC",
    "sub": "write a label and GOSUB it, or DEF FNname(…)",
    "try": "errors are caught with ERR=label or SETERR",
    "var": "variables are not declared: assign one",
}
# What other BASICs call so is a variable in BBj, and its parentheses take a part of it.
_FUNCTION_INSTEAD = {
    "chr$": "CHR(number)",
    "hex$": "HTA(text$)",
    "instr": 'POS("part"=text$)',
    "lcase$": "CVS(text$,8)",
    "left$": "text$(1,length)",
    "ltrim$": "CVS(text$,1)",
    "mid$": "text$(first,length)",
    "right$": "text$(len(text$)-length+1)",
    "rtrim$": "CVS(text$,2)",
    "space$": "FILL(length)",
    "str$": "STR(number)",
    "string$": 'FILL(length,"x")',
    "trim$": "CVS(text$,3)",
    "ucase$": "CVS(text$,4)",
    "val": "NUM(text$)",
}


@dataclass(frozen=True, order=True)
class Finding:
    """What a rule says about one place.

    Attributes:
        line, column: Of the physical line, counted from 1.
        code: The rule's id, a key of rules.RULES and a page in docs/rules/.
        certain: True means the program is broken; False is a hint and never counts against it.
    """

    line: int
    column: int
    code: str
    message: str
    certain: bool = True


def check(source: str) -> list[Finding]:
    """Every finding, in the order of the source, up to MOST_FINDINGS. Never raises, whatever the text is.

    A logical line gets at most one finding of the rules that read a line: the others would be its echoes.
    """
    lines = logical_lines(source)
    readings = [
        (line, read(shapes_of(line.tokens))) if line.tokens else (line, NOTHING_SAID) for line in lines
    ]
    found = chain(
        chain.from_iterable(_line_problems(*pair) for pair in readings if pair[0].tokens),
        labels.problems(readings),
        structure.problems(readings),
        _numbering(readings),
        _fields_without_class(readings),
        _functions_without_def(readings),
        _functions_of_other_basics(lines),
    )
    return sorted(_first(_finding(*each) for each in found) | _mixed_generations(lines))


def _first(findings: Iterator[Finding]) -> set[Finding]:
    """The certain ones and the hints, MOST_FINDINGS of each: a hostile text gives one a character."""
    certain: set[Finding] = set()
    hints: set[Finding] = set()
    for finding in findings:
        kind = certain if finding.certain else hints
        if len(kind) < MOST_FINDINGS:
            kind.add(finding)
        elif len(certain) == MOST_FINDINGS:
            break
    return certain | hints


def _finding(line: LogicalLine, at: int, code: str, more: str) -> Finding:
    token = line.tokens[at]
    text = token.text if len(token.text) <= 40 else token.text[:40] + "…"
    rule = RULES[code]
    return Finding(*line.position(token.at), code, rule.says.format(text=text, more=more), rule.certain)


def _line_problems(line: LogicalLine, reading: Reading) -> Iterator[Found]:
    """At most one problem, the most telling first: a string that never ends makes all else look wrong."""
    found = _character_problem(line) or _unbalanced(line) or _syntax_problem(line, reading)
    if found is None:
        found = next(chain(_def_without_fn(line, reading), _kinds(line, reading), _mnemonics(line)), None)
    if found is not None:
        yield (line, *found)


Problem = tuple[int, str, str]  # index of the token, rule, what it found out


def _character_problem(line: LogicalLine) -> Problem | None:
    for index, token in enumerate(line.tokens):
        if token.kind is OPEN_STRING:
            return index, "unclosed-string", ""
    for index, token in enumerate(line.tokens):
        if token.kind is FOREIGN and not _may_be_signs(line.tokens, index):
            return index, "foreign-operator", _OPERATOR_INSTEAD[token.text]
    return None


def _may_be_signs(tokens: list[Token], index: int) -> bool:
    """Whether "++" stands between two operands: a plus and a sign, odd but not foreign."""
    if tokens[index].text != "++" or not 0 < index < len(tokens) - 1:
        return False
    before, after = tokens[index - 1], tokens[index + 1]
    return (before.kind in _OPERANDS or before.text in (")", "]")) and (
        after.kind in _OPERANDS or after.text == "("
    )


def _unbalanced(line: LogicalLine) -> Problem | None:
    text = line.text
    if not ("(" in text or ")" in text or "[" in text or "]" in text):
        return None
    opened: list[int] = []
    for index, token in enumerate(line.tokens):
        sign = token.text
        if sign == "(" or sign == "[":
            opened.append(index)
        elif sign in _PAIRS:
            code, word = _SAID[_PAIRS[sign]]
            if not opened:
                return index, code, f"this {sign} closes no {word}"
            if line.tokens[opened.pop()].text != _PAIRS[sign]:
                return index, code, f"this {sign} closes another kind of bracket"
    if opened:
        code, word = _SAID[line.tokens[opened[0]].text]
        return opened[0], code, f"this {word} is not closed on its line"
    return None


def _syntax_problem(line: LogicalLine, reading: Reading) -> Problem | None:
    problem = reading.problem
    if problem is None:
        return None
    token = line.tokens[problem.at]
    if token.text == "!":
        meant = "a comment starts with REM"
        if line.text.startswith("!=", token.at):
            meant = "not equal is written <>"
        return problem.at, "stray-exclamation-mark", meant
    more = ""
    if problem.code == "unknown-statement":
        more = _STATEMENT_INSTEAD.get(
            token.text.lower(), "BBj has no such verb, and nothing is assigned or called"
        )
    return problem.at, problem.code, more


def _def_without_fn(line: LogicalLine, reading: Reading) -> Iterator[Problem]:
    for at in reading.functions:
        if not line.tokens[at].text.lower().startswith("fn"):
            yield at, "def-without-fn", ""


def _kinds(line: LogicalLine, reading: Reading) -> Iterator[Problem]:
    """Text where a number belongs and the other way round, and members of what is no object."""
    for at in reading.mismatches:
        name = line.tokens[at].text
        if name[-1] == "$":
            yield at, "type-mismatch", f"{name} holds text, and this is a number: STR() makes text of it"
        else:
            yield (
                at,
                "type-mismatch",
                f"{name} holds a number, and this is text: write {name}$, or NUM() of it",
            )
    for at in reading.members:
        if line.tokens[at].text.lower() in _PLAIN_FUNCTIONS:
            yield at, "member-of-plain-value", ""
    for function, place, at in reading.texts:
        name = line.tokens[function].text
        if place in NUMBER_ARGUMENTS.get(name.lower(), ()):
            yield at, "argument-kind", f"{name.upper()}() wants a number at place {place + 1}"


def _mnemonics(line: LogicalLine) -> Iterator[Problem]:
    if "'" not in line.text:
        return
    for index, token in enumerate(line.tokens):
        if token.kind is MNEMONIC and not _MNEMONIC.fullmatch(token.text):
            yield index, "mnemonic-form", ""


def _numbering(readings: Sequence[tuple[LogicalLine, Reading]]) -> Iterator[Found]:
    """Numbered statements below unnumbered ones; a hint where it is the other way round.

    Classes are left alone: in them, and where numbers stand on lines of their own, the compiler mixes.
    """
    numbered_first: bool | None = None
    for line, reading in readings:
        if reading.class_name is not None:
            return
        if not line.tokens or line.tokens[0].kind is COMMENT:
            continue
        numbered = line.tokens[0].kind is LINE_NUMBER
        if numbered and len(line.tokens) == 1:
            return
        if numbered_first is None:
            numbered_first = numbered
        elif numbered != numbered_first:
            yield line, 0, "number-in-unnumbered-program" if numbered else "mixed-line-numbers", ""
            return


def _fields_without_class(readings: Sequence[tuple[LogicalLine, Reading]]) -> Iterator[Found]:
    if any(reading.class_name is not None or reading.header for _, reading in readings):
        return
    for line, _ in readings:
        if "#" not in line.text:
            continue
        for index, token in enumerate(line.tokens):
            if token.kind is NAME and token.text[0] == "#":
                yield line, index, "class-field-outside", ""
                return


def _functions_without_def(readings: Sequence[tuple[LogicalLine, Reading]]) -> Iterator[Found]:
    """Each once. A hint only: FNAME$(1,5) may also be a part of the variable FNAME$."""
    known = {line.tokens[at].text.lower() for line, reading in readings for at in reading.functions}
    for line, _ in readings:
        if "fn" not in line.text.lower():
            continue
        tokens = line.tokens
        for index, token in enumerate(tokens[:-1]):
            name = token.text.lower()
            if (
                token.kind is NAME
                and name.startswith("fn")
                and name not in known
                and tokens[index + 1].text == "("
                and (not index or tokens[index - 1].text != ".")
            ):
                known.add(name)
                yield line, index, "undefined-function", ""


def _functions_of_other_basics(lines: Sequence[LogicalLine]) -> Iterator[Found]:
    """LEFT$(a$,3) and its kin, unless the program has a variable of that name."""
    called: list[Found] = []
    variables = set()
    for line in lines:
        tokens = line.tokens
        for index, token in enumerate(tokens):
            if token.kind is not NAME or token.text.lower() not in _FUNCTION_INSTEAD:
                continue
            name = token.text.lower()
            if index and tokens[index - 1].text == ".":
                continue
            if index + 1 < len(tokens) and tokens[index + 1].text == "(":
                called.append((line, index, "other-basic-function", _FUNCTION_INSTEAD[name]))
            else:
                variables.add(name)
    yield from (found for found in called if found[0].tokens[found[1]].text.lower() not in variables)


def _mixed_generations(lines: list[LogicalLine]) -> set[Finding]:
    suggestion = generation.suggest(lines)
    if len(suggestion.families) < 2:
        return set()
    second = next(e for e in suggestion.evidence if e.family == suggestion.families[1])
    rule = RULES["mixed-generations"]
    message = rule.says.format(text=second.text, more=" and ".join(suggestion.families))
    return {Finding(second.line, second.column, "mixed-generations", message, rule.certain)}
