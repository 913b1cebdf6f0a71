"""Suggest which generation a program belongs to, with the places that say so. A person decides.

The traces are rows of generation_rules.py; this module finds them and weighs them.

Source: docs/offline-check.md ("Which generation")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from curation.domain.bbj import generation_rules as table
from curation.domain.bbj.generation_rules import RULES, GenerationRule
from curation.domain.bbj.lexer import (
    COMMENT,
    MNEMONIC,
    NAME,
    OPEN_STRING,
    RAW,
    STRING,
    LogicalLine,
    Token,
    logical_lines,
)

ORDER = ("character", "vpro5", "bbj-gui", "dwc")

_FAMILY = {
    table.CHARACTER: "character",
    table.VPRO5: "vpro5",
    table.OBJECTS: "the object API",
    table.GUI_ONLY: "the object API",
    table.DWC_ONLY: "the object API",
}
_SCREEN_VERBS = frozenset({"print", "input", "?", "inpute", "inputn"})


def _by_word(*places: str) -> Mapping[str, list[GenerationRule]]:
    rules: dict[str, list[GenerationRule]] = {}
    for rule in RULES:
        if rule.where in places:
            for word in rule.words:
                rules.setdefault(word.lower(), []).append(rule)
    return rules


def _alone(place: str) -> GenerationRule:
    return next(rule for rule in RULES if rule.where == place)


_WORDS = _by_word(table.NAME, table.MEMBER, table.CALL, table.VERB, table.SYSGUI_CALL)
_BEGINNINGS = tuple((word[:-1], rules) for word, rules in _WORDS.items() if word.endswith("*"))
_TERMINAL = _by_word(table.TERMINAL_MNEMONIC)
_CHANNEL = _by_word(table.CHANNEL_MNEMONIC)
_DOTTED = tuple((word, rules[0]) for word, rules in _by_word(table.DOTTED).items())
_IN_STRING = tuple((word, rules[0]) for word, rules in _by_word(table.IN_STRING).items())
_POSITION, _PROMPT = _alone(table.TERMINAL_POSITION), _alone(table.PROMPT)
_CLIENT_TYPE, _INFO = _alone(table.CLIENT_TYPE), _alone(table.INFO_CLIENT)
_WORD = re.compile(r"[^\W\d]\w*@?")


@dataclass(frozen=True)
class Evidence:
    """A trace of a generation in the source.

    Attributes:
        line, column: Physical, counted from 1.
        text: The characters that are the trace.
        generation: What it speaks for: "vpro5", or "bbj-gui, dwc" for both.
        rule: Id of the row in generation_rules.py.
        family: Traces of two families in one program make a person decide.
        strong: Whether the trace decides, or only asks for a look.
    """

    line: int
    column: int
    text: str
    generation: str
    rule: str
    family: str = ""
    strong: bool = True


@dataclass(frozen=True)
class Suggestion:
    """What the traces say.

    Attributes:
        labels: ("all",) without strong traces, else generations in the order of ORDER.
        evidence: Every trace, in the order of the source.
        ask_a_person: Traces contradict each other, or there are only weak ones.
        families: Families with strong traces, in the order in which they appear.
    """

    labels: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    ask_a_person: bool
    families: tuple[str, ...] = ()


def suggest_generation(source: str) -> Suggestion:
    """Suggest labels for a program. Never raises; "all" when nothing in it draws on a screen."""
    return suggest(logical_lines(source))


def suggest(lines: list[LogicalLine]) -> Suggestion:
    """The same for a program that is read already."""
    evidence = tuple(
        _evidence(line, *trace)
        for line in lines
        if line.tokens and line.tokens[0].kind != COMMENT
        for trace in sorted(_traces(line), key=lambda trace: trace[1])
    )
    return _weigh(evidence)


def _weigh(evidence: tuple[Evidence, ...]) -> Suggestion:
    strong = {e.generation for e in evidence if e.strong}
    families = tuple(dict.fromkeys(e.family for e in evidence if e.strong))
    if not strong:
        return Suggestion(("all",), evidence, ask_a_person=bool(evidence), families=families)
    both, gui, dwc = ", ".join(table.OBJECTS), table.GUI_ONLY[0], table.DWC_ONLY[0]
    labels = strong - {both}
    if both in strong and not labels & {gui, dwc}:
        labels |= set(table.OBJECTS)
    torn = {gui, dwc} <= strong
    may_be_browser = dwc not in labels or both in strong and not strong & {dwc}
    weak_browser = may_be_browser and any(not e.strong and e.generation == dwc for e in evidence)
    ask = len(families) > 1 or torn or weak_browser
    return Suggestion(tuple(label for label in ORDER if label in labels), evidence, ask, families)


Trace = tuple[GenerationRule, int, str]  # rule, offset in the joined line, text


def _evidence(line: LogicalLine, rule: GenerationRule, at: int, text: str) -> Evidence:
    number, column = line.position(at)
    family = _FAMILY[rule.speaks_for]
    return Evidence(number, column, text, ", ".join(rule.speaks_for), rule.id, family, rule.strong)


def _traces(line: LogicalLine) -> Iterator[Trace]:
    tokens = line.tokens
    screen = False
    for index, token in enumerate(tokens):
        kind = token.kind
        if kind == NAME:
            word = token.text.lower()
            if word in _WORDS:
                yield from _word_traces(line, index, _WORDS[word])
            elif word[-1] == "@":
                yield _CLIENT_TYPE, token.at, token.text
            elif word.startswith("on_"):
                for beginning, rules in _BEGINNINGS:
                    if word.startswith(beginning):
                        yield from _word_traces(line, index, rules)
            if word in ("javax", "info"):
                yield from _sequence_traces(line, index)
            elif word in _SCREEN_VERBS:
                screen = True
        elif kind in (STRING, OPEN_STRING):
            if "dwc-" in token.text:
                yield from _string_traces(token)
        elif kind == MNEMONIC or token.text == "?":
            screen = True
        elif kind == RAW:
            yield from _raw_traces(token)
    if screen:
        yield from _screen_traces(line)


def _word_traces(line: LogicalLine, index: int, rules: list[GenerationRule]) -> Iterator[Trace]:
    tokens = line.tokens
    before = tokens[index - 1].text if index else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    token = tokens[index]
    for rule in rules:
        where = rule.where
        if (
            where == table.NAME
            or (where == table.MEMBER and before == ".")
            or (where == table.CALL and after == "(" and before != ".")
            or (where == table.VERB and index in line.starts and after not in ("=", ":", "."))
            or (
                where == table.SYSGUI_CALL
                and before != "."
                and after == "("
                and _is_sysgui(tokens, index + 2)
            )
        ):
            yield rule, token.at, token.text


def _is_sysgui(tokens: list[Token], index: int) -> bool:
    """A number that is named like the SYSGUI channel; sysgui! with its suffix is an object."""
    name = tokens[index].text.lower() if index < len(tokens) else ""
    return "sysgui" in name and name[-1] not in "!$"


def _sequence_traces(line: LogicalLine, index: int) -> Iterator[Trace]:
    at = line.tokens[index].at
    text = line.text[at:]
    for word, rule in _DOTTED:
        if text.lower().startswith(word):
            yield rule, at, text[: len(word)]
    words = [token.text for token in line.tokens[index + 1 : index + 8]]
    if words == ["(", "3", ",", "6", ")", "=", '"6"']:
        last = line.tokens[index + 7]
        yield _INFO, at, line.text[at : last.at + len(last.text)]


def _string_traces(token: Token) -> Iterator[Trace]:
    for word, rule in _IN_STRING:
        found = token.text.lower().find(word)
        if found >= 0:
            yield rule, token.at + found, token.text[found : found + len(word)]
            return


def _raw_traces(token: Token) -> Iterator[Trace]:
    """Class names that a USE brings in."""
    for match in _WORD.finditer(token.text):
        for rule in _WORDS.get(match.group().lower(), ()):
            if rule.where == table.NAME:
                yield rule, token.at + match.start(), match.group()
        if match.group().endswith("@"):
            yield _CLIENT_TYPE, token.at + match.start(), match.group()
    for word, rule in _DOTTED:
        found = token.text.lower().find(word)
        if found >= 0:
            yield rule, token.at + found, token.text[found : found + len(word)]


def _screen_traces(line: LogicalLine) -> Iterator[Trace]:
    """Positions, prompts and mnemonics of PRINT and INPUT, apart for the terminal and for other channels."""
    tokens = line.tokens
    ends = [*line.starts[1:], len(tokens)]
    for start, end in zip(line.starts, ends, strict=True):
        verb = tokens[start].text.lower() if start < end else ""
        if verb not in _SCREEN_VERBS:
            continue
        first, channel = start + 1, ""
        if first + 1 < end and tokens[first].text == "(":
            channel = tokens[first + 1].text
            first = _behind_parentheses(tokens, first, end)
        if channel in ("", "0"):
            yield from _terminal_traces(tokens, first, end, verb)
            continue
        for token in tokens[first:end]:
            if token.kind == MNEMONIC:
                for rule in _CHANNEL.get(token.text[1:-1].lower(), ()):
                    yield rule, token.at, token.text


def _terminal_traces(tokens: list[Token], first: int, end: int, verb: str) -> Iterator[Trace]:
    depth = 0
    for index in range(first, end):
        token = tokens[index]
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
        elif token.text == "@" and index + 1 < end and tokens[index + 1].text == "(":
            yield _POSITION, token.at, "@("
        elif token.kind == MNEMONIC:
            for rule in _TERMINAL.get(token.text[1:-1].lower(), ()):
                yield rule, token.at, token.text
        elif token.kind == STRING and verb == "input" and depth == 0:
            yield _PROMPT, token.at, token.text


def _behind_parentheses(tokens: list[Token], opening: int, end: int) -> int:
    depth = 0
    for index in range(opening, end):
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
        if depth == 0:
            return index + 1
    return end
