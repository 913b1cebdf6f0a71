"""The run engine as it runs: a worker and stages in processes of their own, a broker, a database file.

Only the stages' work is pretended (tests/faults/fake_recipes). A test moves the clock in the database instead
of waiting minutes for a lease or a delay, and waits for nothing but conditions.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse

from curation.models import Snapshot
from curation.services import snapshotting
from studio import broker
from studio.management.commands import up
from tests import makers
from training.domain import lifecycle
from training.domain.failure import FAILURES
from training.domain.run_folder import RunFolder
from training.models import Run
from training.services import launching, queueing, reaping, staging

ROOT = Path(__file__).resolve().parents[2]
RECIPES = "tests.faults.fake_recipes"
PATIENCE_S = 60  # until a condition has failed; other tests share the machine
POLL_S = 0.05
BEAT_S = 2.0  # a message may have gone down with a worker or a broker
# The process that works while a stage is under way. Stage `package` has none.
RECIPE_OF = {stage: stage for stage in lifecycle.STAGES} | {"export": "tiny_base", "evaluate": "generate"}

# How a run's event begins, and the state that it tells of; all others tell of no state.
TOLD_BY = {
    "queued ": "queued",
    "claimed": "running",
    "lost: ": "lost",
    "process_killed: ": "lost",
    "finished: ": "succeeded",
    "failed: ": "failed",
    "gave up ": "failed",
    "stopped, ": "cancelled",
    "cancelled": "cancelled",
}


class Broker:
    """A broker of one test, which may be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = broker.embedded(folder, port=broker.free_port("127.0.0.1", 0))
        self.url, self._command = own.url, own.command
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        broker.wait_until_it_answers(self.url)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Lose all that was in the queue."""
        shutil.rmtree(self.folder / "appendonlydir")


@dataclass
class Worker:
    """A Celery worker of the gpu queue: its main process, and below it the one that supervises runs."""

    process: subprocess.Popen[bytes]
    log: Path

    def supervisor(self) -> int:
        """The pool's process, which claims runs."""
        return min(children(self.process.pid))

    def kill(self) -> None:
        """All of it at once, as when the machine runs out of memory."""
        self.process.kill()
        self.process.wait()

    def signal_both(self, number: signal.Signals) -> None:
        """To the worker, but not to the stage's process below it."""
        for pid in (self.supervisor(), self.process.pid):
            os.kill(pid, number)

    def text(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Engine:
    """Starts and breaks things, and says afterwards whether what must hold still holds."""

    var: Path
    broker_url: str
    snapshot: Snapshot
    maintainer: User
    workers: list[Worker] = field(default_factory=list)
    _beat_at: float = field(default_factory=time.monotonic)

    def queue(self, *, steps: int = 5, stage: str = "pretrain", wake_worker: bool = True) -> Run:
        """A run whose stages take a few steps each, and this one `steps` of 20 ms."""
        short: dict[str, dict[str, Any]] = {name: {"max_steps": 5} for name in lifecycle.TRAINING_STAGES}
        short[stage] = {"max_steps": steps}
        return launching.launch(
            snapshot=self.snapshot,
            recipe_name="rehearsal",
            author=self.maintainer,
            overrides={**short, "generate": {"samples": 1}},
            wake_worker=wake_worker,
        )

    def start_worker(
        self, *, lease_s: int = 30, gpu: str = "0", settings: dict[str, Any] | None = None
    ) -> Worker:
        """A worker as `manage.py up` starts it.

        Args:
            settings: Values of Django's settings to replace (tests/faults/worker_settings.py).
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("STUDIO_", "PYTEST_", "DJANGO_"))}
        environment = kept | {
            "STUDIO_VAR": str(self.var),
            "STUDIO_NO_BOOTSTRAP": "1",
            "STUDIO_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
            "STUDIO_REDIS_URL": self.broker_url,
            "STUDIO_LEASE_S": str(lease_s),
            "STUDIO_DEBUG": "1",
            "STUDIO_RECIPES": RECIPES,
            "CUDA_VISIBLE_DEVICES": gpu,
            "FAULTS_AT": str(self.var),
            "DJANGO_SETTINGS_MODULE": "studio.settings",
        }
        if settings:
            environment["DJANGO_SETTINGS_MODULE"] = "tests.faults.worker_settings"
            environment["FAULTS_SETTINGS"] = json.dumps(settings)
        started = up.worker(environment, "gpu")
        log = self.var / f"worker-{len(self.workers) + 1}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*started.command, "--loglevel", "INFO"],
                env=started.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    # What a stage is to wait for (fake_recipes/pretending.py)

    def hold(self, stage: str) -> None:
        (self.var / f"hold-{RECIPE_OF[stage]}").touch()

    def let_go(self, stage: str) -> None:
        (self.var / f"hold-{RECIPE_OF[stage]}").unlink()

    def hold_packaging(self, run: Run) -> None:
        """The file that `package` reads becomes a pipe that nobody writes to. Call it after the export."""
        read = staging.export_folder(run) / "train.jsonl"
        read.rename(read.with_suffix(".kept"))
        os.mkfifo(read)

    def let_packaging_go(self, run: Run) -> None:
        read = staging.export_folder(run) / "train.jsonl"
        read.with_suffix(".kept").replace(read)

    def folder(self, run: Run, stage: str) -> RunFolder:
        return staging.stage_folder(run.pk, "export/base" if stage == "export" else stage)

    def stage_process(self, run: Run, stage: str) -> int | None:
        """The process that works on this stage now, in whatever namespace."""
        program = f"{sys.executable} -m {RECIPES}.{RECIPE_OF[stage]} {self.folder(run, stage).recipe_file}"
        return next((pid for pid, command in self.processes().items() if command == program), None)

    def wait_until_held(self, run: Run, stage: str) -> int:
        """Until the process of this stage stands still after its third step. Returns its number."""

        def stands() -> bool:
            points = self.folder(run, stage).metrics()[0]
            return bool(points) and points[-1]["step"] == 3 and self.stage_process(run, stage) is not None

        self.wait_until(stands, f"{stage} at its third step")
        pid = self.stage_process(run, stage)
        assert pid is not None
        return pid

    # The clock, and what beat does

    def pass_lease(self, run: Run) -> None:
        """Time goes by until nobody has renewed the run's lease, and the reaper comes."""
        Run.objects.filter(pk=run.pk, state="running").update(lease_until=Now() - timedelta(seconds=1))
        assert reaping.reap() == [run.pk]

    def pass_delay(self, run: Run) -> None:
        """Time goes by until this waiting run may start, and the dispatcher comes."""
        assert Run.objects.filter(pk=run.pk, state="queued").update(not_before=None)
        self.beat()

    def beat(self) -> None:
        """Time goes by until the dispatcher publishes again what it has published before."""
        Run.objects.filter(queueing.ready()).update(published_at=None)
        launching.publish_waiting()
        self._beat_at = time.monotonic()

    # Looking

    def wait_until(
        self, condition: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S
    ) -> None:
        until = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > until:
                pytest.fail(f"{what}: not within {patience_s:g} s.\n{self.story()}")
            if time.monotonic() > self._beat_at + BEAT_S and Run.objects.filter(queueing.ready()):
                self.beat()
            time.sleep(POLL_S)

    def wait_for(self, run: Run, state: str, *, patience_s: float = PATIENCE_S) -> None:
        def there() -> bool:
            run.refresh_from_db()
            if run.state in lifecycle.TERMINAL and run.state != state:
                pytest.fail(f"{run} is {run.state}, not {state}.\n{self.story()}")
            return run.state == state

        self.wait_until(there, f"{run} {state}", patience_s=patience_s)

    def story(self) -> str:
        """All that is known, for a test that failed."""
        told = [f"{event}" for run in Run.objects.order_by("pk") for event in run.events.all()]
        logs = [f"--- {worker.log.name}\n{worker.text()}" for worker in self.workers]
        return "\n".join([*told, *(f"{pid}: {said}" for pid, said in self.processes().items()), *logs])

    def processes(self) -> dict[int, str]:
        """Every living process that was started for this test: pid -> command line."""
        mark = f"FAULTS_AT={self.var}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            with suppress(OSError):  # it ended, or belongs to another account
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
                    found[int(folder.name)] = command.decode()
        return found

    # Afterwards

    def stop(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.wait_until(lambda: not self.processes(), "the end of every process that was started")

    def check_what_must_hold(self) -> None:
        """The invariants of the run engine (docs/run-engine.md)."""
        violations = self.var / "violations"
        assert not violations.exists(), f"{violations.read_text()}\n{self.story()}"
        assert snapshotting.recomputed_digest(self.snapshot) == self.snapshot.digest
        call_command("fsck", stdout=io.StringIO())  # raises when anything is wrong
        client = makers.signed_in(self.maintainer)
        pages = [reverse("run_list"), reverse("model_list"), reverse("evaluation_list"), reverse("dashboard")]
        for run in Run.objects.all():
            check_history(run)
            pages.append(reverse("run_page", args=[run.pk]))
            pages += [reverse("run_log", args=[run.pk, stage]) for stage in lifecycle.TRAINING_STAGES]
        assert {page: client.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)


def check_history(run: Run) -> None:
    """The run ended exactly once, by legal steps, and says why when it did not succeed."""
    said = list(run.events.values_list("what", flat=True))
    states = [state for what in said for word, state in TOLD_BY.items() if what.startswith(word)]
    assert states[0] == "queued", said
    assert all(lifecycle.may_become(old, new) for old, new in pairwise(states)), said
    assert [state for state in states if state in lifecycle.TERMINAL] == [run.state] == states[-1:], said
    assert any(said[-1].startswith(word) for word, state in TOLD_BY.items() if state == run.state), said
    assert states.count("running") == run.fence, said
    assert run.lease_until is None
    assert run.finished_at is not None
    stages = list(run.stages.all())
    if run.state == "succeeded":
        assert {stage.state for stage in stages} <= {"succeeded"}
        assert run.failure_code == ""
        for stage in stages:
            assert said.count(f"{stage.name} finished") == 1 or run.goes_on_from, said
    elif run.state == "failed":
        assert run.failure_code in FAILURES
        assert run.failure_message
    assert "running" not in {stage.state for stage in stages}


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
