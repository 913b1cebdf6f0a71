"""A ChatML set like the private one that users bring: the same defects in the same numbers, planted.

Code and prose are those of the shipped examples, so that what tells BBj from English is tried on real text.
What looks like a defect and is none is in there too: Windows paths, mentions of code in a sentence, quoted
prose, untagged program output.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from curation.domain import markdown

SYSTEM = "You are an expert BBj programmer who helps users write and understand BBj code."
ROOT = Path(__file__).resolve().parents[1] / "training-data"
SHORT = ("Yes.", "No.", "STR()", "PRINT", "Use FI.", "CVS()", "*NEXT", "ERR=", "Mode 2.", "See below.")


@dataclass(frozen=True)
class Numbers:
    """How many rows of each kind. `lines` counts all of them; what is left over is whole fenced code."""

    lines: int = 9_922
    pairs: int = 359  # prompts that stand on two lines; 359 + 16 = 375 prompts on 766 lines
    triples: int = 16
    same_answers: int = 150  # of those 375
    escaped: int = 40
    mixed_newlines: int = 20
    bare_in_prose: int = 237  # 237 + 20 = 257 answers with code and no fence
    raw_code: int = 20
    untagged: int = 31
    quoted: int = 18
    short: int = 22
    prose: int = 990  # 990 + 22 = 1012 answers of text only
    prose_and_fence: int = 182  # 182 + 237 + 18 = 437 mixed answers


SMALL = Numbers(
    lines=90,
    pairs=4,
    triples=1,
    same_answers=2,
    escaped=4,
    mixed_newlines=2,
    bare_in_prose=3,
    raw_code=1,
    untagged=2,
    quoted=2,
    short=2,
    prose=12,
    prose_and_fence=4,
)


@dataclass
class PlantedSet:
    """The file's bytes, and what was planted: lines count from 1."""

    data: bytes = b""
    defects: dict[str, set[int]] = field(default_factory=dict)
    repeated: list[tuple[tuple[int, ...], bool]] = field(default_factory=list)  # (lines, conflicting)
    shapes: dict[str, int] = field(default_factory=dict)


@dataclass
class _Row:
    shape: str  # fenced, text, mixed or raw, as it is once mended
    prompt: str
    answer: str
    defect: str = ""
    group: int = -1


def shipped_programs() -> list[str]:
    """Every program of the shipped examples and of the corpus, without the last line break."""
    corpus = [file.read_text().rstrip("\n") for file in sorted(ROOT.glob("corpus/*.bbj"))]
    return [*_shipped()[0], *corpus]


@cache
def _shipped() -> tuple[list[str], list[str]]:
    """(programs, paragraphs of explanation) of the shipped examples."""
    programs, paragraphs = [], []
    for file in sorted(ROOT.glob("*/*.md")):
        doc = markdown.parse(file.read_text(), path=f"{file.parent.name}/{file.name}").doc
        if doc is None or doc.type == "migration":
            continue
        programs += [code.code.rstrip("\n") for code in doc.code_files]
        blocks = [" ".join(block.split()) for block in doc.explanation.split("\n\n")]
        paragraphs += [block for block in blocks if len(block) > 60 and "```" not in block]
    return programs, paragraphs


def chatml_set(numbers: Numbers = Numbers(), *, seed: int = 4) -> PlantedSet:
    """The same numbers and seed give the same bytes."""
    dice = random.Random(seed)
    maker = _Maker(dice)
    rows: list[_Row] = []

    def add(count: int, make: Callable[[], _Row]) -> None:
        rows.extend(make() for _ in range(count))

    for group in range(numbers.pairs + numbers.triples):
        copies = 2 if group < numbers.pairs else 3
        rows += maker.repeated(group, copies, same=group < numbers.same_answers)
    add(numbers.escaped, maker.escaped)
    add(numbers.mixed_newlines, maker.mixed_newlines)
    add(numbers.bare_in_prose, maker.bare_in_prose)
    add(numbers.raw_code, maker.raw_code)
    add(numbers.untagged, maker.untagged)
    add(numbers.quoted, maker.quoted)
    add(numbers.short, maker.short)
    add(numbers.prose, maker.prose)
    add(numbers.prose_and_fence, maker.prose_and_fence)
    add(numbers.lines - len(rows), maker.fenced)
    dice.shuffle(rows)
    return _written(rows, numbers)


def _written(rows: list[_Row], numbers: Numbers) -> PlantedSet:
    made = PlantedSet()
    lines = []
    groups: dict[int, list[int]] = {}
    for line, row in enumerate(rows, 1):
        lines.append(json.dumps(message_row(row.prompt, row.answer), ensure_ascii=False).encode())
        made.shapes[row.shape] = made.shapes.get(row.shape, 0) + 1
        if row.defect:
            made.defects.setdefault(row.defect, set()).add(line)
        if row.group >= 0:
            groups.setdefault(row.group, []).append(line)
    made.repeated = [(tuple(found), group >= numbers.same_answers) for group, found in groups.items()]
    made.repeated.sort()
    made.data = b"\n".join(lines) + b"\n"
    return made


def message_row(prompt: str, answer: str, system: str = SYSTEM) -> dict[str, list[dict[str, str]]]:
    contents = zip(("system", "user", "assistant"), (system, prompt, answer), strict=True)
    return {"messages": [{"role": role, "content": content} for role, content in contents]}


class _Maker:
    """Makes rows, each with a prompt of its own."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.programs, self.paragraphs = _shipped()
        self.count = 0

    def prompt(self) -> str:
        self.count += 1
        ask = self.dice.choice(
            [
                "How do I {} in BBj?",
                "Write BBj code to {}.",
                "Show me how to {}.",
                "I want to {}. What is the BBj code?",
            ]
        )
        what = self.dice.choice(
            [
                "read the file of customer {}",
                "open a window for order {}",
                "sort the strings of list {}",
                "run an SQL query for invoice {}",
                "loop over report {} until it ends",
                "write a class for account {}",
            ]
        )
        return ask.format(what.format(self.count))

    def code(self) -> str:
        """Ten lines or so of a shipped program, with a first line that no other row has."""
        lines = self.dice.choice(self.programs).split("\n")[:12]
        return "\n".join([f"rem Part {self.count} of the handbook", *lines])

    def text(self) -> str:
        return self.dice.choice(self.paragraphs)

    def fenced(self) -> _Row:
        return _Row("fenced", self.prompt(), f"```bbj\n{self.code()}\n```")

    def repeated(self, group: int, copies: int, *, same: bool) -> list[_Row]:
        prompt = self.prompt()
        answers = [f"```bbj\n{self.code()}\nprint {0 if same else n}\n```" for n in range(copies)]
        if same:
            answers = answers[:1] * copies
        return [_Row("fenced", prompt, answer, group=group) for answer in answers]

    def escaped(self) -> _Row:
        answer = f"```bbj\n{self.code()}\n```"
        if self.dice.random() < 0.5:  # escaped as JSON escapes it, quotes and all
            return _Row(
                "fenced", self.prompt(), json.dumps(answer, ensure_ascii=False)[1:-1], "escaped-newlines"
            )
        return _Row("fenced", self.prompt(), answer.replace("\n", "\\n"), "escaped-newlines")

    def mixed_newlines(self) -> _Row:
        head, _, tail = self.code().partition("\n")
        broken = tail.replace("\n", "\\n", 2)
        return _Row(
            "fenced", self.prompt(), f'```bbj\n{head}\nprint "a\\nb"\n{broken}\n```', "mixed-newlines"
        )

    def bare_in_prose(self) -> _Row:
        return _Row(
            "mixed", self.prompt(), f"{self.text()}\n\n{self.code()}\n\n{self.text()}", "code-without-fence"
        )

    def raw_code(self) -> _Row:
        return _Row("raw", self.prompt(), self.code(), "code-without-fence")

    def untagged(self) -> _Row:
        return _Row("fenced", self.prompt(), f"```\n{self.code()}\n```", "fence-without-tag")

    def quoted(self) -> _Row:
        quoted = "\n".join(f"> {line}" for line in self.code().split("\n"))
        return _Row("mixed", self.prompt(), f"{self.text()}\n\n{quoted}\n\n{self.text()}", "quoted-code")

    def short(self) -> _Row:
        return _Row("text", self.prompt(), self.dice.choice(SHORT), "short-answer")

    def prose(self) -> _Row:
        prompt = self.prompt()
        if self.dice.random() < 0.4:
            prompt = f"Explain this BBj code, number {self.count}.\n\n```bbj\n{self.code()}\n```"
        answer = self.dice.choice(
            [
                "{}\n\n{}",
                "{}\n\n- the first line opens it\n- the next one reads\n\n{}",
                "{}\n\nUse it as `print a$` does. The file lies in C:\\new\\notes.\n\n{}",
                "{}\n\n> Read the manual before you print.\n> It says more about this.\n\n{}",
                "{}\n\nIt prints:\n\n```\nHello world\nThe total is due\n```\n\n{}",
            ]
        )
        return _Row("text", prompt, answer.format(self.text(), self.text()))

    def prose_and_fence(self) -> _Row:
        return _Row("mixed", self.prompt(), f"{self.text()}\n\n```bbj\n{self.code()}\n```\n\n{self.text()}")
