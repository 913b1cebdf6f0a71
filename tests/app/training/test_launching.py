"""Queueing, publishing and claiming runs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from redis import Redis

from curation.models import CorpusFile, SnapshotCorpusFile
from tests import makers
from training.domain.lifecycle import STAGES
from training.models import Run, RunEvent, Stage
from training.services import launching, moving, preflighting

pytestmark = pytest.mark.django_db


def test_a_run_is_queued_with_its_stages_and_everything_frozen(run, maintainer):
    assert run.state == "queued"
    assert [stage.name for stage in run.stages.all()] == list(STAGES)
    assert run.recipe["base"]["model"] == "tiny"
    assert run.code_version.startswith("recipes-")
    assert [event.who for event in run.events.all()] == [maintainer.username]


def test_the_same_key_gives_the_first_run_again(snapshot, maintainer):
    first = launching.launch(
        snapshot=snapshot, recipe_name="rehearsal", author=maintainer, idempotency_key="k"
    )

    second = launching.launch(
        snapshot=snapshot, recipe_name="rehearsal", author=maintainer, idempotency_key="k"
    )

    assert second == first
    assert Run.objects.count() == 1
    assert Stage.objects.count() == len(STAGES)


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_clicks_give_one_run(snapshot, maintainer):
    def click(_: int) -> int:
        try:
            return launching.launch(
                snapshot=snapshot,
                recipe_name="rehearsal",
                author=maintainer,
                idempotency_key="clicked",
                wake_worker=False,
            ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        runs = set(threads.map(click, range(50)))

    assert len(runs) == 1
    assert Run.objects.count() == 1


def test_an_unknown_recipe_is_refused_and_nothing_is_written(snapshot, maintainer):
    with pytest.raises(launching.PreflightRefused, match="rehearsal, qwen7b, qwen14b"):
        launching.launch(snapshot=snapshot, recipe_name="qwen99", author=maintainer)

    assert not Run.objects.exists()
    assert not RunEvent.objects.exists()


def test_a_value_out_of_range_is_refused_by_name(snapshot, maintainer):
    with pytest.raises(launching.PreflightRefused, match=r"instruct\.epochs=9999"):
        launching.launch(
            snapshot=snapshot,
            recipe_name="rehearsal",
            author=maintainer,
            overrides={"instruct": {"epochs": 9999.0}},
        )


def test_a_missing_base_model_is_refused_with_the_place_to_put_it(snapshot, maintainer, settings):
    with pytest.raises(launching.PreflightRefused) as refused:
        launching.launch(snapshot=snapshot, recipe_name="qwen7b", author=maintainer)

    assert "Qwen2.5-Coder-7B is not on this machine" in str(refused.value)
    assert str(settings.STUDIO_BASE_MODELS) in str(refused.value)


def test_a_machine_without_torch_is_told_what_to_install(snapshot, maintainer, monkeypatch):
    monkeypatch.setitem(preflighting.PACKAGES, "a_module_that_nobody_has", "torch")

    with pytest.raises(launching.PreflightRefused, match="torch"):
        launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer)

    assert not Run.objects.exists()


def test_a_dataset_version_without_raw_programs_or_tasks_is_refused(db, maintainer):
    check = preflighting.check(snapshot=makers.snapshot(examples=3), recipe_name="rehearsal")

    assert any("no raw BBj programs" in sentence for sentence in check.blocking)
    assert any("no test tasks" in sentence for sentence in check.blocking)
    assert not SnapshotCorpusFile.objects.exists()
    assert not CorpusFile.objects.exists()


def test_a_package_that_is_missing_is_named(snapshot, monkeypatch):
    monkeypatch.setitem(preflighting.PACKAGES, "no_such_module", "nosuch")

    check = preflighting.check(snapshot=snapshot, recipe_name="rehearsal")

    assert check.blocking == [
        "Not installed here: nosuch. Run `python3 manage.py up` once, it installs them."
    ]


def test_a_full_disk_blocks_with_the_sum(snapshot, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(preflighting.shutil, "disk_usage", lambda path: usage)

    check = preflighting.check(snapshot=snapshot, recipe_name="rehearsal")

    assert any("0.3 GB of disk, and 0.0 GB are free" in sentence for sentence in check.blocking)


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_neither_stops_nor_delays_a_launch(snapshot, maintainer):
    began = time.monotonic()

    run = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer)

    assert time.monotonic() - began < 5
    run.refresh_from_db()
    assert (run.state, run.published_at) == ("queued", None)
    assert "does not answer" in (launching.broker_problem() or "")


@pytest.mark.django_db(transaction=True)
def test_a_launch_wakes_the_gpu_worker(snapshot, maintainer, broker):
    run = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer)

    run.refresh_from_db()
    assert run.published_at is not None
    assert launching.broker_problem() is None
    with Redis.from_url(broker) as client:
        assert client.llen("gpu") == 1
        assert client.llen("cpu") == 0


def test_the_dispatcher_publishes_what_nobody_claimed(run, broker):
    assert launching.publish_waiting() == [run.pk]
    assert launching.publish_waiting() == []

    Run.objects.filter(pk=run.pk).update(published_at=timezone.now() - timedelta(minutes=5))
    assert launching.publish_waiting() == [run.pk]


def test_a_run_that_is_to_start_later_is_neither_published_nor_claimed(run, broker):
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now() + timedelta(minutes=1))

    assert launching.publish_waiting() == []
    assert launching.claim(run.pk, "me") is None


def test_a_claimed_run_cannot_be_claimed_again(run):
    claim = launching.claim(run.pk, "first")

    assert claim is not None
    assert (claim.fence, claim.attempt) == (1, 1)
    assert launching.claim(run.pk, "second") is None
    run.refresh_from_db()
    assert (run.state, run.owner) == ("running", "first")
    assert run.lease_until > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_exactly_one_wins(run):
    def claim(number: int) -> bool:
        try:
            return launching.claim(run.pk, f"worker {number}") is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        won = sum(threads.map(claim, range(64)))

    assert won == 1
    run.refresh_from_db()
    assert (run.fence, run.attempt) == (1, 1)
    assert run.events.filter(what="claimed").count() == 1


def test_a_gpu_is_held_by_one_running_run_and_free_again_when_it_ends(run, snapshot, maintainer, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    other = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer, wake_worker=False)
    assert launching.claim(run.pk, "first") is not None

    assert launching.claim(other.pk, "second") is None

    other.refresh_from_db()
    assert (other.state, other.attempt, other.events.count()) == ("queued", 0, 1), "nothing was written"
    moving.move(run.pk, old="running", new="cancelled", who="first", what="stopped")
    assert launching.claim(other.pk, "second") is not None


def test_another_gpu_of_the_machine_takes_the_next_run(run, snapshot, maintainer, monkeypatch):
    other = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer, wake_worker=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert launching.claim(run.pk, "first") is not None

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert launching.claim(other.pk, "second") is not None


@pytest.mark.django_db(transaction=True)
def test_of_many_runs_that_are_claimed_at_once_for_one_gpu_exactly_one_gets_it(several):
    runs = several(8)

    def claim(run: Run) -> bool:
        try:
            return launching.claim(run.pk, f"worker {run.pk}") is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        won = sum(threads.map(claim, runs))

    assert won == 1
    assert Run.objects.filter(state="running").count() == 1
