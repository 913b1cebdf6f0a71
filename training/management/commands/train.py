"""Queue a training run on a dataset version; with --wait, do it here and now, without worker or broker.

manage.py train autumn --set pretrain.max_steps=50 --set instruct.epochs=2 --replicates 3
"""

from __future__ import annotations

import json as jsonlib
import time
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError, CommandParser

from curation.models import Snapshot
from curation.services import snapshotting
from training.domain import lifecycle, overrides
from training.domain import recipe as recipes
from training.management.accounts import find_user
from training.models import Run
from training.services import launching, leasing, packaging, queueing, reaping, resuming, scoring, supervising

POLL_S = 1.0
# What a resumed run takes from the one that it goes on from.
AS_IT_WAS = ("snapshot", "recipe", "seed", "set", "replicates")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("snapshot", nargs="?", help="name of the dataset version, or start of its digest")
        parser.add_argument("--recipe", choices=recipes.RECIPE_NAMES, help="rehearsal when left out")
        parser.add_argument("--seed", type=int, help="13 when left out")
        parser.add_argument(
            "--set",
            action="append",
            metavar="STAGE.NAME=VALUE",
            help="a value of the recipe, such as pretrain.max_steps=50; may be given several times",
        )
        parser.add_argument(
            "--replicates",
            type=int,
            metavar="N",
            help=f"1 to {launching.MOST_REPLICATES} runs as one group, with seeds that follow",
        )
        parser.add_argument(
            "--resume",
            type=int,
            metavar="RUN",
            help="go on where this run stopped, with everything as it was; instead of a dataset version",
        )
        parser.add_argument("--user", help="who asks for it; the first maintainer when left out")
        parser.add_argument(
            "--wait", action="store_true", help="train in this process and end with its result"
        )
        parser.add_argument("--json", action="store_true", help="print the run as JSON; a list of replicates")

    def handle(self, *, json: bool, wait: bool, user: str | None, **options: Any) -> None:
        try:
            runs = queue(options, author=find_user(user), wake_worker=not wait)
        except launching.PreflightRefused as refused:
            raise not_queued(refused.problems) from None
        for run in runs:
            if wait:
                self.work(run, quiet=json)
            run.refresh_from_db()
            if not json:
                self.tell(run)
        if json:
            told = [as_dict(run) for run in runs]
            self.stdout.write(jsonlib.dumps(told if options["replicates"] else told[0]))
        if wait and (broken := [run for run in runs if run.state != "succeeded"]):
            raise CommandError(
                "\n".join(f"{run} {run.get_state_display()}: {run.failure_message}" for run in broken),
                returncode=1,
            )

    def tell(self, run: Run) -> None:
        self.stdout.write(f"{run} on {run.snapshot.name}: {run.get_state_display()}")
        for evaluation in run.evaluations.all():
            for pool in scoring.scored(evaluation).pools:
                self.stdout.write(f"  {pool.words}")

    def work(self, run: Run, *, quiet: bool) -> None:
        """Do the run here once it is its turn, unless a worker is faster: then wait for that one.

        It needs nobody else: a run whose worker was lost, and which keeps the GPU, is taken back from here.
        """

        def progress(stage: str, step: int, of: int, metrics: dict[str, Any]) -> None:
            loss = f"  loss {metrics['loss']:.3f}" if isinstance(metrics.get("loss"), float) else ""
            if not quiet and (loss or not step):
                self.stdout.write(f"{stage}" + (f" {step}/{of}" if of else "") + loss)

        said = ""
        while Run.objects.values_list("state", flat=True).get(pk=run.pk) not in lifecycle.TERMINAL:
            reaping.reap()
            if claim := launching.claim_here(run, leasing.this_process()):
                supervising.execute(claim, progress)
                continue  # a killed process is tried once more
            if (why := what_it_waits_for(run)) != said and not quiet:
                self.stdout.write(f"Waiting: {why}")
            said = why
            time.sleep(POLL_S)


def queue(options: dict[str, Any], *, author: User, wake_worker: bool) -> list[Run]:
    """The run or runs that the options ask for.

    Raises:
        CommandError: the options make no sense. PreflightRefused: the run would fail.
    """
    if options["resume"] is not None:
        return [resumed(options, author=author, wake_worker=wake_worker)]
    if options["snapshot"] is None:
        raise CommandError("Name the dataset version to train on, or the run to go on from with --resume.")
    name, words = options["recipe"] or "rehearsal", options["set"] or []
    if wrong := overrides.problems(name, words):
        raise not_queued(wrong)
    replicates = 1 if options["replicates"] is None else options["replicates"]
    if not 1 <= replicates <= launching.MOST_REPLICATES:
        raise CommandError(
            f"--replicates {replicates} is outside 1 to {launching.MOST_REPLICATES}. Start several groups."
        )
    seed = 13 if options["seed"] is None else options["seed"]
    if not 0 <= seed < 2**31:
        raise CommandError(f"--seed {seed} is outside 0 to {2**31 - 1}.")
    return launching.launch_replicates(
        replicates=replicates,
        seed=seed,
        idempotency_key=uuid4().hex,
        snapshot=find_snapshot(options["snapshot"]),
        recipe_name=name,
        overrides=overrides.read(words)[0],
        author=author,
        wake_worker=wake_worker,
    )


def resumed(options: dict[str, Any], *, author: User, wake_worker: bool) -> Run:
    if given := [name for name in AS_IT_WAS if options[name] is not None]:
        raise CommandError(
            f"--resume takes everything as it was: leave out {', '.join(given)}, or start a new run."
        )
    run = Run.objects.filter(pk=options["resume"]).first()
    if run is None:
        raise CommandError(f"There is no run {options['resume']}. Its number stands on its page.")
    try:
        return resuming.resume(run=run, by=author, wake_worker=wake_worker)
    except resuming.CannotResume as error:
        raise CommandError(str(error)) from None


def not_queued(problems: list[str]) -> CommandError:
    return CommandError("The run was not queued.\n" + "\n".join(f"  {problem}" for problem in problems))


def what_it_waits_for(run: Run) -> str:
    run.refresh_from_db()
    if run.state == "running":
        return f"{run.owner} has taken this run."
    if run.not_before:
        return f"it is tried again at {run.not_before:%H:%M:%S} UTC."
    if ahead := queueing.ahead_of(run):
        return f"{ahead} run{'s' if ahead > 1 else ''} before this one."
    return "the GPU is taken."


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
