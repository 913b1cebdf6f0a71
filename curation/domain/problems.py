"""A problem names the place, the value and the way out; all problems of an input come at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        file: The path as the author knows it.
        line: Counted from 1; 1 when the problem is the file itself or something that is not there.
        code: A stable name of the rule, such as "unknown-value".
        severity: "error" stops an import of the file; "warning" does not.
        suggestion: What to write instead, or "".
        field: The part of an example it is about, where it is about one: "title", "path", "code".
    """

    file: str
    line: int
    code: str
    severity: str
    message: str
    suggestion: str = ""
    field: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} {self.suggestion}".rstrip()


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def check_report(files: int, problems: Iterable[Problem]) -> dict[str, Any]:
    """The JSON of every check command: {"ok", "files", "problems"}; warnings do not spoil "ok"."""
    listed = list(problems)
    return {"ok": not has_errors(listed), "files": files, "problems": [p.as_dict() for p in listed]}
