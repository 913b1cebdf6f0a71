"""The YAML block at the top of an example, read without YAML's surprises.

python-frontmatter returns {} silently for an unclosed block and PyYAML keeps the last of two equal keys,
expands aliases and builds objects from tags. So the event stream is walked first, and only a plain block is
loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from curation.domain.problems import Problem

DEEPEST = 20
LONGEST_BLOCK = 16 * 1024  # characters; PyYAML needs seconds for a hostile block of 200,000
_FENCE = "---"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # as the handler below: both read alike, and fast


@dataclass(frozen=True)
class FrontMatter:
    meta: dict[str, Any] = field(default_factory=dict)
    line_of: dict[str, int] = field(default_factory=dict)
    body_line: int = 1  # line of the file on which the body starts, counted from 1
    body: str = ""
    problems: tuple[Problem, ...] = ()


def read(text: str, *, file: str) -> FrontMatter:
    """Split a file into front matter and body. Never raises; problems carry the line in the file."""
    lines = text.split("\n")
    body_line = 1  # until a whole block is found, all of the file is body

    def refused(code: str, message: str, suggestion: str, line: int = 1) -> FrontMatter:
        problems = (Problem(file, line, code, "error", message, suggestion),)
        return FrontMatter(body_line=body_line, body="\n".join(lines[body_line - 1 :]), problems=problems)

    if lines[0].rstrip() != _FENCE:
        return refused("front-matter-missing", "The file has no front matter.", 'Begin with a line "---".')
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return refused("front-matter-open", "The front matter is never closed.", 'End it with a line "---".')
    block = "\n".join(lines[1:end])
    body_line = end + 2
    if len(block) > LONGEST_BLOCK:
        message = f"The front matter has {len(block):,} characters; {LONGEST_BLOCK:,} are read."
        return refused("front-matter-too-large", message, "Move text into the sections below it.")
    try:
        problems, line_of = _walk(block, file)
        if problems:
            return FrontMatter({}, {}, body_line, "\n".join(lines[end + 1 :]), tuple(problems))
        # The handler alone: frontmatter.parse would look for the fences a second time, by other rules.
        meta = YAMLHandler().load(block) or {}
        str(meta)  # a whole number of 6,000 digits in hex loads, and fails only where a message shows it
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = min((mark.line if mark else 0) + 2, end + 1)
        return refused(
            "yaml", f"The front matter is not YAML: {what}.", "Put text with signs in quotes.", line
        )
    except (ValueError, OverflowError) as error:  # a date such as 2024-13-45, a number of 5,000 digits
        return refused(
            "yaml", f"The front matter holds an unreadable value: {error}.", "Put it in quotes.", 2
        )
    return FrontMatter(meta, line_of, body_line, "\n".join(lines[end + 1 :]))


def read_again(text: str) -> tuple[dict[str, Any], int, str]:
    """Fields, line of the body and body of a text that `read` found good before; nothing is checked again.

    Raises:
        ValueError: there is no front matter that YAML can read.
    """
    lines = text.split("\n")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if lines[0].rstrip() != _FENCE or end is None:
        raise ValueError("it has no front matter")
    try:
        meta = YAMLHandler().load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        raise ValueError("its front matter is not YAML") from error
    if not isinstance(meta, dict):
        raise ValueError("its front matter has no fields")
    return meta, end + 2, "\n".join(lines[end + 1 :])


def _walk(block: str, file: str) -> tuple[list[Problem], dict[str, int]]:
    """Refuse what plain front matter has no use for; note the line of each top-level key."""
    problems: list[Problem] = []
    line_of: dict[str, int] = {}
    stack: list[dict[str, Any]] = []  # open collections: {"mapping": bool, "keys": set, "expects_key": bool}

    def problem(code: str, message: str, event: yaml.Event, suggestion: str) -> None:
        problems.append(Problem(file, _line(event), code, "error", message, suggestion))

    for event in yaml.parse(block, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            problem("yaml-alias", f"The alias *{event.anchor} is not allowed.", event, "Write the value out.")
        elif isinstance(event, yaml.NodeEvent) and event.anchor:
            problem(
                "yaml-alias", f"The anchor &{event.anchor} is not allowed.", event, "Write the value out."
            )
        if tag := getattr(event, "tag", None):
            problem("yaml-tag", f"The tag {tag} is not allowed here.", event, "Write plain text.")
        if isinstance(event, yaml.NodeEvent):
            if not stack and not isinstance(event, yaml.MappingStartEvent):
                problem("front-matter-shape", "The front matter has no fields.", event, "Write name: value.")
            if stack and stack[-1]["mapping"]:
                if stack[-1]["expects_key"]:
                    key = getattr(event, "value", None)
                    if key is None or key == "<<":  # YAML would copy the fields of << into this block
                        problem("yaml-key", "A field needs a plain name.", event, "Write name: value.")
                    elif key in stack[-1]["keys"]:
                        problem(
                            "yaml-duplicate-key", f'"{key}" stands there twice.', event, "Keep one of them."
                        )
                    stack[-1]["keys"].add(key)
                    if len(stack) == 1 and key is not None:
                        line_of.setdefault(key, _line(event))
                stack[-1]["expects_key"] = not stack[-1]["expects_key"]
        if isinstance(event, yaml.CollectionStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            stack.append({"mapping": mapping, "keys": set(), "expects_key": True})
            if len(stack) > DEEPEST:
                message = f"The front matter nests deeper than {DEEPEST} levels."
                problem("yaml-depth", message, event, "Write plain values.")
                break
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
    if not block.strip():
        message = "The front matter is empty."
        problems.append(
            Problem(file, 1, "front-matter-empty", "error", message, "Add title, type, generation.")
        )
    return problems, line_of


def _line(event: yaml.Event) -> int:
    """Line of the file, counted from 1: marks count from 0, and the fence stands above the block."""
    return event.start_mark.line + 2 if event.start_mark else 1
