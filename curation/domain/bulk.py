"""One change of many examples: what it makes of a text, and the plan that people see before it is done."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from curation.domain import composing, labelling
from curation.domain.markdown import ExampleDoc

LONGEST_TAG = 60  # characters


class LeftOut(Exception):
    """This example stays as it is; the message says why, as the end of "left out because …"."""


@dataclass(frozen=True)
class Planned:
    """An example that will change, from what to what, in words. `text` is its new text where that changes."""

    example: int
    path: str
    title: str
    content_hash: str
    before: str
    after: str
    text: str = ""


@dataclass(frozen=True)
class Kept:
    """An example that is left out, and why."""

    example: int
    path: str
    title: str
    why: str


@dataclass(frozen=True)
class Plan:
    """What an action would do. Its digest stands for exactly this: for these texts, values and reasons."""

    action: str
    value: str
    planned: tuple[Planned, ...]
    kept: tuple[Kept, ...] = ()
    warnings: tuple[str, ...] = ()  # what else follows, in sentences

    @property
    def digest(self) -> str:
        facts = [
            self.action,
            self.value,
            sorted((one.example, one.content_hash, one.before, one.after) for one in self.planned),
            sorted((one.example, one.why) for one in self.kept),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    @property
    def kept_by_reason(self) -> list[tuple[str, list[Kept]]]:
        """The most frequent reason first."""
        found: dict[str, list[Kept]] = defaultdict(list)
        for one in self.kept:
            found[one.why].append(one)
        return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


@dataclass(frozen=True)
class Undone:
    """What taking an action back changed (ids), and what it left alone because it is not as it was left."""

    changed: tuple[int, ...]
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True)
class Changed:
    text: str
    before: str
    after: str


def with_difficulty(doc: ExampleDoc, difficulty: str) -> Changed:
    """Raises LeftOut, as all of these do."""
    if doc.difficulty == difficulty:
        raise LeftOut(f"it is {difficulty} already")
    text = _with_field(doc, "difficulty", difficulty)
    return Changed(text, doc.difficulty or "no difficulty", difficulty)


def with_tag(doc: ExampleDoc, tag: str) -> Changed:
    if tag in doc.tags:
        raise LeftOut(f'it has the tag "{tag}" already')
    return _with_tags(doc, (*doc.tags, tag))


def without_tag(doc: ExampleDoc, tag: str) -> Changed:
    if tag not in doc.tags:
        raise LeftOut(f'it has no tag "{tag}"')
    return _with_tags(doc, tuple(one for one in doc.tags if one != tag))


def with_generation(doc: ExampleDoc, generations: Sequence[str]) -> Changed:
    label = labelling.in_order(generations)
    if doc.type == "migration":
        raise LeftOut("a migration has two labels, one a side: label it by itself")
    before = labelling.in_order(doc.generations)
    if before == label:
        raise LeftOut(f"its label is {', '.join(label)} already")
    text = _composed(lambda: labelling.with_labels(doc, {"": label}))
    return Changed(text, ", ".join(before), ", ".join(label))


def _with_tags(doc: ExampleDoc, tags: tuple[str, ...]) -> Changed:
    text = _with_field(doc, "tags", tags)
    return Changed(text, ", ".join(doc.tags) or "no tags", ", ".join(tags) or "no tags")


def _with_field(doc: ExampleDoc, name: str, value: str | tuple[str, ...]) -> str:
    def write() -> str:
        pieces = composing.split(doc.text)
        fields = {key: old for key, old in pieces.fields.items() if key != name}
        if value:
            fields[name] = value
        return composing.compose(doc.text, replace(pieces, fields=fields))

    return _composed(write)


def _composed(write: Callable[[], str]) -> str:
    try:
        return write()
    except composing.CannotSplit as error:
        raise LeftOut(f"its file is written in a way that only the editor can change: {error}") from error
