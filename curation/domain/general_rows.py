"""One line of general code, a question and its answer, in the forms in which such sets come.

    {"messages": [system, user, assistant]}        the system message may be missing
    {"prompt": "…", "completion": "…"}             texts
    {"prompt": [system, user], "completion": [assistant]}

Other fields, such as an id, are let be. A conversation of several turns is refused: it is no question and its
answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from curation.domain import chat_rows, duplicates, likeness, secrets
from curation.domain.problems import Problem, has_errors

WANTED = '{"messages": […]} or {"prompt": …, "completion": …}'


@dataclass(frozen=True)
class GeneralRow:
    """`line` counts from 1; `system` is "" where the line has none."""

    line: int
    system: str
    prompt: str
    answer: str


def read_row(data: bytes | None, *, file: str, line: int) -> tuple[GeneralRow | None, list[Problem]]:
    """Read one line as chat_rows.lines_of gives it. Never raises; None exactly when a problem is an error."""
    value, problems = chat_rows.load_line(data, file=file, line=line, wanted=WANTED)
    if has_errors(problems):
        return None, problems
    messages = list(_messages(value))
    say = _shape_problem(messages)
    if say:
        return None, [*problems, Problem(file, line, "row-shape", "error", say, f"Write {WANTED}.")]
    texts = {"system": ""}
    for role, content, pointer in messages:
        texts[role], found = chat_rows.read_content(content, pointer, file, line)
        problems += found
    for role, text in texts.items():
        if role != "system" and not text.strip():
            say = f"The {role}'s message is empty."
            problems.append(Problem(file, line, "empty", "error", say, "Write it, or remove the line."))
    whole = "\n".join(texts.values())
    problems += [
        Problem(file, line, secrets.CODE, "error", f"{found.says} ({found.rule})", "Remove the line.")
        for found in secrets.find_secrets(whole)
    ]
    if has_errors(problems):
        return None, problems
    return GeneralRow(line, texts["system"], texts["user"], texts["assistant"]), problems


def form_of(row: GeneralRow) -> str:
    """Digest of question and answer without case and layout: two with the same one are stored once."""
    return likeness.digest("\0".join([duplicates.normalise(row.prompt), duplicates.normalise(row.answer)]))


def _messages(value: Any) -> Iterator[tuple[Any, Any, str]]:
    """(role, content, where it stands), whatever form the line has; nothing when it has none of them."""
    if not isinstance(value, dict):
        return
    if "messages" in value:
        yield from _listed(value["messages"], "/messages")
        return
    for name, role in (("prompt", "user"), ("completion", "assistant")):
        given = value.get(name)
        if isinstance(given, str):
            yield role, given, f"/{name}"
        else:
            yield from _listed(given, f"/{name}")


def _listed(messages: Any, pointer: str) -> Iterator[tuple[Any, Any, str]]:
    for index, message in enumerate(messages if isinstance(messages, list) else []):
        said = message if isinstance(message, dict) else {}
        yield said.get("role"), said.get("content"), f"{pointer}/{index}/content"


def _shape_problem(messages: list[tuple[Any, Any, str]]) -> str:
    roles = [role for role, _, _ in messages]
    if roles not in (["user", "assistant"], ["system", "user", "assistant"]):
        if roles.count("user") > 1:
            return f"A conversation of {roles.count('user')} turns; one question and its answer are read."
        return "Not a question and its answer."
    wrong = next((where for _, content, where in messages if not isinstance(content, str)), "")
    return f"{wrong}: not a text." if wrong else ""
