"""Read BBj programs from files and folders: plain sources, and the code of Markdown examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from curation.domain import markdown
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import Problem

SOURCE_SUFFIXES = (".bbj", ".src")
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Program:
    """One program to look at.

    Attributes:
        file: The path as it was given, or found below a folder that was given.
        name: Which program of a Markdown file ("Customer.bbj", "before"); "" for a file of its own.
        first_line: Line of the file on which `code` starts, counted from 1.
        example: The whole Markdown file that the program stands in; None for a file of its own.
    """

    file: str
    name: str
    code: str
    first_line: int = 1
    example: ExampleDoc | None = None


def read_programs(paths: Iterable[Path]) -> tuple[int, list[Program], list[Problem]]:
    """(number of files, programs, problems). Of a folder, all .bbj, .src and Markdown examples below it.

    A file that cannot be read is a problem and not an exception, so that one bad file hides no other.
    """
    files = 0
    programs: list[Program] = []
    problems: list[Problem] = []
    for path in paths:
        found = list(_files(path))
        if not found:
            message = (
                "there is no such file" if not path.exists() else "no .bbj, .src or Markdown example in it"
            )
            problems.append(Problem(str(path), 0, "nothing-to-read", "error", message))
        files += len(found)
        for file in found:
            _read(file, programs, problems)
    return files, programs, problems


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and (file.suffix.lower() in SOURCE_SUFFIXES or _is_example(file)):
            yield file


def _is_example(file: Path) -> bool:
    if file.suffix.lower() != ".md":
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(3) == b"---"
    except OSError:
        return True  # reported when it is read


def _read(file: Path, programs: list[Program], problems: list[Problem]) -> None:
    name = file.as_posix()
    try:
        if file.stat().st_size > MOST_BYTES:
            message = f"over {MOST_BYTES // 1024 // 1024} MB, which is no program. Leave it out."
            problems.append(Problem(name, 0, "too-large", "error", message))
            return
        data = file.read_bytes()
    except OSError as error:
        problems.append(Problem(name, 0, "unreadable", "error", f"cannot be read: {error.strerror}"))
        return
    if file.suffix.lower() == ".md":
        _read_example(name, data, programs, problems)
        return
    try:
        code = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(Problem(name, line, "not-utf-8", "error", "is not UTF-8. Save it as UTF-8."))
        return
    programs.append(Program(name, "", code))


def _read_example(name: str, data: bytes, programs: list[Program], problems: list[Problem]) -> None:
    text, found = markdown.decode(data, path=name)
    doc = None
    if text is not None:
        parsed = markdown.parse(text, path=name)
        doc, found = parsed.doc, [*found, *parsed.problems]
    if doc is None:
        problems += [problem for problem in found if problem.severity == "error"]
        return
    for file in doc.code_files:
        label = " ".join(part for part in (file.part, file.name) if part)
        programs.append(Program(name, label, file.code, file.line, doc))
