"""Measuring how long a training takes and what memory it needs: a few steps of both stages before a run.

The database is the truth, a message is a wake-up (docs/decisions/0006). A probe is claimed by one UPDATE that
raises its fence; who lost the claim writes nothing more. It is a guest on the GPU, so that no run trains
beside it. It trains exactly what a run would, with the run's own recipes, and leaves no model and no folder.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from curation.models import Snapshot
from curation.services import auditing, claiming, waking
from training.adapters import gpu_lock
from training.domain import recipe as recipes
from training.domain.failure import Failure
from training.domain.lifecycle import TRAINING_STAGES
from training.domain.run_folder import RunFolder, values_digest
from training.models import Probe
from training.services import preflighting, staging, visiting
from training.services.watching import GIVES_UP_AFTER, Cancelled, Order

TASK = "training.tasks.measure_time"
STEPS = 5  # that are timed of each stage, after the first one
MOST_ATTEMPTS = 3
ASK_EVERY_S = 1.0
# What does not change how long a step takes, nor how many there are.
WITHOUT_WEIGHT = ("learning_rate", "warmup_ratio", "weight_decay", "log_steps", "eval_steps", "save_steps")

log = logging.getLogger(__name__)


class NotMeasured(Exception):
    """Nothing was queued; the message says why."""


def key_of(snapshot: Snapshot, recipe: dict[str, Any]) -> str:
    """Equal keys: the same texts, base and values, so the same steps.

    Raises:
        Failure: the base model is not on this machine.
    """
    stages = {
        stage: {name: value for name, value in recipe[stage].items() if name not in WITHOUT_WEIGHT}
        for stage in TRAINING_STAGES
    }
    base: Any = recipes.TINY
    if recipes.needs_gpu(recipe):
        base = staging.base_digest(preflighting.base_model_folder(recipe))
    return values_digest({"snapshot": snapshot.digest, "base": base, "stages": stages})


def of(snapshot: Snapshot, recipe: dict[str, Any]) -> Probe | None:
    """What was measured, or is being measured, of exactly this; None where nobody has asked."""
    try:
        key = key_of(snapshot, recipe)
    except Failure:
        return None
    return Probe.objects.select_related("requested_by").filter(key=key).first()


def request(
    *,
    snapshot: Snapshot,
    recipe_name: str,
    by: User,
    overrides: dict[str, dict[str, Any]] | None = None,
) -> Probe:
    """Have it measured, again if it was before. One that waits or runs already is given back.

    Raises:
        NotMeasured: what would make a run fail would make this fail too.
    """
    check = preflighting.check(snapshot=snapshot, recipe_name=recipe_name, overrides=overrides)
    if check.blocking:
        raise NotMeasured(" ".join(check.blocking))
    recipe, key = check.recipe, key_of(snapshot, check.recipe)
    with transaction.atomic():
        probe, made = Probe.objects.get_or_create(
            key=key, defaults={"snapshot": snapshot, "recipe": recipe, "requested_by": by}
        )
        ended = Probe.objects.filter(pk=probe.pk, state__in=["done", "failed", "cancelled"])
        again = not made and ended.update(
            state="queued", recipe=recipe, requested_by=by, attempt=0, failure_message="", finished_at=None
        )
        if made or again:
            auditing.record(actor=by, action="probe.request", subject=snapshot, recipe=recipe["name"])
    if made or again:
        waking.wake(TASK, probe.pk)
    probe.refresh_from_db()
    return probe


def cancel(probe: Probe, *, by: User) -> bool:
    """Stop it; its worker notices within seconds. False: there was nothing to stop."""
    with transaction.atomic():
        stopped = claiming.stop(probe)
        if stopped:
            auditing.record(actor=by, action="probe.cancel", subject=probe.snapshot)
    return stopped


def publish_waiting() -> None:
    """Wake a gpu worker for each probe that nobody measures; the dispatcher calls this every few seconds."""
    for pk in claiming.waiting(Probe):
        if not waking.wake(TASK, pk):
            break


def carry_out(probe_id: int) -> bool:
    """Measure one probe, once the GPU is free, unless somebody else does. Returns whether this call did."""
    probe = claiming.claim(Probe, probe_id, lease_s=settings.STUDIO_LEASE_S, stage="", done=0, total=0)
    if probe is None:
        return False
    if probe.attempt > MOST_ATTEMPTS:
        message = (
            f"Its worker was lost {MOST_ATTEMPTS} times. Look at the machine's memory, then measure again."
        )
        return _end(probe, state="failed", failure_message=message) and False
    try:
        who = f"time probe of {probe.snapshot.name}"
        with visiting.this_gpu(who, tick=lambda: _renew(probe)) as lock, _workplace(probe) as folder:
            result = _measure(probe, folder, lock)
    except claiming.LostClaim:
        return False
    except Cancelled:
        _end(probe, state="cancelled")
        return False
    except Failure as failure:
        _end(probe, state="failed", failure_message=failure.message)
        return False
    except (OperationalError, InterfaceError) as error:  # what we would write is not heard
        log.warning("%s: left to another worker, the database does not answer (%s)", probe, error)
        return False
    except Exception as error:
        log.exception("probe %s failed", probe.pk)
        message = f"The studio itself failed ({type(error).__name__}: {str(error)[:300]})."
        _end(probe, state="failed", failure_message=message)
        return False
    return _end(probe, state="done", result=result, machine=gpu_lock.this_gpu())


def _measure(probe: Probe, folder: Path, lock: int) -> dict[str, Any]:
    """The stages of a run up to the second training stage, each in a folder of its own."""
    watch = _Watch(probe, "export", RunFolder(folder / "export"), keep_open=(lock,))
    data = folder / "export" / "data"
    staging.write_dataset(probe.snapshot, data)
    base = staging.base_of(probe.recipe, data, RunFolder(folder / "base"), watch)
    paths = {
        "pretrain": {"corpus_folder": data / "corpus"},
        "instruct": {
            "adapter": folder / "pretrain" / "adapter",
            "train_file": data / "train.jsonl",
            "validation_file": data / "validation.jsonl",
        },
    }
    result = {}
    for stage, named in paths.items():
        given = {name: str(path) for name, path in {"base_model": base, **named}.items()}
        values = recipes.stage_values(probe.recipe, stage) | given | {"probe_steps": STEPS}
        stage_folder = RunFolder(folder / stage)
        watch = _Watch(probe, stage, stage_folder, keep_open=(lock,))
        result[stage] = staging.run_recipe(stage, stage_folder, values, watch)
    return result


class _Watch:
    """What a probe's supervisor does while a process works: keep the lease, notice that it was stopped."""

    def __init__(self, probe: Probe, stage: str, folder: RunFolder, *, keep_open: tuple[int, ...]) -> None:
        self.probe, self.folder, self.keep_open = probe, folder, keep_open
        self._metrics_at = 0
        self._asked_at = self._renewed_at = time.monotonic()
        _renew(probe, stage=stage, done=0, total=0)

    def __call__(self) -> Order:
        now = time.monotonic()
        if now - self._asked_at >= min(ASK_EVERY_S, settings.STUDIO_LEASE_S / 3):
            self._asked_at = now
            points, self._metrics_at = self.folder.metrics(self._metrics_at)
            seen = {"done": points[-1]["step"], "total": points[-1]["of"]} if points else {}
            try:
                _renew(self.probe, **seen)
                self._renewed_at = now
            except DatabaseError as error:
                log.warning("%s: the lease could not be renewed (%s)", self.probe, error)
                connection.close_if_unusable_or_obsolete()
                if now - self._renewed_at >= settings.STUDIO_LEASE_S * GIVES_UP_AFTER:
                    raise claiming.LostClaim(f"{self.probe}: not renewed in time") from error
        return None

    def pass_metrics_on(self) -> None:
        """Nobody draws curves of a probe."""


@contextmanager
def _workplace(probe: Probe) -> Iterator[Path]:
    """An empty folder for this probe. It is gone afterwards, and so are those that a killed worker left."""
    shelf = Path(settings.VAR) / "probes"
    running = {str(pk) for pk in Probe.objects.filter(state="running").values_list("pk", flat=True)}
    for left in shelf.glob("*"):
        if left.name not in running - {str(probe.pk)}:
            shutil.rmtree(left, ignore_errors=True)
    folder = shelf / str(probe.pk)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _renew(probe: Probe, **values: Any) -> None:
    claiming.renew(probe, lease_s=settings.STUDIO_LEASE_S, **values)


def _end(probe: Probe, **values: Any) -> bool:
    return claiming.end(probe, stage="", **values)
