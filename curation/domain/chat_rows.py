"""One line of a ChatML file: {"messages": [system, user, assistant]}, read strictly.

A line that JSON readers would silently change (equal keys, NaN, half characters) is refused instead.

Source: docs/imports.md
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NoReturn

from curation.domain.markdown import check_characters
from curation.domain.problems import Problem, has_errors
from curation.domain.schema import did_you_mean

LONGEST_LINE_BYTES = 1024 * 1024
ROLES = ("system", "user", "assistant")
MOST_UNKNOWN_FIELDS = 5  # that are named
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ChatRow:
    """A conversation of three messages. `line` counts from 1."""

    line: int
    system: str
    prompt: str
    answer: str


@dataclass(frozen=True)
class RowRead:
    """`row` is None exactly when a problem is an error."""

    row: ChatRow | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Repeated:
    """Lines that ask the same. `conflicting`: not all of them give the same answer."""

    lines: tuple[int, ...]
    conflicting: bool


class _Refused(ValueError):
    def __init__(self, code: str, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.code, self.suggestion = code, suggestion


def lines_of(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Cut a stream at line feeds: (number from 1, bytes without the line feed); None for a line over 1 MiB.

    Only at line feeds: str.splitlines would also cut at U+2028, in the middle of an answer. Holds one line
    at most, however long the stream's lines are.
    """
    number, held, too_long = 1, bytearray(), False
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            held += part
            yield number, None if too_long or len(held) > LONGEST_LINE_BYTES else bytes(held)
            number, held, too_long = number + 1, bytearray(), False
        held += rest
        if len(held) > LONGEST_LINE_BYTES:
            held, too_long = bytearray(), True
    if held or too_long:
        yield number, None if too_long else bytes(held)


def read_row(data: bytes | None, *, file: str, line: int) -> RowRead:
    """Read one line as `lines_of` gives it. Never raises; a problem names the JSON pointer it is about."""
    value, notes = load_line(data, file=file, line=line, wanted='{"messages": […]}')
    if has_errors(notes):
        return RowRead(None, tuple(notes))
    problems = [Problem(file, line, *found) for found in _shape_problems(value)]
    if problems:
        return RowRead(None, (*notes, *problems))
    contents = []
    for index, message in enumerate(value["messages"]):
        text, found = read_content(message["content"], f"/messages/{index}/content", file, line)
        contents.append(text)
        notes += found
    return RowRead(None if has_errors(notes) else ChatRow(line, *contents), tuple(notes))


def load_line(data: bytes | None, *, file: str, line: int, wanted: str) -> tuple[Any, list[Problem]]:
    """The JSON value of one line as `lines_of` gives it, with what was changed; None with an error.

    Args:
        wanted: What a line holds, for the sentence that says so.
    """

    def refused(code: str, message: str, suggestion: str) -> tuple[None, list[Problem]]:
        return None, [Problem(file, line, code, "error", message, suggestion)]

    if data is None:
        message = f"The line is longer than {LONGEST_LINE_BYTES:,} bytes."
        return refused("line-too-long", message, "Split the conversation, or shorten its answer.")
    notes = []
    if line == 1 and data.startswith(_BOM):
        data = data[len(_BOM) :]
        notes.append(_note(file, line, "normalised-bom", "The byte order mark at the start was dropped."))
    if data.endswith(b"\r"):
        data = data[:-1]
        notes.append(_note(file, line, "normalised-crlf", "The CRLF line end was read as LF."))
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_number,
            parse_float=_number,
        )
    except _Refused as error:
        return refused(error.code, str(error), error.suggestion)
    except UnicodeDecodeError as error:
        message = f"Byte {data[error.start]:#04x} is not UTF-8."
        return refused("not-utf8", message, "Save the file as UTF-8.")
    except json.JSONDecodeError as error:
        message = f"Not JSON: {error.msg} at column {error.colno}."
        return refused("json", message, f"Write one {wanted} on each line.")
    except RecursionError:
        return refused("json-depth", "The JSON nests too deep.", "Write plain messages.")
    return value, notes


def prompt_key(prompt: str) -> str:
    """What makes two prompts the same question: their words, whatever the blanks and the case."""
    return " ".join(prompt.casefold().split())


def repeated_prompts(rows: Sequence[tuple[int, str, str]]) -> list[Repeated]:
    """Every prompt that is asked more than once, in the order of first lines.

    Args:
        rows: (line, key of the prompt, key of the answer); keys may be digests, to save memory.
    """
    asked: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, prompt, answer in rows:
        asked[prompt].append((line, answer))
    return [
        Repeated(tuple(line for line, _ in same), len({answer for _, answer in same}) > 1)
        for same in asked.values()
        if len(same) > 1
    ]


def _note(file: str, line: int, code: str, message: str) -> Problem:
    return Problem(file, line, code, "warning", message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name, times in counted.items() if times > 1)
        raise _Refused("json-duplicate-key", f'The key "{_safe(twice)}" stands there twice.', "Keep one.")
    return found


def _constant(word: str) -> NoReturn:
    raise _Refused("json-constant", f"{word} is not JSON.", "Write a number, or null.")


def _number(digits: str) -> int:
    """Any small number will do: a row holds texts only, so its place is reported, never its value."""
    return len(digits)


def _safe(text: str) -> str:
    visible = text[:60].encode("utf-8", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else "�" for sign in visible)


def _shape_problems(value: Any) -> Iterator[tuple[str, str, str, str]]:
    """(code, severity, message, suggestion) for each way in which this is no conversation of three."""
    wanted = 'Write {"messages": [system, user, assistant]}.'
    if not isinstance(value, dict):
        yield "row-shape", "error", "/: not an object.", wanted
        return
    yield from _unknown(value, "", ["messages"])
    messages = value.get("messages")
    if not isinstance(messages, list):
        yield "row-shape", "error", "/messages: not a list.", wanted
        return
    if len(messages) != len(ROLES):
        yield "message-count", "error", f"/messages: {len(messages)} messages instead of 3.", wanted
        return
    for index, (message, role) in enumerate(zip(messages, ROLES, strict=True)):
        place = f"/messages/{index}"
        if not isinstance(message, dict):
            yield "row-shape", "error", f"{place}: not an object.", 'Write {"role": …, "content": …}.'
            continue
        yield from _unknown(message, place, ["role", "content"])
        if (written := message.get("role")) != role:
            shown = f'"{_safe(written)}"' if isinstance(written, str) else "nothing"
            nearest = did_you_mean(written, list(ROLES)) if isinstance(written, str) else ""
            say = f"{place}/role: {shown} where {role} belongs."
            yield "role", "error", say, nearest or f'Write "role": "{role}".'
        content = message.get("content")
        if not isinstance(content, str):
            yield "row-shape", "error", f"{place}/content: not a text.", 'Write "content": "…".'
        elif role != "system" and not content.strip():
            yield "empty", "error", f"{place}/content: empty.", "Write it, or remove the line."


def _unknown(message: dict[str, Any], place: str, known: list[str]) -> Iterator[tuple[str, str, str, str]]:
    for name in islice((name for name in message if name not in known), MOST_UNKNOWN_FIELDS):
        say = f"{place}/{_safe(name)}: not a field of a row."
        yield "field-unknown", "error", say, did_you_mean(name[:60], known) or "Remove it."


def read_content(text: str, pointer: str, file: str, line: int) -> tuple[str, list[Problem]]:
    """The text of one message as it is stored, with what was changed or stops it."""
    found = []
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
        message = f"{pointer}: CRLF line ends were stored as LF."
        found.append(_note(file, line, "normalised-crlf", message))
    for problem in check_characters(text, file):
        message = f"{pointer}, its line {problem.line}: {problem.message}"
        found.append(replace(problem, line=line, message=message))
    return text, found
