"""Lineage: from an example to the versions, runs, models and scores it went into, and back to the failures
it came from.

Each function asks a fixed number of questions, whatever the studio holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, QuerySet, Window
from django.db.models.expressions import Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat, RowNumber

from curation.models import Example, Revision, Snapshot, SnapshotEntry
from training.models import Artifact, Attempt, Evaluation, Run
from training.services import scoring, triaging
from training.services.scoring import Scored

RUNS_A_VERSION = 2  # of each version in an example's lineage
RUNS_OF_VERSION = 12  # in a version's own
FAILURES_SHOWN = 20
MODELS = "gguf_q"  # how the kinds of finished models begin


@dataclass(frozen=True)
class TracedRun:
    """A run with the models that it made and the newest score of one; None while there is none."""

    run: Run
    models: list[Artifact]
    scored: Scored | None


@dataclass(frozen=True)
class Standing:
    """An example in a dataset version, and the newest runs that were trained on it."""

    entry: SnapshotEntry
    runs: list[TracedRun]
    more_runs: int


@dataclass(frozen=True)
class Taught:
    """An example that was drafted from a failed attempt: `revision` is its first text of that origin."""

    attempt: Attempt
    revision: Revision
    entry: SnapshotEntry | None  # how it stands in the version that was asked about


@dataclass(frozen=True)
class Answered:
    """A failure of a version's model, and an example that was written because of it."""

    attempt: Attempt
    example: Example
    first: Snapshot | None  # the first version that holds the example


def standings_of(example: Example) -> QuerySet[SnapshotEntry]:
    """Where the example's texts stand, newest version first."""
    rows = SnapshotEntry.objects.filter(revision__example=example)
    return rows.select_related("snapshot", "revision").defer(*_HEAVY).order_by("-snapshot_id")


def traced(entries: Sequence[SnapshotEntry]) -> list[Standing]:
    """Each of an example's entries with the newest runs on its version."""
    of_version: defaultdict[int, list[TracedRun]] = defaultdict(list)
    totals: dict[int, int] = {}
    ranked = (
        Run.objects.filter(snapshot__in=[entry.snapshot_id for entry in entries])
        .annotate(
            rank=Window(RowNumber(), partition_by=F("snapshot"), order_by=F("pk").desc()),
            total=Window(Count("pk"), partition_by=F("snapshot")),
        )
        .filter(rank__lte=RUNS_A_VERSION)
        .defer("recipe")
        .order_by("-pk")
    )
    for run in _traced(ranked):
        of_version[run.run.snapshot_id].append(run)
        totals[run.run.snapshot_id] = run.run.total  # type: ignore[attr-defined]  # annotated above
    return [
        Standing(
            entry,
            of_version[entry.snapshot_id],
            totals.get(entry.snapshot_id, 0) - len(of_version[entry.snapshot_id]),
        )
        for entry in entries
    ]


def failures_behind(example: Example) -> list[Taught]:
    """The failures that the example was drafted from, each once, oldest first."""
    return taught(example.revisions.filter(**_DRAFTED).order_by("number"))


def runs_of(frozen: Snapshot) -> list[TracedRun]:
    """The newest RUNS_OF_VERSION runs that were trained on a version."""
    return _traced(frozen.runs.defer("recipe").order_by("-pk")[:RUNS_OF_VERSION])


def from_failures(frozen: Snapshot) -> QuerySet[Revision]:
    """Texts drafted from a failure, of the examples that a version holds in this text or a later one."""
    standing = SnapshotEntry.objects.filter(
        snapshot=frozen, path=OuterRef("example__path"), revision__number__gte=OuterRef("number")
    )
    drafted = Revision.objects.filter(**_DRAFTED).values("pk")  # apart, or SQLite reads every text in order
    return Revision.objects.filter(Exists(standing), pk__in=drafted)


def taught(revisions: Iterable[Revision], frozen: Snapshot | None = None) -> list[Taught]:
    """What these drafted texts teach, each failure once an example; how the examples stand in a version."""
    rows = list(revisions)
    attempts = (
        Attempt.objects.select_related("task", "evaluation__run__snapshot")
        .defer("raw_output", "code", "prompt", "task__text", "evaluation__run__recipe")
        .defer("evaluation__run__snapshot__manifest", "evaluation__run__snapshot__report")
        .in_bulk({triaging.attempt_in(row.origin) for row in rows})
    )
    entries = {}
    if frozen:
        standing = frozen.entries.filter(path__in=[row.example.path for row in rows])
        entries = {entry.path: entry for entry in standing.select_related("revision").defer(*_HEAVY[2:])}
    found: dict[tuple[int, int], Taught] = {}
    for row in rows:
        if attempt := attempts.get(triaging.attempt_in(row.origin)):
            one = Taught(attempt, row, entries.get(row.example.path))
            found.setdefault((row.example_id, attempt.pk), one)
    return list(found.values())


def failures_of(frozen: Snapshot) -> QuerySet[Attempt]:
    """Failed attempts of a version's models from which an example was written, newest first."""
    written = Revision.objects.filter(origin=OuterRef("as_origin"))
    return (
        Attempt.objects.filter(evaluation__run__snapshot=frozen)
        .annotate(as_origin=Concat(Value(triaging.ORIGIN), Cast("pk", CharField())))
        .filter(Exists(written))
        .select_related("task", "evaluation__run")
        .defer("raw_output", "code", "checker_output", "prompt", "task__text", "evaluation__run__recipe")
        .order_by("-pk")
    )


def answered(attempts: Sequence[Attempt]) -> list[Answered]:
    """These of `failures_of` with the examples that they led to."""
    examples = triaging.examples_from(attempts)
    written = {example.pk for found in examples.values() for example in found}
    first = dict(
        SnapshotEntry.objects.filter(revision__example__in=written)
        .values_list("revision__example")
        .annotate(first=Min("snapshot"))
        .order_by()
    )
    versions = Snapshot.objects.defer("manifest", "report").in_bulk(first.values())
    return [
        Answered(attempt, example, versions.get(first.get(example.pk, 0)))
        for attempt in attempts
        for example in examples[attempt.pk]
    ]


def as_dict(run: TracedRun) -> dict[str, Any]:
    """For programs."""
    return {
        "run": run.run.pk,
        "state": run.run.state,
        "recipe_name": run.run.recipe_name,
        "models": [artifact.pk for artifact in run.models],
        "evaluation": run.scored.evaluation.pk if run.scored else None,
        "pools": [pool.as_dict() for pool in run.scored.pools] if run.scored else [],
    }


# Origins are mostly empty: behind "" the index is short, and no text of a revision is read.
_DRAFTED = {"origin__gt": "", "origin__startswith": triaging.ORIGIN}
_HEAVY = ("snapshot__manifest", "snapshot__report", "revision__text", "revision__findings")


def _traced(runs: Iterable[Run]) -> list[TracedRun]:
    found = list(runs)
    keys = [run.pk for run in found]
    models: defaultdict[int, dict[str, Artifact]] = defaultdict(dict)
    for artifact in Artifact.objects.filter(run__in=keys, kind__startswith=MODELS).order_by("pk"):
        models[artifact.run_id][artifact.kind] = artifact
    finished = Evaluation.objects.filter(run__in=keys, finished_at__isnull=False)
    newest = finished.values("run").annotate(newest=Max("pk")).values_list("newest", flat=True).order_by()
    evaluations = Evaluation.objects.filter(pk__in=list(newest)).select_related("run__snapshot", "task_set")
    evaluations = evaluations.defer("run__snapshot__manifest", "run__snapshot__report")
    scores = {each.evaluation.run_id: each for each in scoring.scored_all(list(evaluations))}
    return [TracedRun(run, list(models[run.pk].values()), scores.get(run.pk)) for run in found]
