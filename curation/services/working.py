"""One step of an import job, from its claim to its end, whatever happens in between."""

from __future__ import annotations

import logging

from django.db import IntegrityError
from django.db.models.functions import Now

from curation.models import ImportJob
from curation.services import checking, queueing, source_files, storing, uploading
from curation.services.queueing import STOPPED, Claim

log = logging.getLogger(__name__)
_STEPS = {"checking": checking.check, "importing": storing.store}


def carry_out(claim: Claim) -> None:
    """Do the step that was claimed. Never raises: what went wrong stands on the job, as a sentence."""
    try:
        _STEPS[claim.state](claim)
    except queueing.LostClaim as lost:
        log.warning("%s", lost)
    except queueing.CancelRequested:
        _end(claim, STOPPED[claim.state], cancel_requested_at=None)
    except source_files.FolderRefused as refused:
        _end(claim, "failed", failure_message=str(refused))
    except IntegrityError as error:
        if claim.state != "importing":
            _fail(claim)
            return
        log.warning("import %s: %s", claim.job_id, error)
        message = (
            "Somebody wrote one of these examples at the same moment; nothing was imported. Import again."
        )
        _end(claim, "ready", failure_message=message)
    except Exception:
        _fail(claim)


def cancel(job: ImportJob) -> None:
    """Stop a job: at once where it waits, at its next heartbeat where it runs."""
    queueing.request_cancel(job)
    _tidy(job.pk)


def _fail(claim: Claim) -> None:
    log.exception("import %s failed while %s", claim.job_id, claim.state)
    message = "The studio made a mistake here; nothing was imported. The server's log has the details."
    _end(claim, "failed", failure_message=message)


def _end(claim: Claim, state: str, **values: object) -> None:
    try:
        queueing.move(claim, state, finished_at=Now(), **values)
    except queueing.LostClaim as lost:
        log.warning("%s", lost)
        return
    _tidy(claim.job_id)


def _tidy(job_id: int) -> None:
    """A job that ended without an import keeps its row and its sentence, and nothing else."""
    job = ImportJob.objects.get(pk=job_id)
    if job.state in queueing.TERMINAL:
        uploading.forget_upload(job)
        if not job.items.exclude(outcome="").exists():
            checking.clear(job)
