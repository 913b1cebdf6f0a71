"""What a supervisor does while a stage's process works: keep the lease, hear a cancel, pass metrics on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from typing import Any, Literal, Protocol, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from training.adapters import nvidia, process
from training.domain import lifecycle
from training.domain.run_folder import RunFolder
from training.models import Run
from training.services import leasing
from training.services.leasing import Claim, Zombie

# stage name, step, of how many steps, the newest metrics
Progress = Callable[[str, int, int, dict[str, Any]], None]
Order = Literal["cancel"] | None
T = TypeVar("T")

CANCEL_EVERY_S = 1.0
# Of a lease that could not be renewed: well before another worker may be given the run.
GIVES_UP_AFTER = 2 / 3
GPU_EVERY_S = 5.0
BESIDE_POLL_S = 0.5
log = logging.getLogger(__name__)


class Cancelled(Exception):
    """A person asked to stop the run."""


class Watching(Protocol):
    """Called every half second while a stage's process works, by whoever supervises it."""

    keep_open: tuple[int, ...]  # what the process inherits: the lock of the GPU

    def __call__(self) -> Order: ...

    def pass_metrics_on(self) -> None: ...


class Lease:
    """A claim that is looked after: its lease is renewed, and people's requests are heard.

    One for the whole execution of a run. Call `tend` as often as you like; it asks the database about once a
    second.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.cancelled = False  # a person asked to stop
        self.keep_asked = False  # a person asked to end the stage that trains, and to keep it
        self._renewed_at = self._asked_at = time.monotonic()

    def tend(self) -> None:
        """Renew the lease when a third of it has gone, and read what people ask.

        Raises:
            Zombie: the run is not ours any more, or may soon be given to somebody else because the database
                has not taken a renewal for two thirds of the lease.
        """
        now = time.monotonic()
        lease_s = settings.STUDIO_LEASE_S
        if now - self._asked_at < min(CANCEL_EVERY_S, lease_s / 3):
            return
        self._asked_at = now
        try:
            if now - self._renewed_at >= lease_s / 3:
                leasing.renew(self.claim)
                self._renewed_at = now  # before the database was asked, which may have taken a while
            asked = Run.objects.values("cancel_requested_at", "keep_requested_at").get(pk=self.claim.run_id)
        except DatabaseError as error:
            log.warning("run %s: the lease could not be renewed (%s)", self.claim.run_id, error)
            connection.close_if_unusable_or_obsolete()
            if time.monotonic() - self._renewed_at >= lease_s * GIVES_UP_AFTER:
                raise Zombie(f"run {self.claim.run_id}: the lease could not be renewed in time") from error
            return
        self.cancelled = self.cancelled or asked["cancel_requested_at"] is not None
        self.keep_asked = asked["keep_requested_at"] is not None

    def heed(self) -> None:
        """The same where nothing has to be saved first.

        Raises:
            Zombie: as `tend`. Cancelled: a person asked to stop.
        """
        self.tend()
        if self.cancelled:
            raise Cancelled


class Watch:
    """Called every half second while a stage works. Answers "cancel" once a person asked for it, else None.

    Raises Zombie when the run is no longer ours, which also kills the stage's process.
    """

    def __init__(
        self,
        lease: Lease,
        stage: str,
        folder: RunFolder,
        progress: Progress | None = None,
        *,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        self.lease = lease
        self.stage = stage
        self.folder = folder
        self.progress = progress
        self.keep_open = keep_open  # what a stage's process inherits: the lock of the GPU
        self.keeps = False
        self._metrics_at = folder.metrics_file.stat().st_size if folder.metrics_file.exists() else 0
        self._gpu_at = float("-inf")

    @property
    def claim(self) -> Claim:
        return self.lease.claim

    def __call__(self) -> Order:
        self.lease.tend()
        if self.lease.keep_asked and not self.keeps and self.stage in lifecycle.TRAINING_STAGES:
            self.keeps = True
            self.folder.keep_file.touch()
        self.pass_metrics_on()
        self._note_gpu_loads(time.monotonic())
        return "cancel" if self.lease.cancelled else None

    def _note_gpu_loads(self, now: float) -> None:
        """For the run's page. A machine that had no GPU at the stage's start is not asked again."""
        if now - self._gpu_at < GPU_EVERY_S:
            return
        loads = nvidia.gpu_loads()
        self._gpu_at = now if loads else float("inf")
        if loads and self.folder.path.is_dir():
            try:
                self.folder.write_gpu_loads([asdict(load) for load in loads], timezone.now())
            except OSError as error:  # a full disk ends the stage by itself
                log.warning("run %s: the GPU's load could not be noted (%s)", self.claim.run_id, error)

    def pass_metrics_on(self) -> None:
        """Give the metric lines written since the last call to `progress`."""
        points, self._metrics_at = self.folder.metrics(self._metrics_at)
        if self.progress:
            for point in points:
                self.progress(self.stage, int(point.get("step") or 0), int(point.get("of") or 0), point)

    def beside(self, work: Callable[[], T]) -> T:
        """What `work` gives: something of this process that takes long and asks no database.

        Raises:
            Zombie, Cancelled: as `tell`, once `work` has ended.
        """
        with ThreadPoolExecutor(1) as aside:
            done = aside.submit(work)
            while not wait([done], timeout=BESIDE_POLL_S).done:
                self.tell(0, 0)
            return done.result()

    def tell(self, step: int, of: int) -> None:
        """Progress of work inside this process.

        Raises:
            Zombie: the run belongs to someone else.
            Cancelled: a person asked to stop it.
        """
        if self.progress:
            self.progress(self.stage, step, of, {})
        if self() == "cancel":
            raise Cancelled


def run_recipe(
    name: str, folder: RunFolder, values: dict[str, Any], watch: Watching | None
) -> dict[str, Any]:
    """Run a recipe in a process of its own to its end, and give back its result.json.

    Raises:
        Cancelled: a person asked to stop. Failure: the recipe failed. Zombie: the run is not ours any more.
    """
    folder.write_recipe(values)
    fault = settings.STUDIO_STAGE_FAULT
    outcome = process.run_stage(
        f"{settings.STUDIO_RECIPES}.{name}",
        folder.path,
        on_tick=watch or (lambda: None),
        env={"STAGE_FAULT": fault} if fault else {},
        keep_open=watch.keep_open if watch else (),
        patience_s=settings.STUDIO_LEASE_S * GIVES_UP_AFTER if watch else None,
    )
    if watch:
        watch.pass_metrics_on()
    if outcome.failure:
        if outcome.failure.code == "cancelled":
            raise Cancelled
        raise outcome.failure
    return outcome.result
