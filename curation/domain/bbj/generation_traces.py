"""Find the traces of a BBj generation in a program: the rows of generation_rules.toml, at their places.

Source: docs/generations.md
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
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


@dataclass(frozen=True)
class Evidence:
    """A trace of a generation in the source.

    Attributes:
        line, column, end: Physical, counted from 1; `end` is the column behind the last character.
        text: What stands there. Of a trace that a continuation line cuts in two, the first part.
        generations: What it speaks for: ("vpro5",), or ("bbj-gui", "dwc") for both.
        rule: Id of the row in generation_rules.toml.
        family: Traces of two families in one program make a person decide.
        strong: Whether the trace decides, or only asks for a look.
    """

    line: int
    column: int
    end: int
    text: str
    generations: tuple[str, ...]
    rule: str
    family: str
    strong: bool

    @property
    def generation(self) -> str:
        """What it speaks for, in words."""
        return ", ".join(self.generations)


Trace = tuple[GenerationRule, int, str]  # rule, offset in the joined line, text


def find_traces(lines: Sequence[LogicalLine], first_line: int = 1) -> Iterator[Evidence]:
    """Every trace, in the order of the source; lines count from `first_line`."""
    channels = _sysgui_channels(lines)
    for line in lines:
        if line.tokens and line.tokens[0].kind != COMMENT:
            for rule, at, text in sorted(_traces(line, channels), key=lambda trace: trace[1]):
                yield _evidence(line, rule, at, text, first_line)


def _evidence(line: LogicalLine, rule: GenerationRule, at: int, text: str, first_line: int) -> Evidence:
    number, column = line.position(at)
    if line.position(at + len(text) - 1)[0] != number:
        text = text[: next(n for n in range(len(text)) if line.position(at + n)[0] != number)]
    return Evidence(
        line=number + first_line - 1,
        column=column,
        end=column + len(text),
        text=text,
        generations=rule.generations,
        rule=rule.id,
        family=rule.family,
        strong=rule.strong,
    )


# The table by where a rule looks, and there by word, so that a token is looked up once.

_SCREEN_VERBS = frozenset({"print", "?", "input", "inpute", "inputn"})
_SCRIPT_CALLS = frozenset({"executescript", "executeasyncscript"})


def _by_word(*places: str) -> dict[str, list[GenerationRule]]:
    rules: dict[str, list[GenerationRule]] = {}
    for rule in RULES:
        if rule.where in places:
            for word in rule.words:
                rules.setdefault(word, []).append(rule)
    return rules


def _alone(place: str) -> tuple[GenerationRule, ...]:
    return tuple(rule for rule in RULES if rule.where == place)


def _tokens_of(text: str) -> list[Token]:
    return [token for line in logical_lines(text) for token in line.tokens]


def _phrases() -> dict[str, list[tuple[GenerationRule, list[str]]]]:
    """Rules and their tokens, by the first token."""
    phrases: dict[str, list[tuple[GenerationRule, list[str]]]] = {}
    for word, rules in _by_word(table.PHRASE).items():
        tokens = [token.text for token in _tokens_of(word)]
        phrases.setdefault(tokens[0], []).extend((rule, tokens) for rule in rules)
    return phrases


def _in_text(place: str) -> list[tuple[GenerationRule, str, re.Pattern[str]]]:
    """Rules with a stem to look for first, which is quick, and the pattern for a word that starts a name."""
    found = []
    for word, rules in _by_word(place).items():
        stem = word.removesuffix("*")
        behind = r"[\w.-]*" if word.endswith("*") else r"(?![\w-])"
        pattern = re.compile(rf"(?<![\w/\\-]){re.escape(stem)}{behind}", re.IGNORECASE)
        found += [(rule, stem, pattern) for rule in rules]
    return found


_WORDS = _by_word(table.NAME, table.MEMBER, table.FUNCTION, table.VERB, table.SYSGUI_FUNCTION)
_BEGINNINGS = {word[:-1]: rules for word, rules in _WORDS.items() if word.endswith("*")}
_ANY_BEGINNING = tuple(_BEGINNINGS)
_PHRASES = _phrases()
_STRINGS, _SCRIPTS = _in_text(table.IN_STRING), _in_text(table.IN_SCRIPT)
_TERMINAL, _SYSGUI = _by_word(table.TERMINAL_MNEMONIC), _by_word(table.SYSGUI_MNEMONIC)
_CLIENT_TYPES = _alone(table.CLIENT_TYPE)
_POSITIONS, _PROMPTS = _alone(table.TERMINAL_POSITION), _alone(table.INPUT_PROMPT)


def _sysgui_channels(lines: Sequence[LogicalLine]) -> frozenset[str]:
    """The channels, names or numbers, that the program opens on the SYSGUI device."""
    channels = set()
    for line in lines:
        if '"x0"' not in line.text.lower():
            continue
        for start, end in _statements(line):
            tokens = line.tokens[start:end]
            if len(tokens) > 3 and tokens[0].text.lower() == "open" and tokens[1].text == "(":
                behind = _behind_parentheses(tokens, 1, len(tokens))
                if behind < len(tokens) and tokens[behind].text.lower() == '"x0"':
                    channels.add(tokens[2].text.lower())
    return frozenset(channels)


def _is_sysgui(tokens: Sequence[Token], index: int, channels: frozenset[str]) -> bool:
    """Also a number that is only named like the channel; sysgui! with its suffix is an object."""
    if index >= len(tokens):
        return False
    name = tokens[index].text.lower()
    return name in channels or (tokens[index].kind == NAME and "sysgui" in name and name[-1] not in "!$")


def _traces(line: LogicalLine, channels: frozenset[str]) -> Iterator[Trace]:
    tokens = line.tokens
    in_script = False
    for index, token in enumerate(tokens):
        kind = token.kind
        if kind == NAME:
            yield from _name_traces(line, tokens, index, channels)
            in_script = in_script or token.text.lower() in _SCRIPT_CALLS
        elif kind in (STRING, OPEN_STRING):
            yield from _text_traces(token, _STRINGS)
            if in_script:
                yield from _text_traces(token, _SCRIPTS)
        elif kind == RAW and index and tokens[index - 1].text.lower() == "use":
            inside = [Token(part.kind, part.text, token.at + part.at) for part in _tokens_of(token.text)]
            for place, part in enumerate(inside):
                if part.kind == NAME:
                    yield from _name_traces(line, inside, place, channels)
    for start, end in _statements(line):
        yield from _screen_traces(line, start, end, channels)


def _statements(line: LogicalLine) -> Iterator[tuple[int, int]]:
    """Where each statement starts and ends among the tokens."""
    return zip(line.starts, [*line.starts[1:], len(line.tokens)], strict=True)


def _name_traces(
    line: LogicalLine, tokens: Sequence[Token], index: int, channels: frozenset[str]
) -> Iterator[Trace]:
    token = tokens[index]
    word = token.text.lower()
    rules = _WORDS.get(word, ())
    if word.startswith(_ANY_BEGINNING):
        rules = [
            *rules,
            *(rule for start, more in _BEGINNINGS.items() if word.startswith(start) for rule in more),
        ]
    if rules:
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        for rule in rules:
            where = rule.where
            if (
                where == table.NAME
                or (where == table.MEMBER and before == ".")
                or (where == table.FUNCTION and before != "." and after == "(")
                or (where == table.VERB and _is_verb(line, index) and after not in ("=", ":", "."))
                or (
                    where == table.SYSGUI_FUNCTION
                    and before != "."
                    and after == "("
                    and _is_sysgui(tokens, index + 2, channels)
                )
            ):
                yield rule, token.at, token.text
    if _is_client_type(tokens, index):
        for rule in _CLIENT_TYPES:
            yield rule, token.at, token.text
    for rule, phrase in _PHRASES.get(word, ()):
        last = index + len(phrase) - 1
        if [part.text.lower() for part in tokens[index : last + 1]] == phrase:
            yield rule, token.at, line.text[token.at : tokens[last].at + len(tokens[last].text)]


def _is_verb(line: LogicalLine, index: int) -> bool:
    at = bisect_left(line.starts, index)
    return at < len(line.starts) and line.starts[at] == index


def _is_client_type(tokens: Sequence[Token], index: int) -> bool:
    """Whether a name is a class of the client machine: Date@.now() or new java.util.Date@().

    In the second form the @ is a token of its own, for otherwise PRINT x@(0,0) would read x@ as a name.
    """
    if tokens[index].text[-1] == "@":
        return True
    behind = tokens[index].at + len(tokens[index].text)
    if index + 1 >= len(tokens) or tokens[index + 1].text != "@" or tokens[index + 1].at != behind:
        return False
    while index > 1 and tokens[index - 1].text == ".":
        index -= 2
    return index > 0 and tokens[index - 1].text.lower() == "new"


def _text_traces(
    token: Token, rules: Sequence[tuple[GenerationRule, str, re.Pattern[str]]]
) -> Iterator[Trace]:
    """The first place of each word; a style sheet in a string would else drown the rest."""
    lowered = token.text.lower()
    for rule, stem, pattern in rules:
        if stem in lowered and (match := pattern.search(token.text)):
            yield rule, token.at + match.start(), match.group()


def _screen_traces(line: LogicalLine, start: int, end: int, channels: frozenset[str]) -> Iterator[Trace]:
    """Positions, prompts and mnemonics of one PRINT or INPUT: to the terminal, or to a SYSGUI channel.

    Any other channel is a printer or a file, and says nothing.
    """
    tokens = line.tokens
    verb = tokens[start].text.lower() if start < end else ""
    if verb not in _SCREEN_VERBS:
        return
    first, channel = start + 1, "0"
    if first + 1 < end and tokens[first].text == "(":
        channel = tokens[first + 1].text
        first = _behind_parentheses(tokens, first, end)
    if channel == "0":
        yield from _terminal_traces(line, first, end, prompts=verb == "input")
    elif _is_sysgui(tokens, start + 2, channels):
        for token in tokens[first:end]:
            yield from _mnemonic_traces(token, _SYSGUI)


def _terminal_traces(line: LogicalLine, first: int, end: int, prompts: bool) -> Iterator[Trace]:
    tokens, depth, index = line.tokens, 0, first
    while index < end:
        token = tokens[index]
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "@" and index + 1 < end and tokens[index + 1].text == "(":
            behind = _behind_parentheses(tokens, index + 1, end)
            if not _is_client_type(tokens, index - 1):
                last = tokens[behind - 1]
                for rule in _POSITIONS:
                    yield rule, token.at, line.text[token.at : last.at + len(last.text)]
            index = behind  # never into it: a line of a thousand @( would take the square of its length
            continue
        if token.kind == STRING and prompts and depth == 0:
            for rule in _PROMPTS:
                yield rule, token.at, token.text
        else:
            yield from _mnemonic_traces(token, _TERMINAL)
        index += 1


def _mnemonic_traces(token: Token, rules: dict[str, list[GenerationRule]]) -> Iterator[Trace]:
    if token.kind == MNEMONIC:
        for rule in rules.get(token.text[1:-1].lower(), ()):
            yield rule, token.at, token.text


def _behind_parentheses(tokens: Sequence[Token], opening: int, end: int) -> int:
    depth = 0
    for index in range(opening, end):
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
        if depth == 0:
            return index + 1
    return end
