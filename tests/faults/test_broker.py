"""The broker is killed, or forgets, or delivers twice: a run starts once and finishes once."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.engine import Broker, Engine
from training.models import Run

pytestmark = [
    pytest.mark.slow(20),
    pytest.mark.one_database,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    yield broker
    broker.kill()


@pytest.fixture
def broker_url(own_broker: Broker) -> str:
    """In place of the one that all tests of a process share."""
    return own_broker.url


@pytest.mark.parametrize("empty", [False, True], ids=["with its data", "empty"])
def test_runs_survive_a_broker_that_is_killed_and_comes_back(engine: Engine, own_broker: Broker, empty: bool):
    worker = engine.start_worker()
    engine.hold("pretrain")
    under_way = engine.queue()
    stage = engine.wait_until_held(under_way, "pretrain")
    heard = engine.queue()

    own_broker.kill()
    unheard = engine.queue()
    assert published(heard)
    assert not published(unheard), "nobody was there to tell"
    if empty:
        own_broker.forget()
    own_broker.start()

    assert engine.stage_process(under_way, "pretrain") == stage, "it trains on without a broker"
    engine.let_go("pretrain")
    for run in (under_way, heard, unheard):
        engine.wait_for(run, "succeeded")
    assert {run.attempt for run in (under_way, heard, unheard)} == {1}
    assert worker.process.poll() is None


def published(run: Run) -> bool:
    run.refresh_from_db()
    return run.published_at is not None


def test_a_message_that_is_delivered_again_does_not_start_its_run_again(engine: Engine):
    """The worst that somebody could set: late acknowledgement, and a time-out shorter than the run.

    The run lasts until its message has come again, to a second worker with a GPU of its own.
    """
    for gpu in ("0", "1"):
        engine.start_worker(gpu=gpu, settings=redelivering(visibility_s=1))
    engine.hold("pretrain")
    run = engine.queue()

    engine.wait_until_held(run, "pretrain")
    engine.wait_until(lambda: most_deliveries(engine) > 1, "a second delivery")
    engine.let_go("pretrain")
    engine.wait_for(run, "succeeded")

    assert (run.attempt, run.events.filter(what="claimed").count()) == (1, 1)


@pytest.mark.skipif("FAULTS_LONG" not in os.environ, reason="takes a minute: FAULTS_LONG=1 asks for it")
def test_a_job_of_a_minute_with_a_visibility_time_out_of_five_seconds_starts_once(engine: Engine):
    for gpu in ("0", "1"):
        engine.start_worker(gpu=gpu, settings=redelivering(visibility_s=5))
    began = time.monotonic()
    run = engine.queue(steps=3000)  # of 20 ms

    engine.wait_for(run, "succeeded", patience_s=180)

    assert time.monotonic() - began > 60
    assert most_deliveries(engine) > 1
    assert (run.attempt, run.events.filter(what="claimed").count()) == (1, 1)


def redelivering(*, visibility_s: int) -> dict[str, object]:
    transport = "CELERY_BROKER_TRANSPORT_OPTIONS"
    return {
        "CELERY_TASK_ACKS_LATE": True,
        f"{transport}.visibility_timeout": visibility_s,
        f"{transport}.unacked_restore_interval": 0.5,
        f"{transport}.unacked_restore_throttle": 1,
    }


def most_deliveries(engine: Engine) -> int:
    """How often one and the same message was delivered, to whichever worker."""
    said = "".join(worker.text() for worker in engine.workers)
    return max(Counter(re.findall(r"run_training\[(\S+)\] received", said)).values(), default=0)


def test_two_workers_of_one_gpu_train_two_runs_one_after_the_other(engine: Engine):
    for _ in range(2):
        engine.start_worker(gpu="0")
    engine.hold("pretrain")
    engine.hold("instruct")
    first, second = engine.queue(), engine.queue()

    engine.wait_until(lambda: Run.objects.filter(state="running").exists(), "one of them claimed")
    taken = Run.objects.get(state="running")
    engine.wait_until_held(taken, "pretrain")
    engine.wait_until(lambda: all("ready." in worker.text() for worker in engine.workers), "both workers")
    woken = "] succeeded in"  # Celery's words for a task that has come back
    engine.wait_until(lambda: any(woken in worker.text() for worker in engine.workers), "the other one's no")
    assert Run.objects.filter(state="running").count() == 1

    engine.let_go("pretrain")
    engine.wait_until_held(taken, "instruct")
    assert Run.objects.filter(state="running").count() == 1
    engine.let_go("instruct")
    for run in (first, second):
        engine.wait_for(run, "succeeded")
    earlier, later = Run.objects.order_by("started_at")
    assert earlier.finished_at
    assert later.started_at
    assert earlier.finished_at <= later.started_at
