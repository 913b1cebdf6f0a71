"""Declarations: CLASS, INTERFACE, METHOD, FIELD, DECLARE, DEF, and NEW with its type."""

from __future__ import annotations

from curation.domain.bbj.grammar.reading import ClassField, Header
from curation.domain.bbj.grammar.shapes import ENDS, STARTS_NAME, TYPE_NAMES, Shape
from curation.domain.bbj.grammar.values import ValueReader

_VISIBILITY = frozenset({"public", "private", "protected"})
_TYPE_STARTS = TYPE_NAMES | {"path"}


class DeclarationReader(ValueReader):
    """Reads what declares something."""

    def declare(self, word: Shape, at: int) -> None:
        if self.next == "auto" and self.peek() not in ENDS and self.peek(2) not in ENDS:
            self.move()
        if not self.type() or self.next not in STARTS_NAME:
            raise self.refuse("declare-form")
        self.move()
        while self.next == "[":
            self.brackets()

    def class_(self, word: Shape, at: int) -> None:
        self.said.blocks.append((word, at))
        if self.next in _VISIBILITY:
            self.move()
        self.take("static")
        if self.next not in TYPE_NAMES:
            raise self.refuse("class-form")
        self.said.class_name = self.at
        self.move()
        for part in ("extends", "implements"):
            if self.take(part):
                while True:
                    if not self.type():
                        raise self.refuse("class-form")
                    if not self.take(","):
                        break

    def method(self, word: Shape, at: int) -> None:
        """METHOD [visibility] [STATIC] [Type] name ( Type name, … )"""
        self.said.blocks.append(("method", at))
        if self.next in _VISIBILITY:
            self.move()
        self.take("static")
        typed = self.peek() != "("
        if typed and not self.type():
            raise self.refuse("method-form")
        if self.next not in TYPE_NAMES or self.peek() != "(":
            raise self.refuse("method-form")
        self.said.header = Header(self.at, typed)
        self.move(2)
        if self.take(")"):
            return
        while True:
            if not self.type() or self.next not in STARTS_NAME:
                raise self.refuse("method-parameter")
            self.move()
            if self.next == "[":
                self.brackets()
            if self.take(")"):
                return
            self.expect(",", "method-parameter")

    def field_(self, word: Shape, at: int) -> None:
        """FIELD of a class, or the verb FIELD that sets a field of a template."""
        if self.next not in _TYPE_STARTS:
            self.value_list()  # its first value is a string variable
            return
        if self.next in _VISIBILITY:
            self.move()
        self.take("static")
        if not self.type() or self.next not in STARTS_NAME:
            raise self.refuse("field-form")
        self.said.class_field = ClassField(at, self.at - 1, self.at)
        self.move()
        while self.next == "[":
            self.brackets()
        if self.take("="):
            self.value()

    def def_(self, word: Shape, at: int) -> None:
        if self.next not in STARTS_NAME:
            raise self.refuse("def-form")
        self.said.functions.append(self.at)
        self.move()
        if self.take("(") and not self.take(")"):
            while True:
                if self.next not in STARTS_NAME:
                    raise self.refuse("def-form")
                self.move()
                if self.next == "[":
                    self.brackets()
                if self.take(")"):
                    break
                self.expect(",", "def-form")
        if self.take("="):
            self.value()
        else:
            self.said.blocks.append(("def", at))
