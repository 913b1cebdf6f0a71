"""An example file: front matter, then Code, Expected Behavior or Expected Output, and Explanation.

The format is described for authors in training-data/FORMAT.md. `parse` reports all problems of a file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from curation.domain import front_matter
from curation.domain.control_tokens import CONTROL_TOKEN
from curation.domain.labels import TOPICS, TYPES, generations_of
from curation.domain.problems import Problem, has_errors
from curation.domain.schema import check_front_matter
from curation.domain.sections import SECTIONS, CodeFile, Section, files_of, split_sections

LARGEST_FILE_BYTES = 256 * 1024
CODE_LINES = range(10, 51)

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
# Zero-width signs, marks that reverse the direction of writing, line breaks that only some programs see.
_UNSEEN = "\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_HALVES = "\ud800-\udfff"
_CONTROL_CHARACTER, _HIDDEN, _SURROGATE = (re.compile(f"[{some}]") for some in (_CONTROLS, _UNSEEN, _HALVES))
_ODD = re.compile(f"[{_CONTROLS}{_UNSEEN}{_HALVES}]")  # most texts hold none, and are looked through once
_REM = re.compile(r"^\s*(?:\d+\s+)?rem(?:\s|$)", re.IGNORECASE)
_KEBAB = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*\.md$")


@dataclass(frozen=True)
class ExampleDoc:
    """What an example file says. `generation` is as written; `generations` is the same as a tuple."""

    path: str
    topic: str
    title: str
    type: str
    generation: str | tuple[str, ...]
    generations: tuple[str, ...]
    difficulty: str
    tags: tuple[str, ...]
    description: str
    requires_version: str
    from_generation: str
    to_generation: tuple[str, ...]
    code_files: tuple[CodeFile, ...]
    expected: str
    expected_kind: str  # "behavior", "output" or ""
    explanation: str
    text: str


@dataclass(frozen=True)
class Parsed:
    """`doc` is None exactly when a problem is an error; `code_files` are what can be read even then."""

    doc: ExampleDoc | None
    problems: list[Problem]
    code_files: tuple[CodeFile, ...]


def content_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, in hex: the identity of a revision's content."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def decode(data: bytes, *, path: str) -> tuple[str | None, list[Problem]]:
    """Bytes of a file as text, or None with the reasons. What was changed is listed as a warning.

    Only UTF-8 of at most 256 KiB; a byte order mark is dropped and CRLF becomes LF.
    """

    def problem(code: str, severity: str, message: str, suggestion: str = "", line: int = 1) -> Problem:
        return Problem(path, line, code, severity, message, suggestion)

    if len(data) > LARGEST_FILE_BYTES:
        size = f"{len(data):,} bytes; an example may have {LARGEST_FILE_BYTES:,}"
        return None, [problem("too-large", "error", f"The file has {size}.", "Make several examples of it.")]
    problems = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        problems.append(problem("normalised-bom", "warning", "The byte order mark at the start was dropped."))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"Byte {data[error.start]:#04x} is not UTF-8."
        return None, [*problems, problem("not-utf8", "error", message, "Save the file as UTF-8.", line)]
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
        problems.append(problem("normalised-crlf", "warning", "CRLF line ends were stored as LF."))
    if found := _CONTROL_CHARACTER.search(text):
        line = text.count("\n", 0, found.start()) + 1
        message = f"The control character U+{ord(found.group()):04X} is not allowed."
        return None, [*problems, problem("control-character", "error", message, "Remove it.", line)]
    return text, problems


def parse(text: str, *, path: str) -> Parsed:
    """Read an example file. Never raises; every problem of the file is reported at once.

    Args:
        path: Inside training-data/, such as "gui/hello-window.md"; its folder is the topic.
    """
    problems = [*check_characters(text, path), *_check_path(path)]
    front = front_matter.read(text, file=path)
    problems += front.problems
    if not front.problems:
        problems += check_front_matter(front.meta, file=path, line_of=front.line_of)
        problems += _check_values(front, path, problems)
    sections, open_fences = split_sections(front.body, front.body_line, path)
    problems += open_fences
    problems += _check_sections(sections, path)
    code_files = tuple(files_of(sections.get("Code")))
    problems += _check_habits(front.meta, front.line_of, code_files, sections, path)
    problems.sort(key=lambda p: (p.line, p.severity, p.code))
    doc = None if has_errors(problems) else _doc(path, text, front.meta, sections, code_files)
    return Parsed(doc, problems, code_files)


def read_again(text: str, *, path: str) -> ExampleDoc:
    """What a text says that `parse` found good before: the same document, and nothing is checked again.

    A quarter of the time, and a text that later rules would refuse is still read.

    Raises:
        ValueError: no rules of this studio can have let it pass; the message is for people.
    """
    meta, body_line, body = front_matter.read_again(text)
    sections, _ = split_sections(body, body_line, path)
    try:
        return _doc(path, text, meta, sections, tuple(files_of(sections.get("Code"))))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its front matter is not that of an example ({error!r})") from error


def _doc(
    path: str,
    text: str,
    meta: dict[str, Any],
    sections: dict[str, Section],
    code_files: tuple[CodeFile, ...],
) -> ExampleDoc:
    kind = next((k for k in ("behavior", "output") if f"Expected {k.title()}" in sections), "")
    generation = meta["generation"]
    return ExampleDoc(
        path=path,
        topic=path.split("/")[0],
        title=meta["title"],
        type=meta["type"],
        generation=generation if isinstance(generation, str) else tuple(generation),
        generations=generations_of(generation),
        difficulty=meta.get("difficulty", ""),
        tags=tuple(meta.get("tags", ())),
        description=meta.get("description", "").strip(),
        requires_version=meta.get("requires_version", ""),
        from_generation=meta.get("from_generation", ""),
        to_generation=generations_of(meta["to_generation"]) if "to_generation" in meta else (),
        code_files=code_files,
        expected=sections[f"Expected {kind.title()}"].text if kind else "",
        expected_kind=kind,
        explanation=sections["Explanation"].text if "Explanation" in sections else "",
        text=text,
    )


def check_characters(text: str, path: str) -> Iterator[Problem]:
    """What no text of the studio may hold: control tokens, control and invisible characters, half characters.

    The first of each kind, with its line in `text`.
    """
    rules = (
        (
            CONTROL_TOKEN,
            "control-token",
            "The ChatML control token {} is not allowed.",
            "Write it another way.",
        ),
        (_CONTROL_CHARACTER, "control-character", "The control character {} is not allowed.", "Remove it."),
        (_HIDDEN, "hidden-character", "The invisible character {} is not allowed.", "Remove it."),
        (_SURROGATE, "surrogate", "The half character {} is not text.", "Type the character again."),
    )
    if not _ODD.search(text) and "<|" not in text:
        return
    for pattern, code, message, suggestion in rules:
        for found in pattern.finditer(text):
            shown = found.group() if len(found.group()) > 1 else f"U+{ord(found.group()):04X}"
            line = text.count("\n", 0, found.start()) + 1
            yield Problem(path, line, code, "error", message.format(shown), suggestion)
            break  # the first of a kind is enough: a file of them would drown the rest


def _check_values(front: front_matter.FrontMatter, path: str, known: Sequence[Problem]) -> Iterator[Problem]:
    """What an escape such as "\\x07" in quotes brings in, which the characters of the file do not show."""
    told = {(problem.line, problem.code) for problem in known}
    for name, value in front.meta.items():
        line = front.line_of.get(str(name), 1)
        for text in value if isinstance(value, list) else [value]:
            for found in check_characters(str(text), path):
                if (line, found.code) not in told:
                    yield replace(found, line=line, field=str(name))


def _check_path(path: str) -> Iterator[Problem]:
    parts = PurePosixPath(path).parts
    if not _KEBAB.match(parts[-1] if parts else ""):
        message = "The file name is not kebab-case."
        yield Problem(path, 1, "file-name", "warning", message, "Write it like hello-window.md", "path")
    if len(parts) == 2 and parts[0] not in TOPICS:
        message = f'The folder "{parts[0]}" is not a topic; topics are {", ".join(TOPICS)}.'
        yield Problem(path, 1, "topic-unknown", "warning", message, "", "path")


def _check_sections(sections: dict[str, Section], path: str) -> Iterator[Problem]:
    if (before := sections.get("")) and before.text and len(sections) > 1:
        message = "The text before the first section becomes no part of the training data."
        suggestion = "Move it into a section."
        yield Problem(path, before.line, "text-unused", "warning", message, suggestion, "preface")
    present = [name for name in sections if name in SECTIONS]
    if present != sorted(present, key=SECTIONS.index):
        line = sections[present[0]].line
        yield Problem(path, line, "section-order", "warning", "The order is Code, Expected …, Explanation.")
    for name, section in sections.items():
        if name and name not in SECTIONS:
            message = f'"## {name}" is not a section of an example.'
            known = f"Use {', '.join(SECTIONS)}."
            yield Problem(path, section.line, "section-unknown", "warning", message, known)


def _check_habits(
    meta: dict[str, Any],
    line_of: dict[str, int],
    code_files: Sequence[CodeFile],
    sections: dict[str, Section],
    path: str,
) -> Iterator[Problem]:
    """The soft rules: an example may break them, its author should know. `meta` is whatever YAML read."""

    def warn(line: int, code: str, message: str, suggestion: str = "", field: str = "") -> Problem:
        return Problem(path, line, code, "warning", message, suggestion, field)

    kind = meta.get("type")
    for name in ("from_generation", "to_generation"):
        if kind == "migration" and name not in meta:
            message = f"A migration without {name}."
            line = line_of.get("type", 1)
            yield warn(line, "migration-incomplete", message, f"Add {name}: …", name)
        if kind in TYPES and kind != "migration" and name in meta:
            message = f"{name} on a {kind}."
            suggestion = "Remove it, or write type: migration"
            yield warn(line_of.get(name, 1), "not-a-migration", message, suggestion, name)
    if not code_files and kind != "explanation":
        message = "There is no code fence in a section ## Code."
        yield warn(1, "no-code", message, "Add ```bbj … ```", "code")
    parts = {f.part for f in code_files}
    if kind == "migration" and code_files and not {"before", "after"} <= parts:
        message = "A migration shows both sides."
        yield warn(code_files[0].line, "no-sides", message, "Add ### Before (…) and ### After (…)", "code")
    if "Explanation" not in sections:
        message = "There is no section ## Explanation."
        yield warn(1, "no-explanation", message, "Say why the code is so.", "explanation")
    if not any(name.startswith("Expected ") for name in sections):
        message = "There is neither ## Expected Behavior nor ## Expected Output."
        yield warn(1, "no-expectation", message, "Say what the program shows or prints.", "expected")
    for file in code_files:
        if file.tag != "bbj":
            message = f'The fence is tagged "{file.tag}".' if file.tag else "The fence has no tag."
            yield warn(file.line - 1, "fence-tag", message, "Write ```bbj")
        if not _REM.match(file.code.partition("\n")[0]):
            message = "The first line of code is not a REM."
            yield warn(file.line, "no-rem", message, "Say what the program does: REM …")
        lines = file.code.count("\n")
        if lines not in CODE_LINES:
            yield warn(file.line, "code-length", f"{lines} lines of code; 10 to 50 teach best.")
