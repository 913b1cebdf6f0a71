"""What a line says, and the reader that all of the grammar is built on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from curation.domain.bbj.grammar.shapes import END, Shape, Shapes

_DEPTH_MOST = 100  # nested parentheses and IFs of one line; what is deeper is left unread


class Problem(NamedTuple):
    """`at` is the index of a token; `code` the rule's id."""

    at: int
    code: str


class Header(NamedTuple):
    """A METHOD line: the index of its name, and whether a type stands in front of it."""

    name: int
    typed: bool


class ClassField(NamedTuple):
    """A FIELD line of a class: indexes of the word FIELD, of the last word of its type, and of its name."""

    verb: int
    type: int
    name: int


class TextArgument(NamedTuple):
    """A string or a plain name$ as an argument: indexes of the function's name and of it, place from 0."""

    function: int
    place: int
    at: int


@dataclass(slots=True)
class Reading:
    """What a line says; shared by all lines of its shape, so read only. Numbers are indexes of tokens.

    Attributes:
        problem: the first thing the compiler would refuse, or None.
        blocks: (word, index) of every word that opens or closes a block here: IF only when its branches
            follow on the next lines, DEF only when FNEND follows.
        labels: labels that are defined.
        targets: names and numbers that must be labels or line numbers.
        functions: names behind DEF.
        class_name: of CLASS or INTERFACE.
        mismatches: plain names that are assigned the other kind of value: a number to name$, text to name.
        members: names whose call is followed by a member: name(…).member
        texts: arguments of plain names, which may be functions.
    """

    problem: Problem | None = None
    blocks: list[tuple[str, int]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    class_name: int | None = None
    class_field: ClassField | None = None
    header: Header | None = None
    mismatches: list[int] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    texts: list[TextArgument] = field(default_factory=list)


NOTHING_SAID = Reading()  # of a line without tokens


class Refused(Exception):
    """Ends the reading of a line at its first problem."""

    def __init__(self, at: int, code: str) -> None:
        self.at, self.code = at, code


class TooDeep(Exception):
    """Ends the reading of a line that no person wrote, without a problem."""


class Reader:
    """A place in a line: `next` is the shape that comes, `at` its index."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.said = Reading()
        self.depth = 0
        self.at = 0
        self.next = shapes[0] if shapes else END

    def move(self, by: int = 1) -> None:
        self.at += by
        self.next = self.shapes[self.at] if self.at < len(self.shapes) else END

    def peek(self, ahead: int = 1) -> Shape:
        at = self.at + ahead
        return self.shapes[at] if at < len(self.shapes) else END

    def take(self, shape: Shape) -> bool:
        if self.next != shape:
            return False
        self.move()
        return True

    def refuse(self, code: str, at: int | None = None) -> Refused:
        """A problem at the coming token, or at the last one when the line is over."""
        at = self.at if at is None else at
        return Refused(min(at, len(self.shapes) - 1), code)

    def expect(self, shape: Shape, code: str) -> None:
        if not self.take(shape):
            raise self.refuse(code)

    def enter(self) -> None:
        """One bracket or branch deeper; the caller counts `depth` down again."""
        self.depth += 1
        if self.depth > _DEPTH_MOST:
            raise TooDeep
