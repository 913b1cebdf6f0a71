"""Working through the stages of a claimed run: skip what is done, do the next, keep what it made."""

from __future__ import annotations

import errno
import logging
import shutil
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models.functions import Now

from training.adapters import gpu_lock, storage
from training.domain.failure import FAILURES, Failure
from training.models import Artifact, Run, Stage
from training.services import leasing, moving, reaping, staging
from training.services.leasing import Claim, Zombie
from training.services.watching import Cancelled, Lease, Progress, Watch

log = logging.getLogger(__name__)


def execute(claim: Claim, progress: Progress | None = None) -> str:
    """Run every stage that is not finished yet.

    Args:
        progress: Called with (stage, step, of, metrics) as the work goes on; for bars in a terminal.

    Returns:
        The state in which the run was left: "succeeded", "failed", "cancelled", "queued" (to be tried again)
        or "lost" (it belongs to someone else by now, or the database does not answer; nothing more was
        written).
    """
    try:
        try:
            lease = Lease(claim)
            with gpu_lock.held(gpu_lock.this_gpu(), tick=lease.heed) as lock:
                for stage in Stage.objects.filter(run_id=claim.run_id):
                    _work_on(lease, stage, progress, keep_open=(lock,))
            _end(claim, "succeeded", what="finished: every stage is done")
        except Cancelled:
            _end(claim, "cancelled", what="stopped, as was asked", failure=Failure("cancelled"))
        except Failure as failure:
            _fail(claim, failure)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            _fail(claim, Failure("disk_full") if full else _bug(claim, error))
        except (Zombie, OperationalError, InterfaceError):
            raise
        except KeyboardInterrupt:
            _end(claim, "cancelled", what="stopped from the keyboard", failure=Failure("cancelled"))
            raise
        except Exception as error:
            _fail(claim, _bug(claim, error))
    except SystemExit:  # our worker is being stopped in order, and the stage has ended
        with suppress(DatabaseError):  # else the reaper finds the run
            reaping.hand_back(claim)
        raise
    except Zombie as zombie:
        log.warning("stopped without writing: %s", zombie)
        return "lost"
    except (OperationalError, InterfaceError) as error:  # locked, or gone: what we would write is not heard
        log.warning("run %s: left to the reaper, the database does not answer (%s)", claim.run_id, error)
        return "lost"
    return Run.objects.get(pk=claim.run_id).state


def _work_on(lease: Lease, stage: Stage, progress: Progress | None, *, keep_open: tuple[int, ...]) -> None:
    claim = lease.claim
    run = Run.objects.select_related("snapshot").get(pk=claim.run_id)
    if run.cancel_requested_at:
        raise Cancelled
    plan = staging.plan(run, stage.name)
    if stage.state == "succeeded" and stage.input_digest == plan.digest and _products_are_there(run, stage):
        return
    folder = staging.stage_folder(run.pk, stage.name)
    if stage.input_digest and stage.input_digest != plan.digest:
        shutil.rmtree(folder.path, ignore_errors=True)  # checkpoints of other inputs must not be gone on from
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.keep_file.unlink(missing_ok=True)  # of an earlier attempt; who still wants it asks again
    with leasing.writing(claim):
        Stage.objects.filter(pk=stage.pk).update(
            state="running",
            input_digest=plan.digest,
            result={},
            failure_code="",
            failure_message="",
            started_at=Now(),
            finished_at=None,
        )
        moving.note(run.pk, who=claim.owner, what=f"{stage.name} started")
    if progress:
        progress(stage.name, 0, 0, {})
    watch = Watch(lease, stage.name, folder, progress, keep_open=keep_open)
    made = plan.perform(watch)
    watch.tell(0, 0)  # a cancel that came in the last moment is heard before anything is kept
    # Copying a real model takes minutes.
    stored = [(made_one, watch.beside(partial(storage.put, made_one.path))) for made_one in made.products]
    with leasing.writing(claim):
        for product, kept in stored:
            Artifact.objects.get_or_create(
                run=run,
                kind=product.kind,
                sha256=kept.sha256,
                defaults={
                    "parent": product.parent,
                    "file_name": product.file_name,
                    "size_bytes": kept.size_bytes,
                },
            )
        Stage.objects.filter(pk=stage.pk).update(state="succeeded", result=made.result, finished_at=Now())
        moving.note(run.pk, who=claim.owner, what=f"{stage.name} {_finished(made.result)}")
        if watch.keeps:
            Run.objects.filter(pk=run.pk).update(keep_requested_at=None)  # the next stage trains to its end
            lease.keep_asked = False
    for product, _ in stored:
        _forget(product)


def _finished(result: dict[str, Any]) -> str:
    return f"ended early and kept, at step {result['steps']}" if result.get("kept_early") else "finished"


def _products_are_there(run: Run, stage: Stage) -> bool:
    """A finished stage is skipped only while what it left can still be read."""
    if stage.name == "export" and not export_is_there(run):
        return False
    return all(staging.find(run, kind) for kind in staging.leaves(run, stage.name))


def export_is_there(run: Run) -> bool:
    """The export and the base model lie in folders that someone may have cleared."""
    return (staging.export_folder(run) / "manifest.json").exists() and staging.base_model(run).is_dir()


def _forget(product: staging.Product) -> None:
    """The store has it now: a second copy in the stage's folder would only fill the disk."""
    if product.path.is_dir():
        shutil.rmtree(product.path, ignore_errors=True)
    else:
        product.path.unlink(missing_ok=True)


def _end(claim: Claim, state: str, *, what: str, failure: Failure | None = None) -> None:
    """Write the run's last state.

    Raises:
        Zombie: the run is not ours any more.
    """
    code, message = (failure.code, failure.message) if failure else ("", "")
    with leasing.writing(claim):
        moving.settle_running_stage(claim.run_id, state=state, code=code, message=message)
        moving.move(
            claim.run_id,
            old="running",
            new=state,
            who=claim.owner,
            what=what,
            failure_code=code,
            failure_message=message,
        )


def _fail(claim: Claim, failure: Failure) -> None:
    """End the run as failed, or give it back when another try may help (a killed process, a lost machine)."""
    run = Run.objects.get(pk=claim.run_id)
    if failure.code in ("process_killed", "lost"):
        if not reaping.take_back(run, failure, only=leasing.mine(claim), who=claim.owner):
            raise Zombie(f"run {claim.run_id} is not held by {claim.owner} any more")
        return
    _end(claim, "failed", what=f"failed: {failure.message}", failure=failure)


def _bug(claim: Claim, error: BaseException) -> Failure:
    log.error("run %s failed", claim.run_id, exc_info=error)
    return Failure("bug", f"{FAILURES['bug']} ({type(error).__name__}: {str(error)[:300]})")
