"""Score a model again: that of a run (stored), or one behind an OpenAI-compatible address (printed only)."""

from __future__ import annotations

import json as jsonlib
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from curation.domain.tasks import PROGRAM
from curation.models import TaskSet
from curation.services import posing
from training.domain import recipe as recipes
from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.models import Run
from training.services import conforming, evaluating, scoring, staging, visiting


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="number of a run, or http://host:port of a model server")
        parser.add_argument("--tasks", help="name of the task set; the newest when left out")
        parser.add_argument("--json", action="store_true", help="print the score as JSON")

    def handle(self, *, model: str, tasks: str | None, json: bool, **_: Any) -> None:
        task_set = find_tasks(tasks)
        try:
            if model.startswith(("http://", "https://")):
                metric, pools, extra = self.ask_server(model, task_set)
            else:
                metric, pools, extra = self.score_run(model, task_set, quiet=json)
        except Failure as failure:
            raise CommandError(f"{failure.code}: {failure.message}") from failure
        if json:
            self.stdout.write(
                jsonlib.dumps({"metric": metric, "pools": [p.as_dict() for p in pools], **extra})
            )
            return
        for pool in pools:
            self.stdout.write(pool.words)

    def score_run(
        self, model: str, tasks: TaskSet, *, quiet: bool
    ) -> tuple[str, list[scoring.PoolScore], dict[str, Any]]:
        """Once the GPU is free, which the run that trains now holds and the runs that wait do not."""
        run = Run.objects.filter(pk=int(model)).first() if model.isdecimal() else None
        if run is None:
            raise CommandError(
                f'There is no run "{model}". Give the number of a run, or the address of a server.'
            )
        artifact = staging.quantised(run)
        if artifact is None:
            raise CommandError(
                f"{run} has no quantised model. Only a run that got as far as that can be scored."
            )
        say = (lambda _: None) if quiet else self.stdout.write
        with visiting.this_gpu(f"evaluation of run {run.pk}", say=say):
            folder = staging.stage_folder(run.pk, f"evaluate-{run.evaluations.count() + 1}")
            evaluation = evaluating.evaluate(run, artifact, folder=folder, task_set=tasks)
        result = scoring.scored(evaluation)
        return (
            result.metric,
            result.pools,
            {
                "evaluation": evaluation.pk,
                "config_hash": evaluation.config_hash,
                "generation_as_asked": [found.as_dict() for found in conforming.as_asked(evaluation)],
            },
        )

    def ask_server(self, url: str, tasks: TaskSet) -> tuple[str, list[scoring.PoolScore], dict[str, Any]]:
        """Nothing is stored: the studio does not know which weights answer at an address."""
        with tempfile.TemporaryDirectory() as folder:
            judged = evaluating.judge(
                tasks, recipes.named("qwen7b"), RunFolder(Path(folder)), {"server_url": url}
            )
        metric, broken = scoring.metric_name(judged.checker), scoring.broken_by(judged.controls)
        pools = [
            scoring.score_pool(
                pool,
                metric,
                [
                    (answer.question.task.pk, answer.outcome)
                    for answer in judged.answers
                    if (answer.question.task.pool, answer.question.task.mark) == (pool, PROGRAM)
                ],
                broken,
            )
            for pool in scoring.POOLS
        ]
        return metric, pools, {"config": judged.config}


def find_tasks(name: str | None) -> TaskSet:
    tasks = TaskSet.objects.filter(name=name).first() if name else posing.newest_set()
    if tasks is None:
        known = ", ".join(TaskSet.objects.values_list("name", flat=True)) or "none yet: import training-data"
        raise CommandError(f"There is no such task set. There are: {known}.")
    return tasks
