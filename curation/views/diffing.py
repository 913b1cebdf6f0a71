"""Two example files side by side as HTML: BBj coloured, and what the other side lacks marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from curation.domain import markdown, token_diff
from curation.domain.bbj.token_classes import TOKEN_CLASSES, classified
from curation.domain.token_diff import Line

Pieces = list[tuple[str, str]]  # (CSS class or "", text) of a line
Colours = dict[int, Pieces]  # by the number of the line in its text


@dataclass(frozen=True)
class ShownLine:
    number: int
    html: SafeString


@dataclass(frozen=True)
class ShownRow:
    left: ShownLine | None
    right: ShownLine | None
    same: bool
    skipped: int = 0  # rows before this one that are the same and not shown


@dataclass(frozen=True)
class ShownDiff:
    rows: list[ShownRow]
    left_out: int
    changed: int  # rows that are not the same


def shown_diff(left: str, right: str) -> ShownDiff:
    """A piece that the right side lacks stands in <del>, one that the left side lacks in <ins>."""
    return shown_part((left.split("\n"), right.split("\n")), (coloured(left), coloured(right)))


def shown_part(
    sides: tuple[Sequence[str], Sequence[str]],
    colours: tuple[Colours, Colours],
    before: tuple[int, int] = (0, 0),
) -> ShownDiff:
    """The same for some lines of each text; `before` is how many lines of each stand before them."""
    found = token_diff.diff_lines(*sides)
    rows = [
        ShownRow(
            _shown(row.left, colours[0], "del", before[0]),
            _shown(row.right, colours[1], "ins", before[1]),
            row.same,
        )
        for row in found.rows
    ]
    return ShownDiff(rows, found.left_out, sum(not row.same for row in rows))


def near_changes(diff: ShownDiff, around: int = 3) -> ShownDiff:
    """The same diff without the rows that are further than `around` from a change."""
    near = {
        n for at, row in enumerate(diff.rows) if not row.same for n in range(at - around, at + around + 1)
    }
    kept = [n for n in range(len(diff.rows)) if n in near]
    befores = [-1, *kept[:-1]]
    rows = [replace(diff.rows[n], skipped=n - before - 1) for before, n in zip(befores, kept, strict=True)]
    return replace(diff, rows=rows)


def shown_programs(left: str, right: str) -> ShownDiff:
    """The same of two raw programs: all of each is BBj."""
    return shown_part((left.split("\n"), right.split("\n")), (_of_program(left, 1), _of_program(right, 1)))


def coloured(text: str) -> Colours:
    """The pieces of each line of the programs in a file, by line number; other lines have no colours."""
    lines: Colours = {}
    for code_file in markdown.parse(text, path="").code_files:
        lines |= _of_program(code_file.code, code_file.line)
    return lines


def _of_program(code: str, number: int) -> Colours:
    """`number` is that of its first line."""
    lines: Colours = {}
    for name, piece in classified(code):
        css = TOKEN_CLASSES[name].css
        for n, part in enumerate(piece.text.split("\n")):
            number += n > 0
            if part:
                lines.setdefault(number, []).append((css, part))
    return lines


def _shown(line: Line | None, colours: Colours, mark: str, before: int) -> ShownLine | None:
    if line is None:
        return None
    number = before + line.number
    pieces = colours.get(number, [])
    if "".join(text for _, text in pieces) != line.text:
        pieces = [("", line.text)]
    return ShownLine(number, mark_safe("".join(_marked(pieces, line, mark))))


def _marked(pieces: Pieces, line: Line, mark: str) -> list[str]:
    """The pieces, cut where a mark begins or ends."""
    borders = sorted({border for marks in line.marks for border in marks})
    html = []
    at = 0
    for css, text in pieces:
        end = at + len(text)
        for start, stop in pairwise([at, *(border for border in borders if at < border < end), end]):
            shown = str(escape(line.text[start:stop]))
            if css:
                shown = f'<span class="{css}">{shown}</span>'
            if any(first <= start and stop <= last for first, last in line.marks):
                shown = f"<{mark}>{shown}</{mark}>"
            html.append(shown)
        at = end
    return html
