"""The kernel kills a worker, or the process of a stage: the run goes on where it was, and finishes once."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.faults.engine import Engine
from training.domain.lifecycle import STAGES
from training.models import Run

pytestmark = [
    pytest.mark.slow(20),
    pytest.mark.one_database,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


def test_a_run_that_loses_its_worker_in_every_stage_finishes_once(engine: Engine):
    worker = engine.start_worker()
    for stage in set(STAGES) - {"package"}:
        engine.hold(stage)
    run = engine.queue()

    for stage in STAGES:
        wait_until_under_way(stage, run, engine)
        if stage == "merge":
            engine.hold_packaging(run)
        worker.kill()
        engine.wait_until(lambda: not engine.processes(), f"the end of {stage}'s process with its worker")
        engine.pass_lease(run)
        run.refresh_from_db()
        assert (run.state, run.owner) == ("queued", "")
        Run.objects.filter(pk=run.pk).update(attempt=0)  # else the third time would be the last
        if stage == "package":
            engine.let_packaging_go(run)
        else:
            engine.let_go(stage)
        worker = engine.start_worker()
        engine.pass_delay(run)
    engine.wait_for(run, "succeeded")

    started = [run.events.filter(what=f"{stage} started").count() for stage in STAGES]
    assert started == [2] * len(STAGES), "a finished stage was not done again"
    for stage in ("pretrain", "instruct"):
        assert run.stages.get(name=stage).result["resumed_from"] == "checkpoint-2"


def wait_until_under_way(stage: str, run: Run, engine: Engine) -> None:
    if stage == "package":  # works in the supervisor itself
        engine.wait_until(lambda: run.stages.get(name=stage).state == "running", "package under way")
    else:
        engine.wait_until_held(run, stage)


def test_a_worker_that_is_stopped_in_order_hands_its_run_back_at_once(engine: Engine):
    """As `up` does when it ends. A studio may be started anew any number of times during a long training."""
    worker = engine.start_worker()
    engine.hold("pretrain")
    run = engine.queue()
    engine.wait_until_held(run, "pretrain")

    worker.process.terminate()
    worker.process.wait()
    run.refresh_from_db()
    assert (run.state, run.owner, run.not_before, run.attempt) == ("queued", "", None, 0)
    engine.let_go("pretrain")
    engine.start_worker()
    engine.wait_for(run, "succeeded")

    assert run.attempt == 1
    assert run.stages.get(name="pretrain").result["resumed_from"] == "checkpoint-3", "saved when it was asked"


def test_a_stage_whose_process_is_killed_goes_on_from_its_checkpoint(engine: Engine):
    engine.start_worker()
    engine.hold("pretrain")
    run = engine.queue()

    os.kill(engine.wait_until_held(run, "pretrain"), signal.SIGKILL)
    engine.wait_for(run, "queued")
    engine.let_go("pretrain")
    engine.pass_delay(run)
    engine.wait_for(run, "succeeded")

    assert run.attempt == 2
    assert run.stages.get(name="pretrain").result["resumed_from"] == "checkpoint-2"
    assert run.events.filter(what__startswith="process_killed: ").count() == 1
