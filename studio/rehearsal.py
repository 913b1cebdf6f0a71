"""The whole loop, step by step, on the shipped examples and the tiny base: what `manage.py rehearse` runs."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError

from curation.models import Example
from curation.services import gathering, importing, snapshotting, source_files
from studio import seeding
from training.models import Run
from training.services import launching, leasing, scoring, supervising

REFUSALS = (
    source_files.FolderRefused,
    gathering.CorpusRefused,
    importing.TasksRefused,
    snapshotting.FreezeRefused,
    launching.PreflightRefused,
    DatabaseError,
    OSError,
)

Progress = Callable[[str, int, int, dict[str, Any]], None]


@dataclass
class Step:
    name: str
    result: str = ""
    seconds: float = 0.0
    ok: bool = False


@dataclass
class Report:
    """What each step did, in order. `score` is the sentence the whole loop is for."""

    steps: list[Step] = field(default_factory=list)
    score: str = ""
    run_id: int | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step; one of REFUSALS makes it the last one, with its sentence as the result."""
        step = Step(name)
        self.steps.append(step)
        began = time.monotonic()
        try:
            yield step
            step.ok = True
        except REFUSALS as error:
            step.result = str(error)
            raise Stopped(step) from error
        finally:
            step.seconds = round(time.monotonic() - began, 1)

    @property
    def seconds(self) -> float:
        return round(sum(step.seconds for step in self.steps), 1)

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": all(step.ok for step in self.steps),
            "score": self.score,
            "run": self.run_id,
            "seconds": self.seconds,
            "peak_memory_mb": peak_memory_mb(),
            "steps": [asdict(step) for step in self.steps],
        }


class Stopped(Exception):
    """A step failed; its sentence says why and what to do."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"{step.name}: {step.result}")
        self.step = step


def rehearse(report: Report, progress: Progress) -> None:
    """Run the loop here, without worker or broker, filling in `report` as it goes.

    Args:
        progress: Called with (stage, step, of, metrics) while stages run.

    Raises:
        Stopped: a step failed; what was finished before it stays and is used by the next rehearsal.
    """
    with report.step("database") as step:
        call_command("migrate", verbosity=0, interactive=False)
        seeding.make_roles()
        step.result = "tables are up to date"
    with report.step("import") as step:
        result = seeding.import_shipped()
        step.result = f"{result.created} new, {result.changed} changed, {result.unchanged} unchanged examples"
        if result.refused:
            raise source_files.FolderRefused(
                f"{result.refused} files were refused. "
                "List their problems: python3 manage.py check_examples training-data"
            )
    with report.step("review") as step:
        seeding.approve_shipped()
        step.result = (
            f"{Example.objects.approved().count()} of {Example.objects.count()} examples are approved"
        )
    with report.step("snapshot") as step:
        snapshot = seeding.freeze_shipped()
        step.result = f"{snapshot.name}, {snapshot.entries.count()} examples, digest {snapshot.digest[:12]}"
    with report.step("launch") as step:
        author = User.objects.get(username=seeding.AUTHORS)
        run = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=author, wake_worker=False)
        report.run_id = run.pk
        step.result = f"run {run.pk}, seed {run.seed}"
    try:
        if claim := launching.claim(run.pk, leasing.this_process()):
            supervising.execute(claim, progress)
    finally:
        run.refresh_from_db()
        report.steps += stage_steps(run)
    if broken := next((step for step in report.steps if not step.ok), None):
        raise Stopped(broken)
    report.score = "; ".join(
        pool.words for evaluation in run.evaluations.all() for pool in scoring.scored(evaluation).pools
    )


def stage_steps(run: Run) -> list[Step]:
    """The run's stages as steps of the report, up to the first one that did not succeed."""
    steps = []
    for stage in run.stages.all():
        began, ended = stage.started_at, stage.finished_at
        seconds = (ended - began).total_seconds() if began and ended else 0.0
        ok = stage.state == "succeeded"
        words = stage.get_state_display() if ok else stage.failure_message or run.failure_message
        steps.append(
            Step(stage.name, words or f"the run is {run.get_state_display()}", round(seconds, 1), ok)
        )
        if not ok:
            break
    return steps


def peak_memory_mb() -> int:
    """The largest single process of this rehearsal so far, in MB (Linux counts ru_maxrss in kB)."""
    largest = max(
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return largest // 1024
