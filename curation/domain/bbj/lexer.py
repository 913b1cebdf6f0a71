"""Cut BBj source into logical lines and tokens, without judging it: any text at all is cut into something.

A logical line is a physical line with its continuations: lines whose first column is ":" go on exactly where
the previous one stopped, even in the middle of a word. Only ::file::Class at the start of a line is a
statement of its own. Rules read the joined text; positions lead back to the physical line and column that an
editor shows.

Source: docs/offline-check.md ("How the text is read")
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

# Kinds of token. A name keeps its type suffix ($ % ! or the client sign @) and a leading # of a field.
NAME = "name"
NUMBER = "number"
STRING = "string"
OPEN_STRING = "open string"  # a quote that the logical line does not close
HEX_STRING = "hex string"
MNEMONIC = "mnemonic"
PATH = "path"  # ::folder/file.bbj::
FOREIGN = "foreign operator"  # ++ += == && || //
SIGN = "sign"  # every other operator, bracket or comma
OTHER = "other"  # a character that has no place in BBj outside a string
LABEL = "label"  # the name in "name:" where a statement may start
LINE_NUMBER = "line number"
COMMENT = "comment"
RAW = "raw"  # what follows USE, TABLE or DATA; its inner form is left alone
BLANK = "blank"
CONTINUATION = "continuation"  # line break and ":" between two tokens
LINE_BREAK = "line break"

_PHYSICAL_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
# These patterns are the editor's too (token_classes.py): a change of them is built into its bundle.
# A line that begins with ::file::Class is a statement of its own, and goes on with no line.
STATIC_CALL = re.compile(r"::[^:]+::")
BLANK_RUN = re.compile(r"[\s\ufeff]*")
TOKEN_AT = re.compile(
    r"""
    (\#?[^\W\d]\w*(?:[$%!]|@(?!\())?)              # 1 name
  | ("[^"]*(?:""[^"]*)*("?))                        # 2 string, 3 its closing quote
  | (\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)  # 4 number
  | (\$[0-9A-Fa-f]*\$)                              # 5 hex string
  | ('[^'"]*')                                      # 6 mnemonic
  | (::.*?::)                                       # 7 path
  | (==|\+\+|\+=|&&|\|\||//)                        # 8 foreign operator
  | (<=|>=|<>|::|[-+*/^<>=()\[\],;:.@?\#])          # 9 sign
  | (.)                                             # 10 other
    """,
    re.VERBOSE | re.DOTALL,
)
KINDS = ("", NAME, STRING, STRING, NUMBER, HEX_STRING, MNEMONIC, PATH, FOREIGN, SIGN, OTHER)
STATEMENT_OPENING = re.compile(
    r"""
    (rem(?![\w$%!@:]|=(?!=)).*)                     # 1 comment to the end of the logical line
  | (use)(?=\s+(?:::|[^\W\d]))                      # 2
  | (table)(?=\s+[0-9a-f])                          # 3
  | (data)(?=\s+[^\s=:])                            # 4
  | ([^\W\d]\w*)(?=\s*:(?!:))                       # 5 label
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


class Token(NamedTuple):
    """A piece of a logical line. `at` counts characters of the joined text from 0."""

    kind: str
    text: str
    at: int


class SourceToken(NamedTuple):
    """A piece of the source as it was written; all pieces joined give the source back.

    `line` and `column` count from 1.
    """

    kind: str
    text: str
    line: int
    column: int


@dataclass(slots=True)
class LogicalLine:
    """A physical line with its continuations.

    Attributes:
        text: the joined text, without line breaks and without the ":" of continuations.
        tokens: without blanks.
        starts: indexes into `tokens` at which a statement starts (first of all, after a line number or label,
            ";", THEN or ELSE). An index may equal len(tokens): "x=1;" starts an empty statement.
        pieces: (offset in `text`, offset in the source, physical line number) of every physical line.
    """

    text: str
    pieces: list[tuple[int, int, int]]
    tokens: list[Token] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.pieces[0][2]

    def position(self, at: int) -> tuple[int, int]:
        """Where a character of the joined text stands: (physical line, column), both counted from 1."""
        if len(self.pieces) == 1:
            return self.pieces[0][2], at + 1
        index = bisect_right(self.pieces, at, key=lambda piece: piece[0]) - 1
        joined, _, number = self.pieces[index]
        return number, at - joined + (1 if index == 0 else 2)  # 2: behind the ":" of a continuation


def logical_lines(source: str) -> list[LogicalLine]:
    """Read a whole program. Never raises; an empty program has no lines."""
    lines: list[LogicalLine] = []
    # The continuations of the last line; joined once, or many of them would take for ever.
    more: list[str] = []
    length = 0
    for number, match in enumerate(_PHYSICAL_LINE.finditer(source), start=1):
        start = match.start()
        if start == len(source):
            break
        text = match.group(1)
        if lines and text[:1] == ":" and not STATIC_CALL.match(text):
            lines[-1].pieces.append((length, start + 1, number))
            more.append(text[1:])
            length += len(text) - 1
        elif text or more or not lines or lines[-1].text:  # empty lines below an empty one belong to it
            if more:
                lines[-1].text += "".join(more)
                more = []
            lines.append(LogicalLine(text, [(0, start, number)]))
            length = len(text)
    if more:
        lines[-1].text += "".join(more)
    for line in lines:
        if line.text:
            _tokenise(line)
    return lines


def lex(source: str) -> list[SourceToken]:
    """All of the source as tokens, blanks and line breaks included.

    A token that a continuation cuts in two is one token whose text holds the line break and the ":".
    """
    return list(_source_tokens(source))


def _source_tokens(source: str) -> Iterator[SourceToken]:
    lines = logical_lines(source)
    for index, line in enumerate(lines):
        end = lines[index + 1].pieces[0][1] if index + 1 < len(lines) else len(source)
        done, done_line, done_column = line.pieces[0][1], line.number, 1
        for token in line.tokens:
            start = _source_offset(line, token.at)
            line_no, column = line.position(token.at)
            if start > done:
                yield _filling(source[done:start], done_line, done_column)
            last = token.at + len(token.text) - 1
            done = _source_offset(line, last) + 1
            done_line, done_column = line.position(last)
            done_column += 1
            yield SourceToken(token.kind, source[start:done], line_no, column)
        if end > done:
            yield _filling(source[done:end], done_line, done_column)


def _source_offset(line: LogicalLine, at: int) -> int:
    pieces = line.pieces
    joined, start, _ = (
        pieces[0] if len(pieces) == 1 else pieces[bisect_right(pieces, at, key=lambda p: p[0]) - 1]
    )
    return start + at - joined


def _filling(text: str, line: int, column: int) -> SourceToken:
    stripped = text.strip(" \t")
    kind = BLANK
    if "\n" in stripped or "\r" in stripped:
        kind = CONTINUATION if ":" in stripped else LINE_BREAK
    return SourceToken(kind, text, line, column)


def _tokenise(line: LogicalLine) -> None:
    text, tokens, starts = line.text, line.tokens, line.starts
    match_token, skip_blank, make = TOKEN_AT.match, BLANK_RUN.match, Token
    end = len(text)
    at = skip_blank(text).end()  # type: ignore[union-attr]  # matches the empty text too
    at_start = at < end
    while at < end:
        if at_start:
            starts.append(len(tokens))
            at_start = False
            opening = STATEMENT_OPENING.match(text, at)
            if opening:
                at, at_start = _open_statement(text, at, opening, tokens)
                at = skip_blank(text, at).end()  # type: ignore[union-attr]
                continue
        match = match_token(text, at)
        assert match is not None  # the last alternative takes any character
        index = match.lastindex or 10
        found = match.group()
        kind = KINDS[index]
        if index == 9 or index == 1:
            if found == ";":
                at_start = True
            elif index == 1 and len(found) == 4 and found.lower() in ("then", "else"):
                at_start = not (tokens and tokens[-1].text == ".")
        elif index == 2 or index == 3:
            if not match.group(3):
                kind = OPEN_STRING
        elif index == 4 and not tokens and found.isdigit():
            kind = LINE_NUMBER
            at_start = True
        tokens.append(make(kind, found, at))
        at = match.end()
        if at < end and text[at] <= " " or at < end and text[at] > "~":
            at = skip_blank(text, at).end()  # type: ignore[union-attr]
    if at_start:
        starts.append(len(tokens))


def _open_statement(text: str, at: int, opening: re.Match[str], tokens: list[Token]) -> tuple[int, bool]:
    """Take a comment, a label, or a verb with a raw rest.

    Returns:
        Where to go on, and whether a statement starts there.
    """
    which, found = opening.lastindex, opening.group()
    if which == 1:
        tokens.append(Token(COMMENT, found, at))
        return len(text), False
    if which == 5:
        tokens.append(Token(LABEL, found, at))
        colon = text.index(":", opening.end())
        tokens.append(Token(SIGN, ":", colon))
        return colon + 1, True
    tokens.append(Token(NAME, found, at))
    start = BLANK_RUN.match(text, opening.end()).end()  # type: ignore[union-attr]
    semicolon = text.find(";", start) if which == 2 else -1
    stop = semicolon if semicolon >= 0 else len(text)
    tokens.append(Token(RAW, text[start:stop], start))
    return stop, False
