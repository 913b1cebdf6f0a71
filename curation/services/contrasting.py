"""What changed between two dataset versions: found once, kept, and read a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from curation.domain import changelog, relabelling, snapshot_diff
from curation.domain.changelog import Listing
from curation.domain.relabelling import Rewritten
from curation.domain.snapshot_diff import EXAMPLES, RULES, WORDS, Change, Member
from curation.models import (
    ChatRecord,
    CorpusFile,
    GeneralExample,
    Revision,
    Snapshot,
    SnapshotChange,
    SnapshotDiff,
)

MOST_KEPT = 500  # pairs; the oldest go first, and are found again when somebody asks
TEXTS_AT_ONCE = 500
ROWS_AT_ONCE = 5_000
TALKS: dict[str, type[Any]] = {"conversations": ChatRecord, "general": GeneralExample}  # prompt and answer
Item = TypeVar("Item")


class SameVersion(ValueError):
    """Both sides are one version."""


def previous(frozen: Snapshot) -> Snapshot | None:
    """The version that was frozen before this one."""
    return _light().filter(pk__lt=frozen.pk).first()


def known(one: Snapshot, other: Snapshot) -> SnapshotDiff | None:
    """The diff from the older to the newer, if it was found before."""
    older, newer = _in_order(one, other)
    return SnapshotDiff.objects.filter(older=older, newer=newer, rules=RULES).first()


def contrast(one: Snapshot, other: Snapshot) -> SnapshotDiff:
    """The diff from the older to the newer of two versions, in whichever order they are given.

    Raises:
        SameVersion
    """
    older, newer = _in_order(one, other)
    if found := known(older, newer):
        return found
    manifests = [_manifest(side) for side in (older, newer)]
    settings = snapshot_diff.settings(*manifests)
    changes = snapshot_diff.diff(*map(snapshot_diff.members_of, manifests))
    del manifests
    _look_into_texts(changes)
    try:
        with transaction.atomic():
            made = SnapshotDiff.objects.create(
                older=older,
                newer=newer,
                rules=RULES,
                counts=snapshot_diff.counts(changes),
                settings=[[one.name, one.before, one.after] for one in settings],
            )
            for some in _batches(_rows(made, changes), ROWS_AT_ONCE):
                SnapshotChange.objects.bulk_create(some)
            _let_old_ones_go()
    except IntegrityError:  # somebody else found it meanwhile
        return SnapshotDiff.objects.get(older=older, newer=newer, rules=RULES)
    return made


def changes_of(diff: SnapshotDiff, *, kind: str = "", word: str = "") -> QuerySet[SnapshotChange]:
    """The changes by position; of one kind of text, or those that one of snapshot_diff.WORDS says."""
    found = diff.changes.order_by("position")
    if kind:
        found = found.filter(kind=kind)
    return found.filter(words__in=snapshot_diff.joined_with(word)) if word else found


def texts_of(change: SnapshotChange) -> tuple[str | None, str | None]:
    """Both texts of one change; None on a side that it is not on, or of a kind that has no texts here."""
    before = _text(change.kind, change.path_before or change.path, change.hash_before)
    return before, _text(change.kind, change.path, change.hash_after)


def prompts_of(rows: Iterable[SnapshotChange]) -> dict[str, str]:
    """What the questions and answers among these rows ask, by content hash: their paths tell nothing."""
    found: dict[str, str] = {}
    for kind, model in TALKS.items():
        if hashes := {row.hash_after or row.hash_before for row in rows if row.kind == kind}:
            said = model.objects.filter(content_hash__in=hashes)
            found |= dict(said.values_list("content_hash", "prompt"))
    return found


def changelog_of(frozen: Snapshot) -> str:
    """CHANGES.md: what changed against the version before, as Markdown; the same text each time."""
    before = previous(frozen)
    return changelog.first(frozen.name) if before is None else changelog_between(before, frozen)


def changelog_between(one: Snapshot, other: Snapshot) -> str:
    """The same for any two versions, from the older to the newer.

    Raises:
        SameVersion
    """
    older, newer = _in_order(one, other)
    diff = contrast(older, newer)
    return changelog.written(
        (older.name, older.digest), (newer.name, newer.digest), settings_of(diff), _listings(diff)
    )


def counts_of(diff: SnapshotDiff) -> dict[str, dict[str, int]]:
    """Kind -> word -> how many, in the order in which they are told: PostgreSQL keeps none in JSON."""
    return {
        kind: {word: diff.counts[kind][word] for word in WORDS if word in diff.counts[kind]}
        for kind in snapshot_diff.in_order(diff.counts)
    }


def settings_of(diff: SnapshotDiff) -> list[snapshot_diff.Setting]:
    return [snapshot_diff.Setting(*row) for row in diff.settings]


def _listings(diff: SnapshotDiff) -> list[Listing]:
    return [
        Listing(
            kind,
            word,
            count,
            [_change(row) for row in changes_of(diff, kind=kind, word=word)[: changelog.MOST_LISTED]],
        )
        for kind, words in counts_of(diff).items()
        for word, count in words.items()
    ]


def _change(row: SnapshotChange) -> Change:
    words = row.words.split()
    before = Member(row.path_before or row.path, row.hash_before, row.split_before, row.terms_before)
    after = Member(row.path, row.hash_after, row.split_after, row.terms_after)
    return Change(
        row.kind,
        None if "added" in words else before,
        None if "removed" in words else after,
        Rewritten("edited" in words, row.label_before, row.label_after) if "relabelled" in words else None,
    )


def _text(kind: str, path: str, content_hash: str) -> str | None:
    """A text by its content hash, whichever row holds it."""
    if not content_hash:
        return None
    if kind in TALKS:
        said = TALKS[kind].objects.filter(content_hash=content_hash).values_list("system", "prompt", "answer")
        return "\n\n".join(filter(None, said[0])) if said else None
    texts: dict[str, QuerySet[Any]] = {
        EXAMPLES: Revision.objects.filter(content_hash=content_hash),
        "corpus": CorpusFile.objects.filter(path=path, content_hash=content_hash),
    }
    return texts[kind].values_list("text", flat=True).order_by("pk").first() if kind in texts else None


def _light() -> QuerySet[Snapshot]:
    """Snapshots without their manifests, of some 20 MB for 100,000 examples."""
    return Snapshot.objects.select_related("created_by").defer("manifest", "report").order_by("-pk")


def _in_order(one: Snapshot, other: Snapshot) -> tuple[Snapshot, Snapshot]:
    if one.pk == other.pk:
        raise SameVersion(f"Both are {one.name}. Choose two different dataset versions.")
    return (one, other) if one.pk < other.pk else (other, one)


def _manifest(frozen: Snapshot) -> dict[str, Any]:
    stored = Snapshot.objects.values_list("manifest", flat=True).get(pk=frozen.pk)
    manifest: dict[str, Any] = json.loads(stored)
    return manifest


def _look_into_texts(changes: list[Change]) -> None:
    """Say of each example with another text whether its label changed. Holds some texts at a time."""
    other_text = (
        n
        for n, change in enumerate(changes)
        if change.kind == EXAMPLES and change.before and change.after
        if change.before.content_hash != change.after.content_hash
    )
    for some in _batches(other_text, TEXTS_AT_ONCE):
        pairs = {n: _hashes(changes[n]) for n in some}
        wanted = {content_hash for pair in pairs.values() for content_hash in pair}
        texts = dict(
            Revision.objects.filter(content_hash__in=wanted).values_list("content_hash", "text").order_by()
        )
        for n, (before, after) in pairs.items():
            if before in texts and after in texts:
                changes[n] = replace(changes[n], rewritten=relabelling.rewritten(texts[before], texts[after]))


def _hashes(change: Change) -> tuple[str, str]:
    before, after = change.before, change.after
    return before.content_hash if before else "", after.content_hash if after else ""


def _rows(diff: SnapshotDiff, changes: Iterable[Change]) -> Iterator[SnapshotChange]:
    for position, change in enumerate(changes, 1):
        before, after = change.before, change.after
        words = change.words
        labels = change.rewritten if "relabelled" in words else None
        yield SnapshotChange(
            diff=diff,
            position=position,
            kind=change.kind,
            words=" ".join(words),
            path=change.path,
            path_before=before.path if before and "renamed" in words else "",
            hash_before=before.content_hash if before else "",
            hash_after=after.content_hash if after else "",
            split_before=before.split if before else "",
            split_after=after.split if after else "",
            label_before=labels.label_before if labels else "",
            label_after=labels.label_after if labels else "",
            terms_before=before.terms if before and "relicensed" in words else "",
            terms_after=after.terms if after and "relicensed" in words else "",
        )


def _let_old_ones_go() -> None:
    kept = SnapshotDiff.objects.order_by("-pk").values_list("pk", flat=True)[MOST_KEPT - 1 : MOST_KEPT]
    for oldest in kept:
        SnapshotDiff.objects.filter(pk__lt=oldest).delete()


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
