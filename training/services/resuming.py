"""Going on where a run stopped: a new run that begins with what the old one has finished.

An ended run never changes again. A stage is a function of its inputs' digests, so the new run takes over each
finished stage and skips it while its digest is the same; of the stage that was under way it takes the
checkpoints, which count only for the same inputs.
"""

from __future__ import annotations

import os
import shutil
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from training.domain.run_folder import COMPLETE
from training.models import Artifact, Run, Stage
from training.services import launching, moving, staging

RESUMABLE = ("cancelled", "failed")


class CannotResume(Exception):
    """No run was made; the message says why."""


@transaction.atomic
def resume(*, run: Run, by: User, wake_worker: bool = True) -> Run:
    """Queue a run with the same recipe, data and seed that goes on where this one stopped.

    Asking twice gives the same run.

    Raises:
        CannotResume: this one has not stopped, or has finished.
        PreflightRefused: something that a run needs is missing now.
    """
    run = Run.objects.select_for_update(of=("self",)).select_related("snapshot").get(pk=run.pk)
    if run.state not in RESUMABLE:
        raise CannotResume(
            f"Run {run.pk} is {run.get_state_display()}: only a run that was cancelled or has failed goes on."
        )
    if first := run.gone_on_as.first():
        return first
    following = launching.launch(
        snapshot=run.snapshot,
        recipe_name=run.recipe_name,
        author=by,
        seed=run.seed,
        idempotency_key=f"goes-on-from-{run.pk}",
        overrides={stage: values for stage, values in run.recipe.items() if isinstance(values, dict)},
        group=run.group,
        goes_on_from=run,
        wake_worker=False,
    )
    _take_over(run, following)
    moving.note(following.pk, who=by.get_username(), what=f"goes on from run {run.pk}")
    if wake_worker:
        transaction.on_commit(partial(launching.publish, following.pk), robust=True)
    return following


def _take_over(old: Run, new: Run) -> None:
    copies: dict[int, Artifact] = {}
    for artifact in old.artifacts.order_by("pk"):
        copies[artifact.pk] = Artifact.objects.create(
            run=new,
            kind=artifact.kind,
            parent=copies.get(artifact.parent_id or 0),
            file_name=artifact.file_name,
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
        )
    # The export is written again: it is quick, and lies in a folder of the run.
    for stage in old.stages.filter(state="succeeded").exclude(name="export"):
        Stage.objects.filter(run=new, name=stage.name).update(
            state="succeeded",
            input_digest=stage.input_digest,
            result=stage.result,
            started_at=stage.started_at,
            finished_at=stage.finished_at,
        )
    for stage in old.stages.filter(state__in=RESUMABLE):
        _link_checkpoints(old, new, stage)


def _link_checkpoints(old: Run, new: Run, stage: Stage) -> None:
    """The same files under a second name: a whole checkpoint never changes, and a copy would take minutes."""
    source = staging.stage_folder(old.pk, stage.name).checkpoints
    target = staging.stage_folder(new.pk, stage.name).checkpoints
    for checkpoint in sorted(source.glob("checkpoint-*")):
        if (checkpoint / COMPLETE).is_file():
            shutil.copytree(checkpoint, target / checkpoint.name, copy_function=os.link)
    Stage.objects.filter(run=new, name=stage.name).update(input_digest=stage.input_digest)
