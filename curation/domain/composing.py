"""An example file taken apart into the pieces that a form shows, and put together again.

What did not change stays as it was written, to the character: comments, the order of fields, quotes, blank
lines, text between the programs. So `compose(text, split(text)) == text`, and for pieces without problems
(`piece_problems`) `split(compose(text, pieces)) == pieces`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from curation.domain import code_lines, field_lines, front_matter
from curation.domain.code_lines import CodePiece, Edit
from curation.domain.field_lines import Value
from curation.domain.problems import Problem
from curation.domain.sections import FILE_NAME, SECTIONS, CodeFile, Section, files_of, split_sections

EMPTY = "---\n---\n"
_EXPECTED = {"behavior": "Expected Behavior", "output": "Expected Output"}


@dataclass(frozen=True)
class Pieces:
    """`fields` has no empty values, and no text has blanks at its ends; an absent section is ""."""

    fields: Mapping[str, Value] = field(default_factory=dict)
    preface: str = ""  # what stands before the first section and becomes no training data
    code: tuple[CodePiece, ...] = ()
    expected_kind: str = ""  # "behavior", "output"; "" without a text
    expected: str = ""
    explanation: str = ""


class CannotSplit(ValueError):
    """A form cannot hold this text; the message says where and why. It can be edited as Markdown."""


@dataclass(frozen=True)
class Place:
    """Where a line of the file stands among its pieces.

    Attributes:
        piece: "preface", "code", "expected", "explanation", or the name of a field.
        file: Of code the program, counted from 0.
        line: Its line, counted from 1; 0 for its fence or its name.
    """

    piece: str
    file: int = -1
    line: int = 0


@dataclass(frozen=True)
class _Anatomy:
    """A text with the places of its pieces. Numbers of lines count from 1 in the file."""

    lines: list[str]
    front: front_matter.FrontMatter
    sections: dict[str, Section]
    problems: list[Problem]  # of the sections
    files: list[CodeFile]

    @property
    def block(self) -> str:
        """The lines between the fences of the front matter."""
        return "".join(f"{line}\n" for line in self.lines[1 : max(self.front.body_line - 2, 1)])

    @property
    def expected(self) -> tuple[str, Section | None]:
        found = ((kind, self.sections.get(name)) for kind, name in _EXPECTED.items())
        return next(((kind, section) for kind, section in found if section), ("", None))


def split(text: str) -> Pieces:
    """The pieces of a text; a blank text has none.

    Raises:
        CannotSplit: the front matter or the sections cannot be read, or hold what no form could give back.
    """
    return _pieces(_anatomy(text))


def compose(text: str, pieces: Pieces) -> str:
    """The text with these pieces instead of its own.

    Raises:
        CannotSplit: as `split`, of `text`.
    """
    was = _anatomy(text)
    old = _pieces(was)
    if old == pieces:
        return text
    edits: list[Edit] = []
    new: dict[str, list[str]] = {}  # sections that the text does not have yet
    if old.preface != pieces.preface:
        edits.append(_text_edit(was.sections[""], pieces.preface))
    if code := was.sections.get("Code"):
        edits += code_lines.edits(code, was.files, pieces.code, _labels(old), _labels(pieces))
    elif pieces.code:
        new["Code"] = code_lines.written(pieces.code, _labels(pieces))
    for name, section, (before, after) in (
        (_EXPECTED[pieces.expected_kind or "output"], was.expected[1], (old.expected, pieces.expected)),
        ("Explanation", was.sections.get("Explanation"), (old.explanation, pieces.explanation)),
    ):
        if section is None and after:
            new[name] = ["", *after.split("\n"), ""]
        elif section:
            edits += _section_edits(section, was.lines[section.line - 1], name, before, after)
    lines = _with_edits(was.lines, [*edits, *_new_sections(was, new)])
    if old.fields != pieces.fields:
        block = field_lines.with_fields(was.block, pieces.fields)
        lines[1 : was.front.body_line - 2] = block.split("\n")[:-1]
    return "\n".join(lines)


def _labels(pieces: Pieces) -> dict[str, str]:
    """What the headings of a migration's sides say in parentheses."""
    fields = {"before": "from_generation", "after": "to_generation"}
    values = {side: pieces.fields.get(name, "") for side, name in fields.items()}
    return {side: value if isinstance(value, str) else ", ".join(value) for side, value in values.items()}


def piece_problems(pieces: Pieces) -> list[Problem]:
    """What `compose` would write and `split` not find again: each names its piece as `field`."""

    def problem(piece: str, message: str, suggestion: str) -> Problem:
        return Problem("", 0, "piece", "error", message, suggestion, piece)

    found = []
    for piece in ("preface", "expected", "explanation"):
        sections, problems = split_sections(getattr(pieces, piece), 1, "")
        found += [problem(piece, p.message, p.suggestion) for p in problems if p.code == "fence-open"]
        if headings := [name for name in sections if name]:
            message = f'"## {headings[0]}" would begin another section.'
            found.append(problem(piece, message, f"Write ### {headings[0]}"))
    for code in pieces.code:
        if code.name and not FILE_NAME.match(code_lines.name_line(code.name)):
            message = f'The file name "{code.name}" has a blank in it.'
            found.append(problem("code", message, "Join its words with a hyphen."))
    return found


def places(text: str) -> dict[int, Place]:
    """Where each line of the text stands among its pieces, as far as it can be read."""
    was = _anatomy(text)
    found: dict[int, Place] = {}
    for piece, section in (("preface", was.sections.get("")), ("expected", was.expected[1])):
        found |= dict.fromkeys(_range(section), Place(piece))
    found |= dict.fromkeys(_range(was.sections.get("Explanation")), Place("explanation"))
    found |= dict.fromkeys(_range(was.sections.get("Code")), Place("code"))
    for n, file in enumerate(was.files):
        found |= dict.fromkeys((*file.name_lines, file.line - 1, file.end), Place("code", n))
        found |= {file.line + at: Place("code", n, at + 1) for at in range(file.end - file.line)}
    try:
        spans = field_lines.field_spans(was.block) if not was.front.problems else {}
    except field_lines.NotPlain:
        spans = {}
    for name, (first, last) in spans.items():
        found |= dict.fromkeys(range(first + 2, last + 3), Place(name))
    return found


def _range(section: Section | None) -> range:
    return range(section.line, section.line + len(section.lines) + 1) if section else range(0)


def _anatomy(text: str) -> _Anatomy:
    text = text if text.strip() else EMPTY
    front = front_matter.read(text, file="")
    sections, problems = split_sections(front.body, front.body_line, "")
    lines = text.split("\n")
    if front.body_line > len(lines):  # there is no body, and so not even the one empty line that was read
        sections[""] = Section("", front.body_line, ())
    return _Anatomy(lines, front, sections, problems, list(files_of(sections.get("Code"))))


def _pieces(was: _Anatomy) -> Pieces:
    for problem in (*was.front.problems, *was.problems):
        if problem.code not in ("front-matter-empty", "section-too-large"):
            raise CannotSplit(f"Line {problem.line}: {problem.message} {problem.suggestion}".rstrip())
    try:
        fields = field_lines.read_fields(was.block)
    except field_lines.NotPlain as error:
        raise CannotSplit(str(error)) from error
    if all(name in was.sections for name in _EXPECTED.values()):
        raise CannotSplit("There is both ## Expected Behavior and ## Expected Output. Join them.")
    _refuse_loose_names(was)
    kind, expected = was.expected
    explanation = was.sections.get("Explanation")
    return Pieces(
        fields=fields,
        preface=was.sections[""].text if "" in was.sections else "",
        code=tuple(CodePiece(file.code.removesuffix("\n"), file.name, file.part) for file in was.files),
        expected_kind=kind if expected and expected.text else "",
        expected=expected.text if expected else "",
        explanation=explanation.text if explanation else "",
    )


def _refuse_loose_names(was: _Anatomy) -> None:
    """A file name that no program follows would become the name of the next one that is added."""
    last = was.files[-1].end if was.files else 0
    for number, line in was.sections["Code"].lines if "Code" in was.sections else ():
        if number > last and FILE_NAME.match(line):
            raise CannotSplit(f"Line {number}: a file name, and no program below it. Remove it.")


# Lines of sections


def _with_edits(lines: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    """The lines with all edits made. What is put in at one place comes in the order of the edits."""
    made: list[str] = []
    done = 0
    for start, end, instead in sorted(edits, key=lambda edit: edit[:2]):
        made += [*lines[done:start], *instead]
        done = end
    return [*made, *lines[done:]]


def _text_edit(section: Section, text: str) -> Edit:
    """The section's text replaced: from its first line that is not blank to its last one."""
    written = [number for number, line in section.lines if line.strip()]
    lines = text.split("\n")
    if written and text:
        return written[0] - 1, written[-1], lines
    if written:  # the preface, which has no heading that would go with it: one blank line is enough
        blank = written[-1] < section.lines[-1][0]
        return written[0] - 1, written[-1] + blank, []
    at = section.line - (not section.name)  # behind the heading, where there is one
    blanks = len(section.lines)
    return (at, at, ["", *lines, ""]) if not blanks else (at + 1, at + 1, [*lines, *[""] * (blanks == 1)])


def _section_edits(section: Section, heading: str, name: str, before: str, after: str) -> Iterator[Edit]:
    if before and not after:
        yield section.line - 1, section.line + len(section.lines), []
        return
    if after and name != section.name:
        yield section.line - 1, section.line, [heading.replace(section.name, name, 1)]
    if before != after:
        yield _text_edit(section, after)


def _new_sections(was: _Anatomy, new: Mapping[str, list[str]]) -> Iterator[Edit]:
    """Each before the first section that has to follow it, or at the end."""

    def place_of(name: str) -> int:
        later = (was.sections.get(other) for other in SECTIONS[SECTIONS.index(name) + 1 :])
        return min((section.line - 1 for section in later if section), default=len(was.lines))

    for at, names in groupby(new, key=place_of):
        lines: list[str] = []
        for name in names:
            if (lines[-1] if lines else was.lines[at - 1]).strip():
                lines.append("")
            lines += [f"## {name}", *new[name]]
        yield at, at, lines
