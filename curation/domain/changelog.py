"""CHANGES.md: what changed between two dataset versions, as Markdown. Nothing but the two decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from curation.domain.snapshot_diff import Change, Setting

MOST_LISTED = 100  # texts a word; the rest is counted

KIND_NAMES = {
    "examples": ("example", "examples"),
    "corpus": ("raw program", "raw programs"),
    "conversations": ("conversation", "conversations"),
    "general": ("general example", "general examples"),
}
SETTING_NAMES = {
    "seed": "Seed",
    "template_version": "Templates",
    "manifest_version": "Form of the manifest",
    "policy.selection.q": "Selection by words",
    "policy.selection.conversations": "With the chosen conversations",
    "policy.validation_per_mille": "Validation share, per thousand",
    "policy.general_per_mille": "General code, per thousand",
}


@dataclass(frozen=True)
class Listing:
    """What happened to some texts of a kind: how many, and the first MOST_LISTED of them."""

    kind: str
    word: str
    count: int
    first: Sequence[Change]


def first(name: str) -> str:
    """Of a version with none before it."""
    return f"# {name}\n\nThe first dataset version: there is none before it to compare with.\n"


def written(
    older: tuple[str, str], newer: tuple[str, str], settings: Sequence[Setting], listings: Sequence[Listing]
) -> str:
    """The whole file.

    Args:
        older, newer: (name, digest) of each version.
        listings: By kind, then by word.
    """
    lines = [
        f"# {newer[0]}, against {older[0]}",
        "",
        f"From digest {_code(older[1])} to {_code(newer[1])}.",
        "",
    ]
    lines += [f"- {summary}" for summary in summaries(listings)]
    lines += [f"- {told(setting)}" for setting in settings]
    if not listings and not settings:
        lines.append("Nothing changed.")
    for kind, of_kind in groupby(listings, key=lambda listing: listing.kind):
        lines += ["", f"## {kind_name(kind, 2).capitalize()}"]
        for listing in of_kind:
            lines += ["", f"### {listing.count:,} {listing.word}", ""]
            lines += [f"- {_line(change, listing.word)}" for change in listing.first]
            if more := listing.count - len(listing.first):
                lines.append(f"- and {more:,} more")
    return "\n".join(lines) + "\n"


def summaries(listings: Sequence[Listing]) -> list[str]:
    """A sentence a kind: "3 examples added, 1 removed"."""
    found = []
    for kind, of_kind in groupby(listings, key=lambda listing: listing.kind):
        head, *rest = of_kind
        parts = [f"{head.count:,} {kind_name(kind, head.count)} {head.word}"]
        found.append(", ".join([*parts, *(f"{one.count:,} {one.word}" for one in rest)]))
    return found


def kind_name(kind: str, count: int) -> str:
    """In words; a kind that nobody named here by its key in the manifest."""
    one, many = KIND_NAMES.get(kind, (kind.replace("_", " "),) * 2)
    return one if count == 1 else many


def setting_name(name: str) -> str:
    """In words: "Selection by topic" for "policy.selection.topic"."""
    words = name.removeprefix("policy.").replace("selection.", "selection by ").replace("_", " ")
    return SETTING_NAMES.get(name) or words.capitalize()


def told(setting: Setting) -> str:
    """ "Seed: 7 → 13"."""
    return f"{setting_name(setting.name)}: {setting.before or 'none'} → {setting.after or 'none'}"


def _line(change: Change, word: str) -> str:
    before, after, labels = change.before, change.after, change.rewritten
    path = _code(change.path)
    if before and after and word == "moved":
        return f"{path}: {before.split} → {after.split}"
    if before and after and word == "relicensed":
        return f"{path}: {before.terms or 'none'} → {after.terms or 'none'}"
    if before and after and word == "renamed":
        return f"{_code(before.path)} → {path}"
    if labels and word == "relabelled":
        return f"{path}: {labels.label_before or 'none'} → {labels.label_after or 'none'}"
    if after and word == "added":
        return f"{path}, {after.split}"
    return path


def _code(text: str) -> str:
    """As it is, whatever Markdown would make of it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, gap = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{gap}{text}{gap}{fence}"
