"""How far apart a version's sides and the test tasks are: by its leak report, and by what came after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from curation.models import Snapshot
from curation.services import unseen

RULES = {"text": "words", "code": "code"}  # by which two texts are alike, as a leak report names them


@dataclass(frozen=True)
class Apart:
    """Sentences: what there is to tell, what warns, and what forbids to train."""

    told: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)


def look(snapshot: Snapshot) -> Apart:
    """What the version's leak report says, and what it cannot know: test tasks that came later."""
    found = Apart()
    report = Snapshot.objects.filter(pk=snapshot.pk).values_list("report__leaks", flat=True).get()
    if not report:
        found.warnings.append(
            f"Dataset version {snapshot.name} is older than the leak report, so nobody knows how near its "
            "sides are to each other. Freeze a new version to know."
        )
    else:
        between = (
            ("training and validation", report["across"]),
            ("the version and a test task", report["tasks"] if report["task_set"] else []),
        )
        for sides, pairs in between:
            if pairs:
                _note_closest(snapshot, sides, pairs[0], report["thresholds"], found)
    newer = unseen.of(snapshot, compared_with=report["task_set"] if report else "")
    if newer.near:
        named = "; ".join(
            f"{one.a} and {one.b}, {one.rule} alike to {one.score:.2f}" for one in newer.near[:5]
        )
        texts = len({one.a for one in newer.near})
        found.blocking.append(
            f"{snapshot.name} holds {texts} texts that are too close to test tasks of "
            f"{newer.task_set}, which is newer: {named}. Its model would have seen the answers. Rewrite or "
            "reject these texts and freeze a new version."
        )
    elif not newer.compared:
        found.warnings.append(
            f"{newer.new} test tasks of {newer.task_set} are newer than {snapshot.name} and were not "
            "compared with its texts. Freeze a new version: that compares them."
        )
    elif newer.new:
        found.told.append(
            f"{newer.new} test tasks of {newer.task_set} are newer and were compared now: none is close"
        )
    return found


def _note_closest(
    snapshot: Snapshot, sides: str, pair: dict[str, Any], thresholds: dict[str, float], found: Apart
) -> None:
    rule, score, limit = RULES[pair["rule"]], f"{pair['score']:.2f}", thresholds[pair["rule"]]
    found.told.append(
        f"Closest between {sides}: alike to {score} by their {rule}, and from {limit:.2f} on it is a leak"
    )
    if pair["score"] >= limit:
        found.blocking.append(
            f"{snapshot.name} leaks between {sides}: {pair['a']} and {pair['b']} are alike to {score} by "
            f"their {rule}, and from {limit:.2f} on that is a leak. Keep one of each such pair and freeze a "
            "new version."
        )
