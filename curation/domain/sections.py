"""The body of an example file: sections by their ## headings, programs by their fences.

Two read it: the parser (curation/domain/markdown.py), and what writes single parts back (composing.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curation.domain.problems import Problem

LARGEST_SECTION_BYTES = 64 * 1024
SECTIONS = ("Code", "Expected Behavior", "Expected Output", "Explanation")
SIDES = ("before", "after")  # of a migration

# Possessive (*+): a hostile line of 200,000 characters is given up in one pass, not in the square of it.
FENCE = re.compile(r"^ {0,3}(`{3,}+|~{3,}+)[ \t]*+([^\s`]*+)[^`\n]*+$")
HEADING = re.compile(r"^(#{2,3})[ \t]++(\S.*)$")
FILE_NAME = re.compile(r"^[ \t]*<!--[ \t]*filename:[ \t]*(\S+)[ \t]*-->[ \t]*$")


@dataclass(frozen=True)
class CodeFile:
    name: str  # from <!-- filename: … -->, or ""
    part: str  # "before", "after" (migrations) or ""
    code: str  # ends with a newline
    line: int  # line of the file on which the code starts, counted from 1
    tag: str  # what stands behind the opening fence
    fence: str = "```"
    name_lines: tuple[int, ...] = ()  # of the comments that name it; the last one counts

    @property
    def end(self) -> int:
        """The line of the closing fence."""
        return self.line + self.code.count("\n")


@dataclass(frozen=True)
class Section:
    name: str  # "" for what stands before the first heading
    line: int  # of the heading; of the first line where there is none
    lines: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines).strip()


def split_sections(body: str, first_line: int, path: str) -> tuple[dict[str, Section], list[Problem]]:
    """The body by its ## headings; headings inside fences are text. Of two equal ones the first counts."""
    sections: dict[str, Section] = {}
    problems: list[Problem] = []
    name, start, lines = "", first_line, list[tuple[int, str]]()
    fence, fence_line = "", 0
    may_be_large = 4 * len(body) > LARGEST_SECTION_BYTES  # four bytes at most are a character

    def close() -> None:
        section = Section(name, start, tuple(lines))
        if may_be_large and len(section.text.encode("utf-8", "surrogatepass")) > LARGEST_SECTION_BYTES:
            place = f"The section {name}" if name else "The text before the first heading"
            message = f"{place} is longer than {LARGEST_SECTION_BYTES:,} bytes."
            problems.append(Problem(path, start, "section-too-large", "error", message, "Split the example."))
        if name in sections:
            message = f"## {name} stands there twice."
            problems.append(Problem(path, start, "section-twice", "error", message, "Join them."))
        else:
            sections[name] = section

    for number, line in enumerate(body.split("\n"), first_line):
        mark = _fence(line)
        if fence:
            if mark and closes(mark, fence):
                fence = ""
        elif mark:
            fence, fence_line = mark.group(1), number
        elif line.startswith("##") and (heading := HEADING.match(line)) and heading.group(1) == "##":
            close()
            name, start, lines = _without_closing_marks(heading.group(2)), number, []
            continue
        lines.append((number, line))
    close()
    if fence:
        message = "The code fence is never closed."
        problems.append(Problem(path, fence_line, "fence-open", "error", message, f"Add a line {fence}"))
    return sections, problems


def _fence(line: str) -> re.Match[str] | None:
    """Most lines have no such sign, and looking for it is quicker than the pattern."""
    return FENCE.match(line) if "```" in line or "~~~" in line else None


def closes(mark: re.Match[str], fence: str) -> bool:
    """Whether a fence line ends the block that `fence` began: the same sign as often or more, and no tag."""
    return mark.group(1).startswith(fence) and not mark.group(2)


def _without_closing_marks(heading: str) -> str:
    """Of "Code ##" the word; the sign in "C#" belongs to it."""
    heading = heading.rstrip(" \t")
    bare = heading.rstrip("#")
    return bare.rstrip(" \t") if bare.endswith((" ", "\t")) else heading


def side_of(heading: str) -> str:
    """Which side of a migration a ### heading begins: "### After (dwc)" gives "after"; others end one."""
    first_word = heading.lstrip("#").split()[0].lower()
    return first_word if first_word in SIDES else ""


def files_of(section: Section | None) -> Iterator[CodeFile]:
    """Every closed fence of the section ## Code, whatever its tag."""
    part = name = fence = tag = ""
    start, code, named_in = 0, list[str](), list[int]()
    for number, line in section.lines if section else ():
        mark = _fence(line)
        if fence:
            if mark and closes(mark, fence):
                text = "".join(f"{text}\n" for text in code)
                yield CodeFile(name, part, text, start, tag, fence, tuple(named_in))
                fence, name, named_in = "", "", []
            else:
                code.append(line)
        elif mark:
            fence, tag, start, code = mark.group(1), mark.group(2), number + 1, []
        elif HEADING.match(line):
            part = side_of(line)
        elif named := FILE_NAME.match(line):
            name = named.group(1)
            named_in.append(number)
