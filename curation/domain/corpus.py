"""A raw BBj program: what its file has to be, and what makes two of them the same."""

from __future__ import annotations

import re
from dataclasses import replace

from curation.domain import duplicates, likeness, markdown, secrets
from curation.domain.problems import Problem, has_errors

SUFFIXES = (".bbj", ".src", ".txt")
LONGEST_PATH = 200  # characters; the width of the column
LONGEST_SOURCE = 200
_FOLDER = re.compile(r"[^\x00-\x1f\x7f\\/:*?\"<>|]+(?:/[^\x00-\x1f\x7f\\/:*?\"<>|]+)*")


class SourceRefused(ValueError):
    """The words for where programs come from cannot be kept; the message says why."""


def source_of(written: str) -> str:
    """Where programs come from, on one line.

    Raises:
        SourceRefused: empty, or too long.
    """
    words = " ".join(written.replace("\0", " ").split())
    if not words:
        raise SourceRefused(
            "The source is missing. Write where the texts come from: a repository, a department."
        )
    if len(words) > LONGEST_SOURCE:
        raise SourceRefused(f"The source has {len(words)} characters; {LONGEST_SOURCE} are kept.")
    return words


def folder_of(written: str) -> str:
    """A folder inside the corpus, without "/" at its ends; "" for none.

    Raises:
        SourceRefused: it leads elsewhere, or holds a sign that no folder may have.
    """
    folder = written.strip().strip("/")
    if not folder:
        return ""
    if not _FOLDER.fullmatch(folder) or any(part in (".", "..") for part in folder.split("/")):
        raise SourceRefused(f'"{folder[:60]}" is no folder of the corpus. Write it like sales/reports.')
    return folder


def read_program(data: bytes, *, path: str) -> tuple[str | None, list[Problem]]:
    """The text of a program, or None with every reason against it. What was changed is a warning."""
    if len(path) > LONGEST_PATH:
        say = f"The path has {len(path)} characters; {LONGEST_PATH} are kept."
        return None, [Problem(path, 1, "path-too-long", "error", say, "Rename it, or its folders.")]
    if not path.isprintable():
        say = "The path holds a sign that cannot be shown."
        return None, [Problem(path, 1, "file-name", "error", say, "Rename the file, or its folders.")]
    text, problems = markdown.decode(data, path=path)
    if text is None:
        return None, [_of_a_program(problem) for problem in problems]
    problems += markdown.check_characters(text, path)
    if not text.strip():
        problems.append(Problem(path, 1, "empty", "error", "There is nothing in it.", "Leave it out."))
    problems += [_not_let_in(found) for found in secrets.problems(text, file=path)]
    return (None if has_errors(problems) else text), problems


def form_of(text: str) -> str:
    """Digest of a program without case and layout: two with the same one are stored once."""
    return likeness.digest(duplicates.normalise(text))


def lines_of(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))


def _of_a_program(problem: Problem) -> Problem:
    """The same, where it speaks of an example."""
    if problem.code != "too-large":
        return problem
    most = f"A program may have {markdown.LARGEST_FILE_BYTES:,} bytes."
    return replace(problem, message=most, suggestion="Leave it out, or split it.")


def _not_let_in(problem: Problem) -> Problem:
    """A secret in an example waits for a reviewer; nobody reviews a raw program."""
    return replace(problem, severity="error", suggestion='Write a placeholder such as "secret".')
