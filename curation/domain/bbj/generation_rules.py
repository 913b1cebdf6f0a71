"""Read the table of generation traces, generation_rules.toml, which says in its head what a row means."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHARACTER = ("character",)
VPRO5 = ("vpro5",)
OBJECTS = ("bbj-gui", "dwc")  # the object API runs on both
GUI_ONLY = ("bbj-gui",)
DWC_ONLY = ("dwc",)
FAMILIES = {
    CHARACTER: "character",
    VPRO5: "vpro5",
    OBJECTS: "the object API",
    GUI_ONLY: "the object API",
    DWC_ONLY: "the object API",
}

# Where a row looks. Those with words, and those whose place alone is the trace.
NAME = "name"
MEMBER = "member"
FUNCTION = "function"
VERB = "verb"
PHRASE = "phrase"
IN_STRING = "string"
IN_SCRIPT = "script"
TERMINAL_MNEMONIC = "terminal mnemonic"
SYSGUI_MNEMONIC = "sysgui mnemonic"
SYSGUI_FUNCTION = "sysgui function"
WITH_WORDS = (
    *(NAME, MEMBER, FUNCTION, VERB, PHRASE, IN_STRING, IN_SCRIPT),
    *(TERMINAL_MNEMONIC, SYSGUI_MNEMONIC, SYSGUI_FUNCTION),
)
CLIENT_TYPE = "client type"
TERMINAL_POSITION = "terminal position"
INPUT_PROMPT = "input prompt"
WITHOUT_WORDS = (CLIENT_TYPE, TERMINAL_POSITION, INPUT_PROMPT)

_TABLE = Path(__file__).with_name("generation_rules.toml")
_NEEDED = ("generations", "strength", "where", "example")
_FIELDS = frozenset({"id", "words", "lookalike", *_NEEDED})


class RulesRefused(ValueError):
    """The table cannot be used; the message has one line a problem, and each names its row."""


@dataclass(frozen=True)
class GenerationRule:
    """One row.

    Attributes:
        generations: What the trace speaks for; a key of FAMILIES.
        strong: Strong traces decide; weak ones only ask a person to look.
        words: In lower case; empty where the place alone is the trace.
        example, lookalike: BBj that the row finds, and BBj in which it finds nothing ("" when not given).
    """

    id: str
    generations: tuple[str, ...]
    strong: bool
    where: str
    words: tuple[str, ...]
    example: str
    lookalike: str

    @property
    def family(self) -> str:
        return FAMILIES[self.generations]


def read_rules(text: str) -> tuple[GenerationRule, ...]:
    """The rows of a table in the order in which they stand.

    Raises:
        RulesRefused: The text is no TOML, or rows are wrong; every problem of every row is named.
    """
    try:
        rows = tomllib.loads(text).get("rule", [])
    except tomllib.TOMLDecodeError as error:
        raise RulesRefused(f"{_TABLE.name}: {error}. Strings stand in quotes, lists in brackets.") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RulesRefused(f"{_TABLE.name}: there is no row. A row starts with [[rule]].")
    problems = [problem for row in rows for problem in _problems(row)]
    ids = Counter(str(row.get("id")) for row in rows)
    problems += [
        f'row "{name}": {n} rows have this id. Give each its own.' for name, n in ids.items() if n > 1
    ]
    if problems:
        raise RulesRefused("\n".join(f"{_TABLE.name}: {problem}" for problem in problems))
    return tuple(
        GenerationRule(
            id=row["id"],
            generations=tuple(row["generations"]),
            strong=row["strength"] == "strong",
            where=row["where"],
            words=tuple(word.lower() for word in row.get("words", ())),
            example=row["example"].strip("\n"),
            lookalike=row.get("lookalike", "").strip("\n"),
        )
        for row in rows
    )


def _problems(row: dict[str, Any]) -> Iterator[str]:
    name = f'row "{row.get("id", "")}"'
    if not _is_text(row.get("id")):
        yield f"{name}: it has no id. Give it a short name of its own."
    for field in sorted(row.keys() - _FIELDS):
        yield f"{name}: {field} is not a field. Fields are {', '.join(sorted(_FIELDS))}."
    missing = [field for field in _NEEDED if not row.get(field)]
    for field in missing:
        yield f"{name}: {field} is missing."
    for field in ("example", "lookalike"):
        if row.get(field) and not _is_text(row[field]):
            yield f"{name}: {field} is not text in quotes."
    generations, strength, where = row.get("generations"), row.get("strength"), row.get("where")
    if generations and generations not in [list(key) for key in FAMILIES]:
        known = " or ".join(str(list(key)).replace("'", '"') for key in FAMILIES)
        yield f"{name}: generations {generations} is not {known}."
    if strength and strength not in ("strong", "weak"):
        yield f'{name}: strength "{strength}" is neither "strong" nor "weak".'
    if where and where not in (*WITH_WORDS, *WITHOUT_WORDS):
        yield f'{name}: where "{where}" is not one of {", ".join((*WITH_WORDS, *WITHOUT_WORDS))}.'
    words = row.get("words", [])
    if not isinstance(words, list) or not all(_is_text(word) for word in words):
        yield f"{name}: words is not a list of texts in quotes."
    elif where in WITH_WORDS and not words:
        yield f'{name}: where = "{where}" needs words.'
    elif where in WITHOUT_WORDS and words:
        yield f'{name}: where = "{where}" takes no words: the place alone is the trace.'


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


RULES = read_rules(_TABLE.read_text(encoding="utf-8"))
