"""Text that people wrote, as safe HTML; code as numbered lines with what the check found."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from curation.domain.markdown import CodeFile, ExampleDoc
from curation.views.highlighting import code_lines

MAX_SECTION = 64 * 1024  # characters; a hostile text of twice that took seconds to render
TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}  # an image would call another host


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown_html(text: str) -> SafeString:
    """Render a section; one over MAX_SECTION is shown as it was written."""
    if len(text) > MAX_SECTION:
        return mark_safe(f"<pre>{escape(text)}</pre>")
    html = _parser().render(text)
    clean = nh3.clean(html, tags=TAGS, url_schemes={"http", "https", "mailto"})
    return mark_safe(clean.replace("<pre>", '<pre tabindex="0">'))  # it scrolls, also by keyboard


def inline_html(text: str) -> SafeString:
    """One line of our own Markdown, without a paragraph around it."""
    return mark_safe(nh3.clean(_parser().renderInline(text), tags=TAGS))


@dataclass(frozen=True)
class CodeLine:
    html: SafeString
    mark: str  # "found", "hint" or "": classes of studio.css
    says: str


@dataclass(frozen=True)
class CodeBlock:
    title: str
    lines: tuple[CodeLine, ...]


PARTS = {"": "", "before": "Before", "after": "After"}


def code_blocks(doc: ExampleDoc, findings: Sequence[dict[str, Any]]) -> list[CodeBlock]:
    """The code of an example; `findings` as a revision stores them (services/authoring.py)."""
    return [_block(code_file, findings) for code_file in doc.code_files]


def _block(code_file: CodeFile, findings: Sequence[dict[str, Any]]) -> CodeBlock:
    said: dict[int, list[dict[str, Any]]] = {}
    for finding in findings:
        if finding.get("file") == code_file.name and finding.get("part") == code_file.part:
            said.setdefault(finding["source_line"] - code_file.line + 1, []).append(finding)
    lines = tuple(
        CodeLine(
            html=html,
            mark="" if n not in said else "found" if any(f["certain"] for f in said[n]) else "hint",
            says=" ".join(f["message"] for f in said.get(n, [])),
        )
        for n, html in enumerate(code_lines(code_file.code), 1)
    )
    title = " · ".join(word for word in (PARTS.get(code_file.part, code_file.part), code_file.name) if word)
    return CodeBlock(title, lines)
