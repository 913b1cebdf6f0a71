"""The programs of a section ## Code, changed in place: fences, file names, and the sides of a migration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from curation.domain.sections import FENCE, FILE_NAME, HEADING, CodeFile, Section, closes, side_of

Edit = tuple[int, int, list[str]]  # lines from one index to another, and what stands there instead


@dataclass(frozen=True)
class CodePiece:
    code: str  # its lines, without the last line end
    name: str = ""
    part: str = ""  # "before", "after" or ""


def edits(
    section: Section,
    files: Sequence[CodeFile],
    new: Sequence[CodePiece],
    old_labels: Mapping[str, str],
    labels: Mapping[str, str],
) -> Iterator[Edit]:
    """How the section gets these programs. What stands between programs stays.

    Args:
        labels: What a new heading says behind "### Before" and "### After"; one that said the old label says
            the new one.
    """
    headings = dict(_relabelled(section, files, old_labels, labels))
    lines = [(number, headings.get(number, line)) for number, line in section.lines]
    if [file.part for file in files] != [piece.part for piece in new]:
        yield section.line, section.line + len(lines), _Arrangement(lines, files, new, labels).written()
        return
    text = dict(lines)
    yield from ((number - 1, number, [heading]) for number, heading in headings.items())
    for file, piece in zip(files, new, strict=True):
        if file.name != piece.name:
            yield from _name_edits(file, piece.name, text)
        if file.code.removesuffix("\n") != piece.code:
            yield file.line - 2, file.end, _fenced(file, piece.code, text)


def written(new: Sequence[CodePiece], labels: Mapping[str, str]) -> list[str]:
    """The lines below a new heading ## Code."""
    return _Arrangement((), (), new, labels).written()


def name_line(name: str) -> str:
    return f"<!-- filename: {name} -->"


def _relabelled(
    section: Section, files: Sequence[CodeFile], old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    for number, line in _headings(section.lines, files):
        side = side_of(line)
        if side and old[side] and new[side] and old[side] != new[side] and f"({old[side]})" in line:
            yield number, line.replace(f"({old[side]})", f"({new[side]})")


def _headings(lines: Sequence[tuple[int, str]], files: Sequence[CodeFile]) -> Iterator[tuple[int, str]]:
    inside = {number for file in files for number in range(file.line, file.end)}
    return ((number, line) for number, line in lines if number not in inside and HEADING.match(line))


def _name_edits(file: CodeFile, name: str, text: Mapping[int, str]) -> Iterator[Edit]:
    if not file.name_lines:
        yield file.line - 2, file.line - 2, [name_line(name)]
    elif not name:
        yield from ((number - 1, number, list[str]()) for number in file.name_lines)
    else:
        number = file.name_lines[-1]
        yield number - 1, number, [_renamed(text[number], name)]


def _renamed(line: str, name: str) -> str:
    found = FILE_NAME.match(line)
    assert found
    return line[: found.start(1)] + name + line[found.end(1) :]


def _fenced(file: CodeFile, code: str, text: Mapping[int, str]) -> list[str]:
    """The program's fence with other code in it, and a longer fence where the code would close it."""
    lines = code.split("\n") if code else []
    fence = _fence_around(lines, file.fence)
    opening, closing = text[file.line - 1], text[file.end]
    if fence != file.fence:
        opening, closing = opening.replace(file.fence, fence, 1), fence
    return [opening, *lines, closing]


def _fence_around(lines: Sequence[str], fence: str = "```") -> str:
    """A fence of this sign that none of the lines closes."""
    marks = [mark.group(1) for line in lines if (mark := FENCE.match(line)) and closes(mark, fence)]
    return fence[0] * (max(map(len, marks)) + 1) if marks else fence


class _Arrangement:
    """Programs added, taken out, or moved to another side: walks through the old lines and puts each program
    where its turn comes. All other lines stay, but the headings of sides whose programs are gone.
    """

    def __init__(
        self,
        lines: Sequence[tuple[int, str]],
        files: Sequence[CodeFile],
        new: Sequence[CodePiece],
        labels: Mapping[str, str],
    ) -> None:
        self.lines, self.files, self.new, self.labels = lines, files, new, labels
        self.text = dict(lines)
        self.made: list[str] = []
        self.side = ""  # as a reader of `made` knows it
        self.turn = 0  # in `new`
        self.gap = False  # something was taken out here: one blank line is enough

    def written(self) -> list[str]:
        opening = {file.line - 1: n for n, file in enumerate(self.files)}
        owned = {
            number
            for file in self.files
            for number in (*file.name_lines, *range(file.line - 1, file.end + 1))
        }
        becomes = _pairs(self.files, self.new)
        for number, line in self.lines:
            if number in opening:
                n = opening[number]
                self.gap = n not in becomes
                while self.turn <= becomes.get(n, -1):
                    self._put(self.files[n] if self.turn == becomes[n] else None)
            elif number in owned:
                continue
            elif HEADING.match(line):
                self._take_heading(line)
            elif line.strip() or not (self.gap and self.made and not self.made[-1].strip()):
                self.made.append(line)
                self.gap = False
        while self.turn < len(self.new):
            self._put(None)
        return self.made if self.made and not self.made[-1].strip() else [*self.made, ""]

    def _take_heading(self, line: str) -> None:
        side = side_of(line)
        wanted = self.new[self.turn].part if self.turn < len(self.new) else ""
        if side and side != wanted:
            self.gap = True
        else:
            self.made.append(line)
            self.side = side

    def _put(self, file: CodeFile | None) -> None:
        """Write the program whose turn it is; `file` is the one it was."""
        piece = self.new[self.turn]
        self.turn += 1
        if self.side != piece.part:
            self._blank_line()
            self.made += [self._heading(piece.part), ""]
            self.side = piece.part
        if file is None:
            self._blank_line()
            lines = piece.code.split("\n") if piece.code else []
            fence = _fence_around(lines)
            self.made += [name_line(piece.name)] * bool(piece.name)
            self.made += [f"{fence}bbj", *lines, fence, ""]
            return
        if piece.name:
            named = self.text[file.name_lines[-1]] if file.name_lines else name_line(piece.name)
            self.made.append(_renamed(named, piece.name) if file.name_lines else named)
        self.made += _fenced(file, piece.code, self.text)

    def _heading(self, side: str) -> str:
        """The heading that the side has already, or a new one."""
        there = (line for _, line in _headings(self.lines, self.files) if side_of(line) == side)
        label = self.labels.get(side, "")
        return (
            next(there, "" if side else "### Code") or f"### {side.title()}{f' ({label})' if label else ''}"
        )

    def _blank_line(self) -> None:
        if not self.made or self.made[-1].strip():
            self.made.append("")


def _pairs(files: Sequence[CodeFile], new: Sequence[CodePiece]) -> dict[int, int]:
    """Which new program each old one becomes: the same one where it is there, else the next that is left."""
    olds = [(file.name, file.code.removesuffix("\n")) for file in files]
    news = [(piece.name, piece.code) for piece in new]
    found: dict[int, int] = {}
    for kind, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if kind in ("equal", "replace"):
            found |= dict(zip(range(a, b), range(c, d), strict=False))
    return found
