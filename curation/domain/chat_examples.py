"""From a conversation to an example file: type by its shape, topic by its words, generation by its code.

What fits no type stays a conversation, with a sentence that says why. The labels are suggestions: the example
waits for review like any other.

Source: docs/imports.md ("What a line becomes")
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.domain.bbj import suggest_generation
from curation.domain.chat_rows import ChatRow
from curation.domain.defects import fenced
from curation.domain.labels import TOPICS
from curation.domain.passages import Passage, is_bbj, passages

LONGEST_TITLE, LONGEST_NAME = 80, 60  # characters
GENERAL_TOPIC = "control-flow"

# Words that speak for a topic, in prompts and code. The topic with the most different ones is taken.
TOPIC_WORDS = {
    "gui": "window button addwindow addbutton getsysgui opensysgui grid menu dialog listbox callback control "
    "setcallback process_events editbox checkbox mnemonic screen form",
    "database": "sql sqlopen sqlexec sqlprep sqlfetch database recordset query resultset jdbc select table",
    "strings": "string substring len pos cvs pad concatenate split replace uppercase lowercase str num mask "
    "trim regular text",
    "file-io": "file open close read write keyed mkeyed channel record direct erase csv extract directory "
    "folder path",
    "control-flow": "loop for next while wend if then else goto gosub switch case repeat until error seterr "
    "exitto break",
    "oop": "class method object extends implements interface inheritance constructor field classend"
    " methodend",
    "dwc": "dwc browser css web bui webmanager executeasyncscript injectstyle getwebmanager html theme",
}
_SETS = {topic: frozenset(words.split()) for topic, words in TOPIC_WORDS.items()}
_WORD = re.compile(r"[a-z_][a-z_0-9]+")
_SENTENCE = re.compile(r"(.+?[.?!:])(?:\s|$)", re.DOTALL)
_SECTION = re.compile(r"^##[ \t]+\S", re.MULTILINE)
_NOT_KEBAB = re.compile(r"[^a-z0-9]+")
_CONVERT = re.compile(r"\b(?:convert|migrate|port|modernis|moderniz|translate|rewrite)\w*\b", re.IGNORECASE)


@dataclass(frozen=True)
class Suggested:
    """An example file made of a conversation, and what a person should look at.

    Attributes:
        notes: (code, message) of each guess: the generation or the topic has nothing to go by.
    """

    path: str
    text: str
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class NoExample:
    """Why a conversation fits no type of example: a sentence."""

    why: str


def example_of(row: ChatRow) -> Suggested | NoExample:
    """Make an example file of a conversation.

    The file still has to be read by curation.domain.markdown.parse: a text may break rules of the format that
    no type has to do with, such as a section of over 64 KiB.
    """
    asked, answered = passages(row.prompt), passages(row.answer)
    if not all(part.closed for part in (*asked, *answered)):
        return NoExample("A fence is never closed, so nobody can tell where the code ends.")
    prose = _prose_of(asked)
    question, code = _code_of(asked), _code_of(answered)
    explanation = _prose_of(answered)
    if _SECTION.search(f"{prose}\n{explanation}"):
        return NoExample('A line begins with "## ", which begins a section in an example file.')
    if question and code and _CONVERT.search(prose):
        return _migration(row, prose, question, code, explanation)
    if question and explanation:
        whole = row.answer.strip()
        return _file(row, "comprehension", prose or "Explain this BBj code", question, whole)
    if question:
        return NoExample("Both the prompt and the answer are code, and nothing asks to convert it.")
    if code:
        return _file(row, "completion", prose, code, explanation)
    return _file(row, "explanation", prose, [], row.answer.strip())


def _migration(
    row: ChatRow, prose: str, before: list[str], after: list[str], explanation: str
) -> Suggested | NoExample:
    sides = [suggest_generation("\n".join(code)) for code in (before, after)]
    if any(side.labels == ("all",) or side.ask_a_person for side in sides) or len(sides[0].labels) > 1:
        return NoExample("It asks to convert code, and the code does not tell which generation each side is.")
    old, new = (side.labels for side in sides)
    body = f"### Before ({old[0]})\n\n{_fences(before)}\n\n### After ({', '.join(new)})\n\n{_fences(after)}"
    meta = {"from_generation": old[0], "to_generation": _label(new)}
    return _written(row, "migration", prose, new, body, explanation, meta, "\n".join(after), ())


def _file(row: ChatRow, kind: str, prose: str, code: Sequence[str], explanation: str) -> Suggested:
    source = "\n".join(code)
    suggestion = suggest_generation(source)
    notes: tuple[tuple[str, str], ...] = ()
    if suggestion.ask_a_person:
        notes = (
            ("generation-unsure", "The traces in the code leave its generation open: choose it in review."),
        )
    return _written(row, kind, prose, suggestion.labels, _fences(code), explanation, {}, source, notes)


def _written(
    row: ChatRow,
    kind: str,
    prose: str,
    generations: tuple[str, ...],
    code: str,
    explanation: str,
    more: Mapping[str, Any],
    source: str,
    notes: tuple[tuple[str, str], ...],
) -> Suggested:
    title = _title(prose)
    topic = _topic(f"{prose}\n{source}", generations)
    if topic is None:
        topic = GENERAL_TOPIC
        message = f"No word speaks for a topic, so the example lies in {topic}: move it where it belongs."
        notes = (*notes, ("topic-guessed", message))
    meta = {"title": title, "type": kind, "generation": _label(generations), **more}
    if prose != title:
        meta["description"] = prose
    sections = [("Code", code), ("Explanation", explanation)]
    return Suggested(f"{topic}/{_file_name(title)}-{row.line}.md", write_example(meta, sections), notes)


def write_example(meta: Mapping[str, Any], sections: Sequence[tuple[str, str]]) -> str:
    """An example file with these fields and those of these sections that are not empty.

    A JSON text is a YAML text too, so each value reads back as it was given.
    """
    fields = "".join(f"{name}: {_scalar(name, value)}\n" for name, value in meta.items())
    body = "".join(f"\n## {name}\n\n{text.strip(chr(10))}\n" for name, text in sections if text.strip())
    return f"---\n{fields}---\n{body}"


def _scalar(name: str, value: Any) -> str:
    if name in ("title", "description") or not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value


def _label(generations: tuple[str, ...]) -> str | list[str]:
    return generations[0] if len(generations) == 1 else list(generations)


def _fences(code: Sequence[str]) -> str:
    return "\n\n".join(fenced(each.strip("\n")) for each in code)


def _prose_of(parts: Sequence[Passage]) -> str:
    """All that is no BBj, as it stands there."""
    shown = []
    for part in parts:
        if part.kind == "prose":
            shown.append(part.body.strip())
        elif part.kind == "quote" and not is_bbj(part.body):
            shown.append("\n".join(f"> {line}".rstrip() for line in part.body.split("\n")))
        elif part.kind == "fence" and not _holds_code(part):
            shown.append(f"```{part.tag}\n{part.body}\n```")
    return "\n\n".join(filter(None, shown))


def _code_of(parts: Sequence[Passage]) -> list[str]:
    return [part.body for part in parts if _holds_code(part) and part.body.strip()]


def _holds_code(part: Passage) -> bool:
    if part.kind == "fence":
        return part.tag.lower() in ("bbj", "bbx", "basic") or (not part.tag and is_bbj(part.body))
    return part.kind == "code" or (part.kind == "quote" and is_bbj(part.body))


def _title(prose: str) -> str:
    """The first sentence, cut at a word."""
    line = (
        next((line.strip(" \t#*->`") for line in prose.split("\n") if line.strip(" \t#*->`")), "")
        or "Untitled"
    )
    sentence = _SENTENCE.match(line)
    title = " ".join((sentence[1] if sentence else line).split()).rstrip(".: ")
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"
    return title or "Untitled"


def _file_name(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = _NOT_KEBAB.sub("-", plain).strip("-")
    if len(words) > LONGEST_NAME:
        words = words[:LONGEST_NAME].rsplit("-", 1)[0]
    return words or "line"


def _topic(text: str, generations: Sequence[str]) -> str | None:
    """The topic with the most words of its own in the text; None when no word speaks for any."""
    if tuple(generations) == ("dwc",):
        return "dwc"
    words = set(_WORD.findall(text.casefold()))
    words |= {word.removesuffix("s") for word in words}  # files, strings, windows
    votes = {topic: len(words & _SETS[topic]) for topic in TOPICS}
    if "all" not in generations:
        votes["gui"] += 3  # there is a user interface in it
    best = max(TOPICS, key=lambda topic: votes[topic])
    return best if votes[best] else None
