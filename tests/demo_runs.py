"""The runs of tests.demo: two that have ended, with curves, one that trains, three that wait; and a probe."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any


def learnt(run: Any, *, rate: float, at: datetime) -> None:
    """Give this finished run what a real one would have: its recipe, stages with times, curves and a log."""
    from training.domain import recipe as recipes
    from training.domain.lifecycle import STAGES
    from training.models import Run, Stage
    from training.services import staging

    recipe = recipes.with_overrides(recipes.named("rehearsal"), {"instruct.learning_rate": rate})
    ended = at + timedelta(minutes=3)
    Run.objects.filter(pk=run.pk).update(
        recipe=recipe, seed=13, attempt=1, code_version="recipes-demo", started_at=at, finished_at=ended
    )
    for n, name in enumerate(STAGES):
        began = at + timedelta(seconds=20 * n)
        Stage.objects.create(
            run=run,
            position=n,
            name=name,
            state="succeeded",
            started_at=began,
            finished_at=began + timedelta(seconds=20),
        )
    for name, steps in (("pretrain", 80), ("instruct", 700)):
        folder = staging.stage_folder(run.pk, name)
        folder.path.mkdir(parents=True)
        for step in range(steps // 16, steps + 1, steps // 16):
            loss = 1.2 + 6 * math.exp(-step / steps * rate * 3000) + 0.12 * math.sin(step)
            point = {"stage": name, "step": step, "of": steps, "at": at.isoformat(), "loss": round(loss, 3)}
            point |= {"learning_rate": rate * (1 - step / steps), "grad_norm": 0.4 + loss / 9}
            folder.append_metrics({**point, "tokens_per_s": 4000 + 30 * (step % 7)})
        folder.append_metrics({"stage": name, "step": steps, "of": steps, "eval_loss": round(loss + 0.2, 3)})
        folder.log_file.write_text(f"[started {at:%Y-%m-%d %H:%M:%S} UTC]\nadapter saved\n")


def queue(by: Any) -> None:
    """A run that trains, unless one really does, and three that wait for it; one of them is a second try."""
    from django.utils import timezone

    from curation.models import Snapshot
    from training.domain import recipe as recipes
    from training.domain.lifecycle import STAGES
    from training.models import Run, Stage
    from training.services import launching, leasing, queueing, staging

    runs = [
        Run.objects.create(
            snapshot=Snapshot.objects.latest("pk"),
            recipe_name="rehearsal",
            recipe=recipes.named("rehearsal"),
            seed=n,
            idempotency_key=f"demo {n}",
            requested_by=by,
        )
        for n in range(4)
    ]
    for run in runs:
        Stage.objects.bulk_create(Stage(run=run, position=n, name=name) for n, name in enumerate(STAGES))
    moment = timezone.now()
    first, second, _, fourth = runs
    if launching.claim(first.pk, leasing.this_process()):
        began = moment - timedelta(seconds=47)
        # Nobody works on it; the lease keeps it from being taken back while somebody looks.
        Run.objects.filter(pk=first.pk).update(started_at=began, lease_until=moment + timedelta(days=1))
        first.stages.filter(name="export").update(state="succeeded", started_at=began, finished_at=began)
        first.stages.filter(name="pretrain").update(state="running", started_at=began)
        folder = staging.stage_folder(first.pk, "pretrain")
        folder.path.mkdir(parents=True)
        for step in range(5, 60, 5):
            at = (began + timedelta(seconds=step / 2)).isoformat()
            folder.append_metrics({"stage": "pretrain", "step": step, "of": 80, "loss": 4 / step, "at": at})
    Run.objects.filter(pk=second.pk).update(attempt=1, not_before=moment + timedelta(hours=3))
    queueing.move(run=fourth, before=second.pk, by=by)


def probed(by: Any) -> None:
    """How long the rehearsal of the newest version takes, as a probe would have found."""
    from django.utils import timezone

    from curation.models import Snapshot
    from training.domain import recipe as recipes
    from training.models import Probe
    from training.services import probing

    snapshot, recipe = Snapshot.objects.latest("pk"), recipes.named("rehearsal")
    timed = {"start_s": 6.4, "evaluation_s": 0.6, "gpu_used_bytes": None}
    Probe.objects.create(
        key=probing.key_of(snapshot, recipe),
        snapshot=snapshot,
        recipe=recipe,
        requested_by=by,
        state="done",
        machine="gpu-1:0",
        finished_at=timezone.now(),
        result={
            "pretrain": {**timed, "steps_of": 80, "step_s": [0.16, 0.15, 0.19, 0.16, 0.17]},
            "instruct": {
                **timed,
                "steps_of": 700,
                "step_s": [0.11, 0.13, 0.1, 0.16, 0.12],
                "rows": 58,
                "loss_mask": {"cut": 2, "trained_tokens": 9_310},
            },
        },
    )
