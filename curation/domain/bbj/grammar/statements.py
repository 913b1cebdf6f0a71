"""Statements: verbs, assignments, calls of methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from curation.domain.bbj.grammar.declarations import DeclarationReader
from curation.domain.bbj.grammar.reading import Problem, Reading, Refused, TooDeep
from curation.domain.bbj.grammar.shapes import END, ENDS, LABELS, MEMBERS, STARTS_NAME, Shape, Shapes
from curation.domain.bbj.grammar.values import OPERATORS
from curation.domain.bbj.words import RESERVED, VERBS, words

_CACHED_MOST_TOKENS = 256  # of a line

_BEHIND_VARIABLE = frozenset("=.[")
_BASIC_NAMES = frozenset({"n", "n$", "n%"})
_NUMBERS = frozenset({"0", "0.", "n%"})
_ARITHMETIC = frozenset("+-*/^")

_PRINTING = words("print write ? printrecord writerecord")
_READING = words(
    "read input extract find readrecord inputrecord extractrecord findrecord enter inpute inputn"
)
# (channel, options…) must follow; then a list may.
_CHANNEL_VERBS = words(
    """
    chanopt close jopen lcheckin lock open remove resclose sqlclose sqlcommit sqlexec sqlopen sqlprep
    sqlrollback sqlset unlock
    """
)
_BLOCK_ENDS = words("classend fnend interfaceend methodend swend wend")
_ALONE = words("break bye continue end endtrace escape retry stop")
_LIST_VERBS = words(
    """
    begin clear clearp clipclear clipfromfile clipfromstr cliplock cliptofile clipunlock direct dread fileopt
    fulltext indexed initfile iolist process_events redim run savep setdrive setterm settrace string xcall
    """
)
_LIST_VERBS_WITH_VALUE = words(
    "call chdir drop erase execute mkdir precision prefix rename rmdir setday setopts settime throw wait"
)
_OPTIONS_ONLY = words("process_events clipclear cliplock clipunlock")  # a comma may follow at once


def read(shapes: Shapes) -> Reading:
    """Read a line. Never raises."""
    return _read(shapes) if len(shapes) > _CACHED_MOST_TOKENS else _read_cached(shapes)


@lru_cache(maxsize=16_384)
def _read_cached(shapes: Shapes) -> Reading:
    return _read(shapes)


def _read(shapes: Shapes) -> Reading:
    reader = StatementReader(shapes)
    try:
        reader.line()
    except Refused as refused:
        reader.said.problem = Problem(refused.at, refused.code)
    except TooDeep:
        pass
    return reader.said


class StatementReader(DeclarationReader):
    """Reads a whole line."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__(shapes)
        self.open_ifs = 0  # single-line IFs that no FI has closed

    def line(self) -> None:
        self.take("line")
        while self.next != END:
            if self.next == "label":
                self.label()
            elif not self.take(";"):
                self.statement()
                self.statement_end()

    def label(self) -> None:
        self.said.labels.append(self.at)
        self.move(2)
        if self.next == ";":
            raise self.refuse("label-before-semicolon")

    def statement(self) -> None:
        word = self.next
        if word == "comment":
            self.move()
        elif word == "new":
            self.constructor()  # its object may stay unused
        elif word == "?" or (word in VERBS and self.peek() not in _BEHIND_VARIABLE):
            at = self.at
            self.move()
            _VERBS.get(word, StatementReader.skip_statement)(self, word, at)
        elif word in STARTS_NAME or word == "path":
            self.name_statement()
        elif word in RESERVED and self.peek() == "=":
            raise self.refuse("reserved-word")  # PRINT=1 is allowed, FOR=1 is not
        else:
            raise self.refuse("unknown-statement")

    def statement_end(self) -> None:
        if self.next in ENDS:
            return
        if self.next == "rem" or self.shapes[self.at - 1] == "rem":
            raise self.refuse("rem-without-semicolon", self.at - (self.next != "rem"))
        raise self.refuse("ternary" if self.next == "?" else "text-after-statement")

    def branch(self) -> None:
        """What follows THEN or ELSE on the same line: nothing, or a statement that may have a label."""
        self.enter()
        while self.next == "label":
            self.label()
        if self.next not in ENDS:
            self.statement()
        self.depth -= 1

    # Names first

    def name_statement(self) -> None:
        """An assignment, or a call of a method. Anything else gives a value that nothing uses."""
        start, first = self.at, self.next
        member, called = self.name()
        if self.next == "=":
            self.move(start - self.at)
            self.assignments()
        elif first[0] == "#" or first == "path" or member:
            return
        elif called and first in ("n", "n@"):
            raise self.refuse("bare-call", start)
        elif self.at > start + 1:
            raise self.refuse("unused-value", start)
        elif self.next in ("foreign", "!", "other"):
            raise self.refuse("text-after-statement")
        else:
            raise self.refuse("unknown-statement", start)

    def assignments(self) -> None:
        while True:
            start, target = self.at, self.next
            if target in RESERVED and self.peek() == "=":
                raise self.refuse("reserved-word")
            if target not in STARTS_NAME and target != "path":
                raise self.refuse("assignment-target")
            self.name()
            whole = target == "n$" and self.is_whole_array(start)
            self.expect("=", "assignment-target")
            value = self.at
            self.value()
            if whole and not self.is_whole_array(value):
                raise self.refuse("whole-array", value)
            self.note_mismatch(start, target, value)
            if not self.take(","):
                return

    def is_whole_array(self, start: int) -> bool:
        """Whether exactly NAME[] or NAME[ALL] was read since `start`."""
        return self.shapes[start + 1 : self.at] in (("[", "]"), ("[", "all", "]"))

    def note_mismatch(self, start: int, target: Shape, value: int) -> None:
        """A name with $ takes text, other plain names take numbers; only sure kinds of values count."""
        if target not in _BASIC_NAMES or self.shapes[start + 1] != "=":
            return
        read = set(self.shapes[value : self.at])
        if target == "n$":
            is_wrong = bool(read & _NUMBERS) and read <= _NUMBERS | _ARITHMETIC
        else:
            is_wrong = read <= {"s", "n$", "+"}
        if is_wrong:
            self.said.mismatches.append(start)

    # Verbs: each is called with its word and the index of it, and reads what follows

    def alone(self, word: Shape, at: int) -> None:
        """Nothing follows; statement_end sees to that."""

    def block_word(self, word: Shape, at: int) -> None:
        self.said.blocks.append((word, at))

    def let(self, word: Shape, at: int) -> None:
        self.assignments()

    def condition(self, word: Shape, at: int) -> None:
        self.said.blocks.append((word, at))
        self.value()

    def if_(self, word: Shape, at: int) -> None:
        self.value()
        self.take("then")
        if self.next in (END, "comment") or (self.next == ";" and self.peek() in (END, "comment")):
            self.said.blocks.append(("if", at))
            return
        self.open_ifs += 1
        self.branch()

    def else_(self, word: Shape, at: int) -> None:
        self.branch()

    def fi(self, word: Shape, at: int) -> None:
        if self.open_ifs:
            self.open_ifs -= 1
        else:
            self.said.blocks.append((word, at))

    def case(self, word: Shape, at: int) -> None:
        if not self.take("default"):
            self.value_list()

    def for_(self, word: Shape, at: int) -> None:
        self.said.blocks.append(("for", at))
        if self.next not in STARTS_NAME:
            raise self.refuse("for-form")
        self.name()
        self.expect("=", "for-form")
        self.value()
        self.expect("to", "for-form")
        self.value()
        if self.take("step"):
            self.value()

    def next_(self, word: Shape, at: int) -> None:
        self.said.blocks.append((word, at))
        while self.next in STARTS_NAME:
            self.name()
            if not self.take(","):
                return

    def maybe_value(self, word: Shape, at: int) -> None:
        if self.next not in ENDS:
            self.value()

    def jump(self, word: Shape, at: int) -> None:
        self.target()

    def maybe_jump(self, word: Shape, at: int) -> None:
        if self.next not in ENDS:
            self.target()

    def target(self) -> None:
        """A label, a line number, or *NAME."""
        if self.take("*"):
            if self.next not in MEMBERS:
                raise self.refuse("label-expected")
        elif self.next in LABELS or self.next == "0":
            self.said.targets.append(self.at)
        else:
            raise self.refuse("reserved-word" if self.next in RESERVED else "label-expected")
        self.move()

    def on(self, word: Shape, at: int) -> None:
        self.value()
        if not self.take("goto"):
            self.expect("gosub", "on-form")
        self.target()
        while self.take(","):
            self.target()

    def print_or_read(self, word: Shape, at: int) -> None:
        if self.next == "record" and self.peek() not in ("=", ",", ".", "["):
            self.move()
        if self.next == "(":
            self.arguments(channel=True)
            if self.next in OPERATORS and not self.is_star_alone():
                self.move()  # PRINT (a+b)*2: the parentheses were no channel
        while self.next not in ENDS:
            if self.is_star_alone():
                self.move()
            elif self.next != "," and not (self.next == "iol" and self.option(channel=True)):
                self.value(verify=word in _READING)
            if not self.take(","):
                return

    def dim(self, word: Shape, at: int) -> None:
        while True:
            if not self.option(channel=False):
                if self.next not in STARTS_NAME:
                    raise self.refuse("dim-form")
                self.name()
                if self.take(":"):
                    self.expression()
            if self.next == "=":
                raise self.refuse("dim-form")
            if not self.take(","):
                return

    def raw(self, word: Shape, at: int) -> None:
        """TABLE and DATA: the lexer took the rest of the line."""
        self.take("raw")

    def use(self, word: Shape, at: int) -> None:
        self.take("raw")
        while self.take(";"):
            pass
        if self.next not in (END, "comment"):
            raise self.refuse("statement-after-use")

    def channel_verb(self, word: Shape, at: int) -> None:
        if self.next != "(":
            raise self.refuse("channel-missing", at)
        self.arguments(channel=True)
        if self.next not in ENDS:
            self.value_list()

    def callback(self, word: Shape, at: int) -> None:
        if self.next != "(":
            raise self.refuse("channel-missing", at)
        self.arguments()

    def list_verb(self, word: Shape, at: int) -> None:
        """A list of values and options, which may be empty."""
        if word in ("begin", "clear"):
            self.take("except")
        if word in _OPTIONS_ONLY:
            self.take(",")
        if self.next not in ENDS:
            self.value_list(may_have_to=word == "rename")

    def list_verb_with_value(self, word: Shape, at: int) -> None:
        if self.next in ENDS:
            raise self.refuse("value-missing", at)
        self.list_verb(word, at)

    def keyed(self, word: Shape, at: int) -> None:
        """MKEYED "file",[1:1:10]+[2:1:2],0,64: key segments look like arrays without a name."""
        self.has_keys = True
        self.list_verb(word, at)
        self.has_keys = False

    def no_statement(self, word: Shape, at: int) -> None:
        raise self.refuse("unknown-statement", at)

    def skip_statement(self, word: Shape, at: int) -> None:
        depth = 0
        while self.next != END and not (self.next == ";" and depth <= 0):
            depth += (self.next == "(") - (self.next == ")")
            self.move()


_VERBS: dict[Shape, Callable[[StatementReader, Shape, int], None]] = {
    **dict.fromkeys(_PRINTING | _READING, StatementReader.print_or_read),
    **dict.fromkeys(_CHANNEL_VERBS, StatementReader.channel_verb),
    **dict.fromkeys(_ALONE, StatementReader.alone),
    **dict.fromkeys(_BLOCK_ENDS | {"repeat"}, StatementReader.block_word),
    **dict.fromkeys(_LIST_VERBS, StatementReader.list_verb),
    **dict.fromkeys(_LIST_VERBS_WITH_VALUE, StatementReader.list_verb_with_value),
    **dict.fromkeys(words("mkeyed vkeyed xkeyed sort"), StatementReader.keyed),
    **dict.fromkeys(words("callback remove_callback"), StatementReader.callback),
    **dict.fromkeys(words("while until switch"), StatementReader.condition),
    **dict.fromkeys(words("exit release return methodret"), StatementReader.maybe_value),
    **dict.fromkeys(words("goto gosub exitto"), StatementReader.jump),
    **dict.fromkeys(words("seterr setesc restore"), StatementReader.maybe_jump),
    **dict.fromkeys(words("fi endif"), StatementReader.fi),
    **dict.fromkeys(words("table data"), StatementReader.raw),
    **dict.fromkeys(words("class interface"), StatementReader.class_),
    **dict.fromkeys(words("then rem"), StatementReader.no_statement),
    "case": StatementReader.case,
    "declare": StatementReader.declare,
    "def": StatementReader.def_,
    "dim": StatementReader.dim,
    "else": StatementReader.else_,
    "field": StatementReader.field_,
    "for": StatementReader.for_,
    "if": StatementReader.if_,
    "let": StatementReader.let,
    "method": StatementReader.method,
    "next": StatementReader.next_,
    "on": StatementReader.on,
    "use": StatementReader.use,
}
