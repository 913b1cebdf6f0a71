"""Measuring how long a training takes, with a fake trainer in real processes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from training.adapters import gpu_lock
from training.domain.failure import Failure
from training.models import Probe, Run
from training.services import launching, leasing, probing, staging

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TIMES = {"steps_of": 62, "step_s": [3.0, 3.1, 3.4], "start_s": 20.0, "evaluation_s": 12.0}


@pytest.fixture
def fake_trainer(monkeypatch):
    """The dataset and the processes are real, only the trainer is not; gives what each process was asked."""
    asked: dict[str, dict[str, Any]] = {}
    run_recipe = staging.run_recipe
    fake: dict[str, Any] = {"steps": 3, "step_s": 0.02}

    def run(stage: str, folder: Any, values: dict[str, Any], watch: Any) -> dict[str, Any]:
        asked[stage] = values
        return {**run_recipe("fake", folder, {"stage": stage, **fake}, watch), **TIMES}

    monkeypatch.setattr(staging, "base_of", lambda *_: Path("/base"))
    monkeypatch.setattr(staging, "run_recipe", run)
    monkeypatch.setattr(probing.waking, "wake", lambda *_: True)
    return fake, asked


@pytest.fixture
def probe(snapshot, maintainer, fake_trainer) -> Probe:
    return probing.request(snapshot=snapshot, recipe_name="rehearsal", by=maintainer)


def again(probe: Probe, **overrides: Any) -> Probe:
    return probing.request(
        snapshot=probe.snapshot, recipe_name="rehearsal", by=probe.requested_by, overrides=overrides
    )


def test_a_probe_times_both_stages_with_the_recipes_values_and_leaves_nothing(probe, fake_trainer, var):
    assert probing.carry_out(probe.pk)

    probe.refresh_from_db()
    assert (probe.state, probe.machine, probe.stage) == ("done", gpu_lock.this_gpu(), "")
    assert probe.result["instruct"]["steps_of"] == 62
    values = fake_trainer[1]["instruct"]
    assert values["probe_steps"] == probing.STEPS
    assert values["max_length"] == probe.recipe["instruct"]["max_length"]
    assert Path(values["adapter"]).parts[-2:] == ("pretrain", "adapter")
    assert list((var / "probes").iterdir()) == []
    assert not Run.objects.exists()


def test_what_was_measured_is_found_again_and_other_values_are_another_probe(probe, snapshot):
    probing.carry_out(probe.pk)

    assert again(probe, instruct={"batch_size": 2}).pk != probe.pk
    recipe = {**probe.recipe, "instruct": {**probe.recipe["instruct"], "learning_rate": 0.5, "eval_steps": 7}}
    found = probing.of(snapshot, recipe)
    assert found is not None
    assert (found.pk, found.state) == (probe.pk, "done")


def test_asking_twice_is_asking_once_until_it_has_ended(probe):
    assert again(probe) == probe
    assert Probe.objects.count() == 1
    probing.carry_out(probe.pk)

    assert (again(probe).pk, again(probe).state) == (probe.pk, "queued")


def test_what_would_stop_a_run_stops_a_probe(snapshot, maintainer):
    with pytest.raises(probing.NotMeasured, match=r"Qwen2\.5-Coder-7B is not on this machine"):
        probing.request(snapshot=snapshot, recipe_name="qwen7b", by=maintainer)


def test_no_run_is_taken_while_a_probe_has_the_gpu(probe, run, monkeypatch):
    measure = probing._measure
    taken = []

    def look(*arguments: Any) -> dict[str, Any]:
        taken.append(launching.claim(run.pk, "tests:1"))
        return measure(*arguments)

    monkeypatch.setattr(probing, "_measure", look)

    assert probing.carry_out(probe.pk)

    assert taken == [None]
    assert launching.claim(run.pk, "tests:1")


def test_a_probe_waits_for_the_run_that_has_the_gpu_and_can_be_stopped_meanwhile(probe, run, monkeypatch):
    monkeypatch.setattr("training.services.visiting.POLL_S", 0.01)
    assert launching.claim(run.pk, "tests:1")
    renew, waited = probing._renew, []

    def until_the_run_has_ended(current: Probe, **values: Any) -> None:
        waited.append(values)
        Run.objects.filter(pk=run.pk).update(state="succeeded")
        renew(current, **values)

    monkeypatch.setattr(probing, "_renew", until_the_run_has_ended)
    assert probing.carry_out(probe.pk)
    assert waited[0] == {}

    Run.objects.filter(pk=run.pk).update(state="running", lease_until=leasing.lease_end())
    again(probe)
    monkeypatch.setattr(
        probing, "_renew", lambda current: probing.cancel(current, by=probe.requested_by) and renew(current)
    )
    assert not probing.carry_out(probe.pk)
    assert Probe.objects.get().state == "cancelled"


def test_a_probe_whose_worker_is_gone_is_measured_by_the_next_one_which_clears_up(probe, var):
    left = var / "probes" / str(probe.pk) / "pretrain"
    left.mkdir(parents=True)
    (left / "result.json").write_text("{}")
    (var / "probes" / "99").mkdir()
    Probe.objects.update(
        state="running", fence=1, attempt=1, lease_until=timezone.now() - timedelta(seconds=1)
    )

    assert probing.carry_out(probe.pk)

    probe.refresh_from_db()
    assert (probe.state, probe.fence, probe.attempt) == ("done", 2, 2)
    assert list((var / "probes").iterdir()) == []


def test_after_three_lost_workers_it_is_given_up(probe):
    Probe.objects.update(state="running", attempt=3, lease_until=timezone.now() - timedelta(seconds=1))

    assert not probing.carry_out(probe.pk)

    probe.refresh_from_db()
    assert (probe.state, probe.failure_message[:29]) == ("failed", "Its worker was lost 3 times. ")


@pytest.mark.parametrize(
    ("change", "state"),
    [({"state": "cancelled"}, "cancelled"), ({"fence": F("fence") + 1}, "running")],
    ids=["stopped by a person", "taken by another worker"],
)
def test_who_lost_it_ends_its_process_within_seconds_and_writes_nothing(
    change, state, probe, fake_trainer, monkeypatch, settings, var
):
    settings.STUDIO_LEASE_S = 3
    monkeypatch.setattr(probing, "ASK_EVERY_S", 0.1)
    fake_trainer[0].update(steps=400, step_s=0.05)
    renew = probing._renew

    def renew_until_it_trains(current: Probe, **values: Any) -> None:
        if values.get("done"):
            Probe.objects.filter(pk=current.pk).update(**change)
        renew(current, **values)

    monkeypatch.setattr(probing, "_renew", renew_until_it_trains)
    began = timezone.now()

    assert not probing.carry_out(probe.pk)

    assert timezone.now() - began < timedelta(seconds=12)
    probe.refresh_from_db()
    assert (probe.state, probe.result) == (state, {})
    assert list((var / "probes").iterdir()) == []


def test_a_stage_that_fails_is_told_in_its_own_words(probe, monkeypatch):
    def out_of_memory(*_: Any) -> None:
        raise Failure("gpu_oom")

    monkeypatch.setattr(staging, "run_recipe", out_of_memory)

    assert not probing.carry_out(probe.pk)

    probe.refresh_from_db()
    assert probe.state == "failed"
    assert "Lower batch_size" in probe.failure_message
