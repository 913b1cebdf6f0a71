"""What a supervisor does while a stage's process works: keep the lease, hear a cancel, pass metrics on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from training.adapters import nvidia
from training.domain import lifecycle
from training.domain.run_folder import RunFolder
from training.models import Run
from training.services import leasing
from training.services.leasing import Claim, Zombie

# stage name, step, of how many steps, the newest metrics
Progress = Callable[[str, int, int, dict[str, Any]], None]
Order = Literal["cancel"] | None

CANCEL_EVERY_S = 1.0
GPU_EVERY_S = 5.0
log = logging.getLogger(__name__)


class Cancelled(Exception):
    """A person asked to stop the run."""


class Watch:
    """Called every half second while a stage works. Answers "cancel" once a person asked for it, else None.

    Raises Zombie when the run is no longer ours, which also kills the stage's process.
    """

    def __init__(
        self,
        claim: Claim,
        stage: str,
        folder: RunFolder,
        progress: Progress | None = None,
        *,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        self.claim = claim
        self.stage = stage
        self.folder = folder
        self.progress = progress
        self.keep_open = keep_open  # what a stage's process inherits: the lock of the GPU
        self.cancelled = False
        self.keeps = False
        self._metrics_at = folder.metrics_file.stat().st_size if folder.metrics_file.exists() else 0
        self._renewed_at = self._asked_at = time.monotonic()
        self._gpu_at = float("-inf")

    def __call__(self) -> Order:
        now = time.monotonic()
        lease_s = settings.STUDIO_LEASE_S
        if now - self._asked_at >= min(CANCEL_EVERY_S, lease_s / 3):
            self._asked_at = now
            try:
                self._ask(renew=now - self._renewed_at >= lease_s / 3)
            except DatabaseError as error:
                log.warning("run %s: the lease could not be renewed (%s)", self.claim.run_id, error)
                connection.close_if_unusable_or_obsolete()
                # Another worker may be given the run soon: stop well before that.
                if now - self._renewed_at >= lease_s * 2 / 3:
                    raise Zombie(
                        f"run {self.claim.run_id}: the lease could not be renewed in time"
                    ) from error
        self.pass_metrics_on()
        self._note_gpu_loads(now)
        return "cancel" if self.cancelled else None

    def _ask(self, *, renew: bool) -> None:
        if renew:
            leasing.renew(self.claim)
            self._renewed_at = time.monotonic()
        asked = Run.objects.values("cancel_requested_at", "keep_requested_at").get(pk=self.claim.run_id)
        self.cancelled = self.cancelled or asked["cancel_requested_at"] is not None
        if asked["keep_requested_at"] and not self.keeps and self.stage in lifecycle.TRAINING_STAGES:
            self.keeps = True
            self.folder.keep_file.touch()

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
