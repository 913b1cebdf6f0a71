"""Expressions: names with all that hangs on them, operators, arguments, options."""

from __future__ import annotations

from curation.domain.bbj.grammar.reading import Reader, TextArgument
from curation.domain.bbj.grammar.shapes import (
    END,
    ENDS,
    KEY_FUNCTIONS,
    LABELS,
    MEMBERS,
    NO_VALUES,
    STARTS_NAME,
    TYPE_NAMES,
    Shapes,
)
from curation.domain.bbj.words import OPTIONS

SIGNS = frozenset("+-")
RELATIONS = frozenset({"<", ">", "=", "<=", ">=", "<>"})
OPERATORS = RELATIONS | {"+", "-", "*", "/", "^", "and", "or"}
_LABEL_OPTIONS = frozenset({"err", "iol", "tbl"})
_CHANNEL_OPTIONS = frozenset({"end", "dom"})
_AFTER_OPTION = ENDS | {",", ")"}


class ValueReader(Reader):
    """Reads what gives a value."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__(shapes)
        self.has_keys = False  # the verb takes key segments: [1:1:10]

    def value_list(self, may_have_to: bool = False) -> None:
        """Values and options, with commas. A star stands for "no field"."""
        while True:
            if self.is_star_alone():
                self.move()
            elif not self.option(channel=False):
                self.value()
            if may_have_to and self.take("to"):
                continue
            if not self.take(","):
                return

    def value(self, verify: bool = False) -> None:
        """An expression, perhaps with a mask: total:"##0". READ also knows name:(options)."""
        self.expression()
        while self.take(":"):
            if verify and self.next == "(":
                self.arguments()
            elif self.next in STARTS_NAME and self.peek() == "=":
                raise self.refuse("text-after-statement", self.at - 1)  # x=1 : y=2
            else:
                self.expression()

    def expression(self) -> None:
        self.operand()
        while self.next in OPERATORS:
            relation = self.next in RELATIONS
            self.move()
            if relation and self.next in RELATIONS:
                self.move()  # >< and => are read like <> and >=
            self.operand()

    def operand(self) -> None:
        while self.next in SIGNS or self.is_not():
            self.move()
        shape = self.next
        if shape in STARTS_NAME or shape == "path":
            self.name()
        elif shape == "0" or shape == "0.":
            self.move()
        elif shape == "s":
            self.move()
            self.postfix()
        elif shape == "(":
            self.group()
            self.postfix()
        elif shape == "'":
            self.move()
            if self.next == "(":
                self.arguments()
        elif shape == "@":
            if self.peek() != "(":
                raise self.refuse("value-expected")
            self.move()
            self.arguments()
        elif shape == "new":
            self.constructor()
        elif shape == "*":
            self.star_label()
        elif shape == "[" and self.has_keys:
            self.brackets()
        elif shape in NO_VALUES and self.is_name_like():
            raise self.refuse("reserved-word")
        else:
            raise self.refuse("value-expected", self.at if self.next not in ENDS else self.at - 1)

    def is_not(self) -> bool:
        """Whether ! negates what follows: !(a), !#isReady(); but !ERROR=26 is nothing."""
        return self.next == "!" and self.peek() not in ENDS and self.peek(2) != "="

    def is_name_like(self) -> bool:
        """Whether a reserved word stands where a variable was meant: x = list + 1"""
        return self.next not in ENDS and (self.peek() in OPERATORS or self.peek() in _AFTER_OPTION)

    def star_label(self) -> None:
        """*NEXT and the like, as the value of ERR= and its kin."""
        if self.shapes[self.at - 1] != "=" or self.peek() not in MEMBERS:
            raise self.refuse("value-expected", self.at if self.peek() != END else self.at - 1)
        self.move(2)

    def type(self) -> bool:
        """Name, package.Name, ::file::Name, each perhaps with <…> and []. False: no type stands here."""
        self.take("path")
        while True:
            if self.next not in TYPE_NAMES:
                return False
            self.move()
            if not self.take("."):
                break
        if self.next == "<":
            self.skip_generics()
        self.take("<>")
        while self.next == "[" and self.peek() == "]":
            self.move(2)
        return True

    def skip_generics(self) -> None:
        depth = 0
        while self.next != END:
            depth += (self.next == "<") - (self.next == ">")
            self.move()
            if depth == 0:
                return

    def constructor(self) -> None:
        """NEW Type(…) or NEW Type[…]."""
        self.move()
        if not self.type():
            raise self.refuse("new-form")
        if self.next == "(":
            self.arguments()
        elif self.next == "[":
            self.brackets()
        elif self.shapes[self.at - 1] != "]":
            raise self.refuse("new-form")
        self.postfix()

    def group(self) -> None:
        self.enter()
        self.move()
        self.value()
        while self.take(","):
            self.value()
        self.expect(")", "text-in-parentheses")
        self.depth -= 1

    def name(self) -> tuple[bool, bool]:
        """A name with all that hangs on it. Returns whether a member (".x") and whether a call is in it."""
        start = self.at
        if self.take("path") and self.next not in TYPE_NAMES:
            raise self.refuse("value-expected")
        shape = self.next
        self.move()
        channel = shape in KEY_FUNCTIONS
        if shape == "#this!" and self.next == "." and self.peek(2) != "(":
            raise self.refuse("this-field", start)
        return self.postfix(channel=channel)

    def postfix(self, channel: bool = False) -> tuple[bool, bool]:
        start = self.at - 1
        member = called = False
        while True:
            if self.next == "(":
                plain = not called and not member and self.shapes[start] == "n" and self.at == start + 1
                self.arguments(channel=channel, function=start if plain else None)
                if not called and not member and self.next == ".":
                    self.said.members.append(start)
                called = True
            elif self.next == "[":
                self.brackets()
            elif self.next == ".":
                self.move()
                if self.next not in MEMBERS:
                    raise self.refuse("member-expected")
                self.move()
                member = True
            else:
                return member, called

    def arguments(self, channel: bool = False, function: int | None = None) -> None:
        """( value, option=…, … ). Empty places between commas are let through."""
        self.enter()
        self.move()
        place = 0
        while self.next != ")":
            start, shape = self.at, self.next
            if shape == ",":
                pass
            elif (not place and not channel) or not self.option(channel=channel):
                self.value()
                if function is not None and self.at == start + 1 and shape in ("s", "n$"):
                    self.said.texts.append(TextArgument(function, place, start))
            place += 1
            if self.next != ")":
                self.expect(",", "text-in-parentheses")
        self.move()
        self.depth -= 1

    def brackets(self) -> None:
        """[], [ALL] or [1,2]"""
        self.enter()
        self.move()
        if self.next == "all" and self.peek() == "]":
            self.move()
        elif self.next != "]":
            while True:
                self.value()
                if not self.take(","):
                    break
        self.expect("]", "text-in-parentheses")
        self.depth -= 1

    def option(self, channel: bool) -> bool:
        """ERR=label and its kin. END= and DOM= name labels only beside a channel."""
        word = self.next
        if self.peek() != "=":
            return False
        if word in _LABEL_OPTIONS or (channel and word in _CHANNEL_OPTIONS):
            value = self.peek(2)
            if (value in LABELS or value == "0") and self.peek(3) in _AFTER_OPTION:
                self.said.targets.append(self.at + 2)
                self.move(3)
                return True
        if word not in OPTIONS:
            return False
        self.move(2)
        self.value()
        return True

    def is_star_alone(self) -> bool:
        return self.next == "*" and (self.peek() == "," or self.peek() in ENDS)
