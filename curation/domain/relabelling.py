"""Whether a new text of an example changed its generation labels, or something else, or both.

Read from the front matter alone, and without YAML where the labels are written as the studio writes them: two
versions of 100,000 examples may differ in every one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from curation.domain import front_matter
from curation.domain.labels import GENERATIONS, generation_label, generations_of

FIELDS = ("generation", "from_generation", "to_generation")

_FENCE = "---\n"
_NAMED = re.compile(rf"^({'|'.join(FIELDS)})[ \t]*:", re.MULTILINE)
_WORD = '"?[a-z0-9-]+"?'
_PLAIN = re.compile(rf"^({'|'.join(FIELDS)}): (?:({_WORD})|\[({_WORD}(?:, {_WORD})*)\])\n", re.MULTILINE)
# The heading of a migration's side names the label again: "### After (dwc)".
_SIDE = re.compile(r"^(### (?:Before|After))\b[^\n]*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How a text differs from the one before it.

    Attributes:
        edited: Something differs besides the generation labels and where a heading repeats them.
        label_before: "all", "bbj-gui dwc"; of a migration both sides, "vpro5 → dwc"; "" where it has none.
    """

    edited: bool
    label_before: str
    label_after: str

    @property
    def relabelled(self) -> bool:
        return self.label_before != self.label_after

    @property
    def mirrored(self) -> Rewritten:
        return Rewritten(self.edited, self.label_after, self.label_before)


def rewritten(before: str, after: str) -> Rewritten:
    """Compare two texts of one example. Never raises: a text that nobody can read has no label."""
    (old_label, old_rest), (new_label, new_rest) = _apart(before), _apart(after)
    return Rewritten(old_rest != new_rest, old_label, new_label)


def label_of(text: str) -> str:
    """The generation label of an example's text, as Rewritten writes it."""
    return _apart(text)[0]


def _apart(text: str) -> tuple[str, str]:
    """The label, and the text without the fields that hold it."""
    end = text.find(f"\n{_FENCE}", len(_FENCE) - 1)
    if not text.startswith(_FENCE) or end < 0:
        return _apart_by_yaml(text)
    block, body = text[len(_FENCE) : end + 1], text[end + 1 :]
    plain = _PLAIN.findall(block)
    if len(plain) != len(_NAMED.findall(block)) or len({name for name, *_ in plain}) != len(plain):
        return _apart_by_yaml(text)
    values = {name: tuple((word or words).replace('"', "").split(", ")) for name, word, words in plain}
    return _label(values), _PLAIN.sub("", block) + _without_sides(body)


def _apart_by_yaml(text: str) -> tuple[str, str]:
    front = front_matter.read(text, file="")
    if front.problems:
        return "", text
    values = {}
    for name in FIELDS:
        value = front.meta.get(name)
        if isinstance(value, str) or isinstance(value, list) and all(isinstance(one, str) for one in value):
            values[name] = generations_of(value)
    starts = [*sorted(front.line_of.values()), front.body_line - 1]
    dropped = {
        line
        for name in FIELDS
        if name in front.line_of
        for line in range(front.line_of[name], starts[starts.index(front.line_of[name]) + 1])
    }
    lines = text.split("\n")[: front.body_line - 1]
    kept = [line for number, line in enumerate(lines, 1) if number not in dropped]
    return _label(values), "\n".join(kept[1:]) + "\n" + _without_sides(front.body)


def _label(values: dict[str, tuple[str, ...]]) -> str:
    """training-data/FORMAT.md: of a migration `generation` is that of the After code."""
    sides = [values.get("from_generation", ()), values.get("to_generation") or values.get("generation", ())]
    return " → ".join(_in_order(side) for side in sides if side)


def _in_order(label: tuple[str, ...]) -> str:
    known = {"all", *GENERATIONS}
    return generation_label(label) if known >= set(label) else " ".join(sorted(label))


def _without_sides(body: str) -> str:
    return _SIDE.sub(r"\1", body) if "\n### " in body else body
