"""What changed between two dataset versions, from their manifests alone.

A text keeps its identity by its path. Each kind of text (examples, raw programs, conversations, and any other
list of texts that a manifest has) is compared by itself.

Source: docs/decisions/0033-what-a-change-between-versions-is.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from curation.domain.relabelling import Rewritten

RULES = 1  # of what is called what; a stored diff by other rules is made again
EXAMPLES = "examples"
KINDS = (EXAMPLES, "corpus", "conversations", "general")  # in this order; others follow by name
KEPT_WORDS = ("edited", "relabelled", "moved", "relicensed", "renamed")  # of a text that both versions have
WORDS = ("added", "removed", *KEPT_WORDS)
# Every " ".join(change.words) that there may be.
JOINED = (
    "added",
    "removed",
    *(" ".join(some) for count in range(1, len(KEPT_WORDS) + 1) for some in combinations(KEPT_WORDS, count)),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One text of a dataset version, as its manifest says. `terms` are its licence and source."""

    path: str
    content_hash: str
    split: str
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one text. One side is None for a text that came or went.

    `rewritten` says what two texts of the same path have not in common; None where nobody looked.
    """

    kind: str
    before: Member | None
    after: Member | None
    rewritten: Rewritten | None = None

    @property
    def path(self) -> str:
        """Where it stands now; where it stood if it went."""
        return self._either.path

    @property
    def words(self) -> tuple[str, ...]:
        """Of WORDS, in that order; never empty."""
        if self.before is None:
            return ("added",)
        if self.after is None:
            return ("removed",)
        other_text = self.before.content_hash != self.after.content_hash
        relabelled = bool(self.rewritten and self.rewritten.relabelled)
        found = {
            "edited": other_text and not (relabelled and self.rewritten and not self.rewritten.edited),
            "relabelled": relabelled,
            "moved": self.before.split != self.after.split,
            "relicensed": self.before.terms != self.after.terms,
            "renamed": self.before.path != self.after.path,
        }
        return tuple(word for word, holds in found.items() if holds)

    @property
    def mirrored(self) -> Change:
        """The same change, seen from the other version."""
        turned = self.rewritten and self.rewritten.mirrored
        return Change(self.kind, self.after, self.before, turned)

    @property
    def _either(self) -> Member:
        either = self.after or self.before
        assert either is not None
        return either


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing, other than the texts, that two versions were frozen with; "" where one lacks it."""

    name: str
    before: str
    after: str


def members_of(manifest: Mapping[str, Any]) -> dict[str, list[Member]]:
    """The texts of each kind: every list of the manifest whose rows have path, content_hash and split."""
    return {
        name: [Member(row["path"], row["content_hash"], row["split"], _terms(row)) for row in rows]
        for name, rows in manifest.items()
        if _is_kind(rows)
    }


def diff(before: Mapping[str, Iterable[Member]], after: Mapping[str, Iterable[Member]]) -> list[Change]:
    """Every change from one version to the other, by kind and then by path; both from `members_of`."""
    found: list[Change] = []
    for kind in in_order({*before, *after}):
        changes = _changes(kind, before.get(kind, ()), after.get(kind, ()))
        found += sorted(changes, key=lambda change: change.path)
    return found


def applied(members: Mapping[str, Iterable[Member]], changes: Iterable[Change]) -> dict[str, set[Member]]:
    """The texts of the later version: those of the earlier one with these changes."""
    found = defaultdict(set, {kind: set(texts) for kind, texts in members.items()})
    listed = list(changes)
    for change in listed:
        found[change.kind].discard(change.before)
    for change in listed:
        if change.after:
            found[change.kind].add(change.after)
    return dict(found)


def settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Setting]:
    """What else differs between two manifests: seed, templates, policy, selection."""
    old, new = (
        dict(pair for name, value in _spelled_out(manifest) for pair in _flat(value, name))
        for manifest in (before, after)
    )
    return [
        Setting(name, old.get(name, ""), new.get(name, ""))
        for name in sorted({*old, *new})
        if old.get(name, "") != new.get(name, "")
    ]


def counts(changes: Iterable[Change]) -> dict[str, dict[str, int]]:
    """Kind -> word -> how many. A text with two words counts in both; kinds without a change are left out."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for change in changes:
        found[change.kind].update(change.words)
    return {kind: dict(of) for kind, of in found.items()}


def in_order(kinds: Iterable[str]) -> list[str]:
    """Examples first."""
    return sorted(kinds, key=lambda kind: (KINDS.index(kind) if kind in KINDS else len(KINDS), kind))


def joined_with(word: str) -> list[str]:
    """Those of JOINED that have this word."""
    return [joined for joined in JOINED if word in joined.split()]


def _changes(kind: str, before: Iterable[Member], after: Iterable[Member]) -> Iterator[Change]:
    old = {member.path: member for member in before}
    new = {member.path: member for member in after}
    for path, member in new.items():
        if (was := old.get(path)) is not None and was != member:
            yield Change(kind, was, member)
    gone: defaultdict[str, list[Member]] = defaultdict(list)
    for path in sorted(old.keys() - new.keys(), reverse=True):
        gone[old[path].content_hash].append(old[path])
    for path in sorted(new.keys() - old.keys()):
        same_text = gone[new[path].content_hash]  # of several with one text the first by path each time
        yield Change(kind, same_text.pop() if same_text else None, new[path])
    for left in gone.values():
        yield from (Change(kind, member, None) for member in left)


def _terms(row: Mapping[str, str]) -> str:
    return ", ".join(filter(None, [row.get("licence", ""), row.get("source", "")]))


def _is_kind(value: Any) -> bool:
    keys = {"path", "content_hash", "split"}
    return isinstance(value, list) and all(isinstance(row, dict) and keys <= row.keys() for row in value)


def _spelled_out(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All but the texts. A selection of everything is one word, which is short for its status."""
    for name, value in manifest.items():
        if name == "policy" and isinstance(value.get("selection"), str):
            value = {**value, "selection": {"status": value["selection"]}}
        if not _is_kind(value):
            yield name, value


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """A value of a manifest under names with dots: "policy.selection"."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}")
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
