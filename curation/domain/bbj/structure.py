"""What spans lines: classes and their methods, and blocks that are open at the end.

An open loop, IF or function is a hint and never an error: bbjcpl accepts a FOR without NEXT and an IF without
FI. The hint serves triage, since a model that ran out of tokens leaves exactly this trace. An open class or
method it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from curation.domain.bbj.grammar import Reading
from curation.domain.bbj.grammar.reading import ClassField
from curation.domain.bbj.lexer import COMMENT, LINE_NUMBER, LogicalLine

Found = tuple[LogicalLine, int, str, str]  # line, index of the token, rule, what it found out

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
_WALLS = frozenset({"method", "class", "def", "interface"})


@dataclass(slots=True)
class _Open:
    word: str
    line: LogicalLine
    at: int
    name: str = ""  # of a class
    fields: set[str] = field(default_factory=set)  # of a class
    has_body: bool = False  # of a method


def problems(read: Sequence[tuple[LogicalLine, Reading]]) -> Iterator[Found]:
    """What stands at the wrong place around and in classes, and blocks without an end."""
    stack: list[_Open] = []
    for line, reading in read:
        if not line.tokens:
            continue
        for word, at in reading.blocks:
            if word in _CLOSES:
                yield from _close(word, stack)
            elif word == "method":
                yield from _method(line, reading, at, stack)
            else:
                named = reading.class_name
                stack.append(_Open(word, line, at, line.tokens[named].text.lower() if named else ""))
        if reading.class_field:
            yield from _class_field(line, reading.class_field, stack)
        elif not reading.blocks and stack:
            yield from _statement(line, reading, stack[-1])
    for open_ in stack:
        yield _unclosed(open_)


def _unclosed(open_: _Open) -> Found:
    """The compiler accepts an open loop or IF at the end; an open class or method it refuses."""
    refused = open_.word in ("class", "interface", "method")
    return open_.line, open_.at, "unclosed-class" if refused else "unclosed-block", _CLOSED_BY[open_.word]


def _method(line: LogicalLine, reading: Reading, at: int, stack: list[_Open]) -> Iterator[Found]:
    around = _enclosing_class(stack)
    if around is None:
        yield line, at, "method-outside-class", ""
    elif around.word == "interface":
        return  # its methods have no METHODEND
    else:
        yield from _end_method(stack)
        header = reading.header
        if header and not header.typed and line.tokens[header.name].text.lower() != around.name:
            yield line, header.name, "method-without-type", ""
    stack.append(_Open("method", line, at))


def _end_method(stack: list[_Open]) -> Iterator[Found]:
    """A method is still open where the next one or the end of the class comes. An empty one may be."""
    for at in range(len(stack) - 1, -1, -1):
        if stack[at].word == "class":
            return
        if stack[at].word == "method":
            if stack[at].has_body:
                yield _unclosed(stack[at])
            del stack[at:]
            return


def _class_field(line: LogicalLine, where: ClassField, stack: list[_Open]) -> Iterator[Found]:
    around = _enclosing_class(stack)
    text = line.tokens[where.name].text
    if around is None:
        yield line, where.verb, "field-outside-class", ""
        return
    if text.lower() in around.fields:
        yield line, where.name, "duplicate-field", ""
    around.fields.add(text.lower())
    if line.tokens[where.type].text.lower() in ("string", "bbjstring") and text[-1].isalnum():
        yield line, where.name, "field-suffix", ""


def _statement(line: LogicalLine, reading: Reading, around: _Open) -> Iterator[Found]:
    first = line.tokens[1 if line.tokens[0].kind is LINE_NUMBER and len(line.tokens) > 1 else 0]
    if first.kind is COMMENT or first.kind is LINE_NUMBER:
        return
    if around.word == "method":
        around.has_body = True
    elif (
        around.word in ("class", "interface") and reading.problem is None and first.text.lower() != "declare"
    ):
        yield line, line.tokens.index(first), "statement-in-class", ""


def _enclosing_class(stack: list[_Open]) -> _Open | None:
    return next((open_ for open_ in reversed(stack) if open_.word in ("class", "interface")), None)


def _close(word: str, stack: list[_Open]) -> Iterator[Found]:
    wanted = _CLOSES[word]
    if wanted == "class":
        yield from _end_method(stack)
    for at in range(len(stack) - 1, -1, -1):
        if stack[at].word == wanted:
            del stack[at:]
            return
        if stack[at].word in _WALLS and word not in _ENDS_ALL_INSIDE:
            return  # NEXT inside a method never closes a FOR outside it
