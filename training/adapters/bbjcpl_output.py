"""Reads what bbjcpl says. The text is all there is: its exit status is 0 whatever it thinks.

    X.bbj: error at line 30 (3):     method public void firstBroken())
    X.bbj: error: label NAME used but not defined at line 40 (4): gosub NAME
    X.bbj: type check error [message] at line 50 (5): x!.nosuch()

Silence about a file means that it was accepted. One mistake brings others in its wake, so of each file the
first error is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from curation.domain.bbj import Finding

LINE_MOST_CHARS = 500  # of a line that is repeated in a message

# From the right, so that the colon of C:\… stays in the path. The number in parentheses is the physical line.
_DIAGNOSTIC = re.compile(
    r"(?P<file>.+?): (?P<kind>error|type check error|type check warning)\b(?P<message>.*?)"
    r" at line \d+ \((?P<line>\d+)\):(?P<source>.*)"
)


@dataclass(frozen=True)
class Diagnostic:
    """One line of the compiler.

    Attributes:
        file: The last part of the path.
        line: Physical, counted from 1.
        source: The refused line, as the compiler repeats it.
    """

    file: str
    kind: str
    message: str
    line: int
    source: str

    @property
    def finding(self) -> Finding:
        """The same with the codes of a finding. The compiler tells no column, so it is 1."""
        said = self.message.strip(" :")
        if said.startswith("[") and said.endswith("]"):
            said = said[1:-1]
        if "used but not defined" in said:
            return Finding(self.line, 1, "undefined-label", said)
        if self.kind == "error":
            refused = f"bbjcpl refuses: {self.source.strip()}"[:LINE_MOST_CHARS]
            return Finding(self.line, 1, "syntax", said or refused)
        if "Cannot find program" in said:
            return Finding(self.line, 1, "unresolved-use", said, certain=False)
        return Finding(self.line, 1, "type-check", said, certain=self.kind == "type check error")


@dataclass
class Said:
    """What one call said about each of its files, by file name.

    Attributes:
        lines: Everything that names the file.
        errors: The first thing that the compiler refuses.
        unresolved: Each `use` whose program it cannot find. That says something about the prefix folders, and
            nothing about the source, so it is told and not counted.
        unclear: A line that names the file and is not understood.
        fault: A line that names no file and is not understood.
    """

    lines: dict[str, list[str]]
    errors: dict[str, Finding] = field(default_factory=dict)
    unresolved: dict[str, list[Finding]] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)
    fault: str = ""


def read(text: str, names: Sequence[str]) -> Said:
    """Sort the compiler's lines by file.

    Args:
        names: The last part of each path that it was asked about.
    """
    said = Said({name: [] for name in names})
    last = ""
    for line in (line.rstrip("\r") for line in text.split("\n")):
        if not line.strip():
            continue
        diagnostic = parse(line)
        if diagnostic and diagnostic.file in said.lines:
            last = diagnostic.file
            said.lines[last].append(line)
            finding = diagnostic.finding
            if finding.code == "unresolved-use":
                said.unresolved.setdefault(last, []).append(finding)
            elif finding.certain:
                said.errors.setdefault(last, finding)
        elif last and line.startswith(":"):  # the refused statement goes on, as it does in the source
            said.lines[last].append(line)
        else:
            _keep_unclear(said, line)
    return said


def _keep_unclear(said: Said, line: str) -> None:
    named = [name for name in said.lines if name in line]
    for name in named:
        said.lines[name].append(line)
        said.unclear.setdefault(name, line[:LINE_MOST_CHARS])
    if not named:
        said.fault = said.fault or line[:LINE_MOST_CHARS]


def parse(line: str) -> Diagnostic | None:
    """Read one line of the compiler. None: it is not a diagnostic."""
    match = _DIAGNOSTIC.fullmatch(line)
    if not match:
        return None
    file = re.split(r"[/\\]", match["file"])[-1]
    return Diagnostic(file, match["kind"], match["message"], int(match["line"][:9]), match["source"])
