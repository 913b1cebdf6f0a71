"""Which texts are near-duplicates of each other, by the studio's own rule (docs: near-duplicates).

Two examples are near-duplicates when their words (title to explanation) are alike to WHOLE or more, or when
the token sequences of their code are alike to CODE or more. Short programs resemble each other by nature, so
code shorter than CODE_TOKENS counts only when it is the same, and code below SAME_TOKENS does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curation.domain import chatml, duplicates, markdown
from curation.domain.markdown import ExampleDoc
from curation.models import GeneralExample
from curation.services import posing

WHOLE, CODE = duplicates.WHOLE_THRESHOLD, duplicates.CODE_THRESHOLD  # normalised Indel similarity, 0..1
CODE_TOKENS, SAME_TOKENS = duplicates.LEAST_CODE_TOKENS, 10


@dataclass(frozen=True)
class Compared:
    """One text, prepared for comparing."""

    path: str
    content_hash: str
    whole: str
    codes: tuple[str, ...]  # all code together, then each part of a migration


@dataclass(frozen=True)
class Near:
    i: int
    j: int
    score: float
    rule: str  # "text" or "code"


def compared_example(doc: ExampleDoc, content_hash: str) -> Compared:
    """The words and the code of an example, without headings and labels, which all examples share."""
    words = "\n".join(
        [doc.title, doc.description, *(f.code for f in doc.code_files), doc.expected, doc.explanation]
    )
    parts = {file.part: "" for file in doc.code_files}
    for file in doc.code_files:
        parts[file.part] += file.code + "\n"
    codes = ["\n".join(file.code for file in doc.code_files), *(parts.values() if len(parts) > 1 else ())]
    return Compared(doc.path, content_hash, duplicates.normalise(words), _codes(codes))


def compared_conversation(path: str, content_hash: str, *, prompt: str, answer: str) -> Compared:
    """A conversation that is no example: both sides, and the code of the answer."""
    code = chatml.extract_code(answer).code
    return Compared(path, content_hash, duplicates.normalise(f"{prompt}\n{answer}"), _codes([code]))


def compared_general(example: GeneralExample) -> Compared:
    """A question and answer about other code than BBj: its words only, the rule for code reads BBj."""
    words = duplicates.normalise(f"{example.prompt}\n{example.answer}")
    return Compared(example.path, example.content_hash, words, ())


def compared_program(path: str, text: str, content_hash: str) -> Compared:
    """A raw program of the corpus."""
    return Compared(path, content_hash, duplicates.normalise(text), _codes([text]))


def held_out() -> tuple[list[Compared], str]:
    """The test tasks of the newest set, which no text may come close to, and the name of the set."""
    newest = posing.newest_set()
    if newest is None:
        return [], ""
    docs = [(task, markdown.parse(task.text, path=task.path).doc) for task in newest.tasks.all()]
    return [compared_example(doc, task.content_hash) for task, doc in docs if doc], newest.name


def _codes(codes: Iterable[str]) -> tuple[str, ...]:
    normalised = (duplicates.normalise_code(code) for code in codes)
    return tuple(dict.fromkeys(code for code in normalised if tokens(code) >= SAME_TOKENS))


def tokens(code: str) -> int:
    """How many tokens normalise_code found."""
    return len(code.split())


def near_pairs(items: Sequence[Compared], *, whole: float = WHOLE, code: float = CODE) -> list[Near]:
    """Every pair of near-duplicates, i < j, once, with the rule that found the higher score."""
    best: dict[tuple[int, int], Near] = {}
    for pair in duplicates.find_pairs([item.whole for item in items], whole):
        _note(best, pair.i, pair.j, pair.score, "text")
    owners = [(i, text) for i, item in enumerate(items) for text in item.codes]
    short = [(i, text) for i, text in owners if tokens(text) < CODE_TOKENS]
    long = [(i, text) for i, text in owners if tokens(text) >= CODE_TOKENS]
    for some, least in ((short, 1.0), (long, code)):
        for pair in duplicates.find_pairs([text for _, text in some], least):
            i, j = sorted((some[pair.i][0], some[pair.j][0]))
            if i != j:  # the two sides of a migration may be alike
                _note(best, i, j, pair.score, "code")
    return [best[key] for key in sorted(best)]


def near_across(items: Sequence[Compared], others: Sequence[Compared]) -> list[Near]:
    """Near-duplicates between two lists: i counts in `items`, j in `others`."""
    best: dict[tuple[int, int], Near] = {}
    words = duplicates.Index([item.whole for item in items])
    owners = [(i, text) for i, item in enumerate(items) for text in item.codes]
    codes = duplicates.Index([text for _, text in owners])
    for j, other in enumerate(others):
        for match in words.query(other.whole, WHOLE):
            _note(best, match.i, j, match.score, "text")
        for text in other.codes:
            for match in codes.query(text, CODE if tokens(text) >= CODE_TOKENS else 1.0):
                _note(best, owners[match.i][0], j, match.score, "code")
    return [best[key] for key in sorted(best)]


def _note(best: dict[tuple[int, int], Near], i: int, j: int, score: float, rule: str) -> None:
    if (i, j) not in best or best[i, j].score < score:
        best[i, j] = Near(i, j, score, rule)
