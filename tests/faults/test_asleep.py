"""A worker that sleeps past its lease, a database that does not answer: only one writes for a run."""

from __future__ import annotations

import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from django.db import connection

from tests.faults.engine import Engine
from training.models import Artifact, Run

pytestmark = [
    pytest.mark.slow(20),
    pytest.mark.one_database,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
LEASE_S = 6


def test_a_worker_that_slept_past_its_lease_writes_nothing_when_it_wakes(engine: Engine):
    asleep = engine.start_worker(lease_s=LEASE_S, gpu="0")
    engine.hold("pretrain")
    engine.hold("merge")
    run = engine.queue()
    engine.wait_until_held(run, "pretrain")
    run.refresh_from_db()
    first_owner = run.owner

    asleep.signal_both(signal.SIGSTOP)
    engine.wait_until(lambda: not engine.stage_process(run, "pretrain"), "the end of the unwatched stage")
    run.refresh_from_db()
    assert run.state == "running", "its stage ended before its lease"
    engine.pass_lease(run)
    engine.let_go("pretrain")
    engine.start_worker(lease_s=LEASE_S, gpu="1")
    engine.pass_delay(run)
    engine.wait_until_held(run, "merge")
    before = (
        list(run.events.values_list("pk", flat=True)),
        list(Artifact.objects.values_list("pk", flat=True)),
    )

    asleep.signal_both(signal.SIGCONT)
    engine.wait_until(lambda: "stopped without writing" in asleep.text(), "the zombie's end")
    assert before == (
        list(run.events.values_list("pk", flat=True)),
        list(Artifact.objects.values_list("pk", flat=True)),
    )
    engine.let_go("merge")
    engine.wait_for(run, "succeeded")

    lost = run.events.get(what__startswith="lost: ")
    assert first_owner not in set(run.events.filter(pk__gt=lost.pk).values_list("who", flat=True))
    assert run.stages.get(name="pretrain").result["resumed_from"] == "checkpoint-2"


@contextmanager
def database_locked() -> Iterator[None]:
    """Another process writes, and takes its time. Reading goes on, as SQLite's journal allows."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_database_that_is_locked_is_borne_for_a_while_and_then_the_stage_is_ended(engine: Engine):
    worker = engine.start_worker(lease_s=LEASE_S, settings={"DATABASES.default.OPTIONS.timeout": 0.3})
    for stage in ("pretrain", "instruct"):
        engine.hold(stage)
    run = engine.queue()
    process = engine.wait_until_held(run, "pretrain")

    with database_locked():
        engine.wait_until(lambda: "could not be renewed" in worker.text(), "a lease that is not renewed")
    lease = Run.objects.values_list("lease_until", flat=True).get(pk=run.pk)
    engine.wait_until(lambda: Run.objects.filter(pk=run.pk, lease_until__gt=lease), "a lease that is")
    assert engine.stage_process(run, "pretrain") == process, "a short lock is borne"

    with database_locked():
        engine.wait_until(lambda: not engine.stage_process(run, "pretrain"), "the end of the stage")
        engine.wait_until(lambda: "stopped without writing" in worker.text(), "the end of the supervisor")
    engine.pass_lease(run)
    engine.let_go("pretrain")
    engine.pass_delay(run)
    engine.wait_until_held(run, "instruct")

    with database_locked():  # just when a stage has finished, and that is to be written
        engine.let_go("instruct")
        engine.wait_until(lambda: "left to the reaper" in worker.text(), "a write that is not taken")
    engine.pass_lease(run)
    engine.pass_delay(run)
    engine.wait_for(run, "succeeded")

    assert run.attempt == 3
