"""BBj as HTML: spans with the classes of studio.css, which hold text and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.token import _TokenType, string_to_tokentype

from curation.domain import markdown
from curation.domain.bbj.token_classes import TOKEN_CLASSES, classified

CSS_PREFIX = "tok-"


class BbjLexer(Lexer):
    """BBj for Pygments. It has no grammar of its own: the offline check's lexer and one table decide."""

    name = "BBj"
    aliases: ClassVar = ["bbj"]
    filenames: ClassVar = ["*.bbj", "*.src"]

    def __init__(self) -> None:
        super().__init__(stripnl=False, ensurenl=False)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        at = 0
        for name, piece in classified(text):
            yield at, _TYPES[name], piece.text
            at += len(piece.text)


_TYPES = {name: string_to_tokentype(shown.pygments) for name, shown in TOKEN_CLASSES.items()}
_LEXER = BbjLexer()
_FORMATTER = HtmlFormatter(nowrap=True, classprefix=CSS_PREFIX)


def code_lines(code: str) -> list[SafeString]:
    """A program as HTML, a line each. A token on several lines has a span on each of them."""
    html = highlight(code, _LEXER, _FORMATTER)  # ends with a line break, whether or not the code does
    return [mark_safe(line) for line in html.removesuffix("\n").split("\n")]


def file_html(text: str) -> SafeString:
    """The source of an example file as HTML, with its programs coloured."""
    return mark_safe("\n".join(file_lines(text)))


def file_lines(text: str) -> list[SafeString]:
    """The same line by line."""
    lines = [escape(line) for line in text.split("\n")]
    for code_file in markdown.parse(text, path="").code_files:
        shown = code_lines(code_file.code) if code_file.code else []
        lines[code_file.line - 1 : code_file.line - 1 + len(shown)] = shown
    return lines
