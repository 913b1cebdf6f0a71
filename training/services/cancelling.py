"""Stopping a run that someone no longer wants, or a stage that has trained enough."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from curation.services import auditing
from training.domain import lifecycle
from training.models import Run
from training.services import moving


class AlreadyFinished(Exception):
    """The run ended before the request came; an ended run never changes again."""


class NothingToKeep(Exception):
    """No stage trains now, so none can end early; nothing was changed."""


@transaction.atomic
def request_cancel(*, run: Run, by: User) -> Run:
    """Cancel a waiting run at once; ask the supervisor of a running one, which answers within seconds.

    Asking twice is the same as asking once.

    Raises:
        AlreadyFinished: the run has ended.
    """
    who = by.get_username()
    if moving.move(run.pk, old="queued", new="cancelled", who=who, what="cancelled before it started"):
        auditing.record(actor=by, action="run.cancel", subject=run, was="queued")
        return Run.objects.get(pk=run.pk)
    asked = Run.objects.filter(pk=run.pk, state="running", cancel_requested_at__isnull=True)
    if asked.update(cancel_requested_at=Now()):
        moving.note(run.pk, who=who, what="asked to cancel")
        auditing.record(actor=by, action="run.cancel", subject=run, was="running")
    current = Run.objects.get(pk=run.pk)
    if current.state in lifecycle.TERMINAL:
        raise AlreadyFinished(
            f"Run {run.pk} already ended ({current.get_state_display()}); nothing was changed."
        )
    return current


@transaction.atomic
def request_keep(*, run: Run, by: User) -> Run:
    """Let the stage that trains now end after its step; the run goes on with the adapter as it is then.

    Asking twice is the same as asking once.

    Raises:
        AlreadyFinished: the run has ended.
        NothingToKeep: it waits, or a stage is under way that leaves nothing half-way.
    """
    current = Run.objects.get(pk=run.pk)
    if current.state in lifecycle.TERMINAL:
        raise AlreadyFinished(
            f"Run {run.pk} already ended ({current.get_state_display()}); nothing was changed."
        )
    stage = current.stages.filter(state="running", name__in=lifecycle.TRAINING_STAGES).first()
    if current.state != "running" or stage is None:
        raise NothingToKeep(
            f"Run {run.pk} does not train at this moment, so there is nothing to stop and keep. Wait until "
            "stage pretrain or instruct runs, or cancel the run."
        )
    asked = Run.objects.filter(pk=run.pk, state="running", keep_requested_at__isnull=True)
    if asked.update(keep_requested_at=Now()):
        moving.note(run.pk, who=by.get_username(), what=f"asked to end {stage.name} early and keep it")
        auditing.record(actor=by, action="run.keep", subject=run, stage=stage.name)
    return Run.objects.get(pk=run.pk)
