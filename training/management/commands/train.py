"""Queue a training run on a dataset version; with --wait, do it here and now, without worker or broker."""

from __future__ import annotations

import json as jsonlib
import time
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from curation.models import Snapshot
from curation.services import snapshotting
from training.domain import lifecycle
from training.domain import recipe as recipes
from training.management.accounts import find_user
from training.models import Run
from training.services import launching, leasing, packaging, scoring, supervising

POLL_S = 1.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("snapshot", help="name of the dataset version, or the start of its digest")
        parser.add_argument("--recipe", default="rehearsal", choices=recipes.RECIPE_NAMES)
        parser.add_argument("--seed", type=int, default=13)
        parser.add_argument("--user", help="who asks for it; the first maintainer when left out")
        parser.add_argument(
            "--wait", action="store_true", help="train in this process and end with its result"
        )
        parser.add_argument("--json", action="store_true", help="print the run as JSON")

    def handle(
        self, *, snapshot: str, recipe: str, seed: int, json: bool, wait: bool, **options: Any
    ) -> None:
        try:
            run = launching.launch(
                snapshot=find_snapshot(snapshot),
                recipe_name=recipe,
                author=find_user(options["user"]),
                seed=seed,
                wake_worker=not wait,
            )
        except launching.PreflightRefused as refused:
            raise CommandError(
                "The run was not queued.\n" + "\n".join(f"  {p}" for p in refused.problems)
            ) from None
        if wait:
            self.work(run, quiet=json)
            run.refresh_from_db()
        if json:
            self.stdout.write(jsonlib.dumps(as_dict(run)))
        else:
            self.stdout.write(f"{run} on {run.snapshot.name}: {run.get_state_display()}")
            for evaluation in run.evaluations.all():
                for pool in scoring.scored(evaluation).pools:
                    self.stdout.write(f"  {pool.words}")
        if wait and run.state != "succeeded":
            raise CommandError(f"{run} {run.get_state_display()}: {run.failure_message}", returncode=1)

    def work(self, run: Run, *, quiet: bool) -> None:
        """Do the run here once the GPU is free, unless a worker is faster: then wait for that one."""

        def progress(stage: str, step: int, of: int, metrics: dict[str, Any]) -> None:
            loss = f"  loss {metrics['loss']:.3f}" if isinstance(metrics.get("loss"), float) else ""
            if not quiet and (loss or not step):
                self.stdout.write(f"{stage}" + (f" {step}/{of}" if of else "") + loss)

        waits = False
        while Run.objects.values_list("state", flat=True).get(pk=run.pk) not in lifecycle.TERMINAL:
            if claim := launching.claim(run.pk, leasing.this_process()):
                supervising.execute(claim, progress)
                return
            if not waits and not quiet:
                self.stdout.write(
                    "Waiting: another run trains on this machine, or a worker has taken this one."
                )
            waits = True
            time.sleep(POLL_S)


def find_snapshot(word: str) -> Snapshot:
    """The dataset version of this name, or whose digest starts with it."""
    if snapshot := snapshotting.find(word):
        return snapshot
    known = (
        ", ".join(Snapshot.objects.values_list("name", flat=True)[:10])
        or "none yet: manage.py build_snapshot NAME"
    )
    raise CommandError(f'There is no dataset version "{word}". There are: {known}.')


def as_dict(run: Run) -> dict[str, Any]:
    return {
        "run": run.pk,
        "snapshot": {"name": run.snapshot.name, "digest": run.snapshot.digest},
        "recipe": run.recipe_name,
        "seed": run.seed,
        "state": run.state,
        "failure": {"code": run.failure_code, "message": run.failure_message} if run.failure_code else None,
        "artifacts": [
            {"kind": a.kind, "file": a.file_name, "sha256": a.sha256, "size_bytes": a.size_bytes}
            for a in packaging.newest(run)
        ],
        "scores": [scoring.scored(evaluation).as_dict() for evaluation in run.evaluations.all()],
    }
