"""The disk is full: the run fails and says so, keeps what it has, and goes on when there is room again."""

from __future__ import annotations

import pytest

from tests.faults.engine import RECIPES, Engine
from training.models import Run
from training.services import launching, leasing, resuming, supervising

pytestmark = [pytest.mark.slow(8), pytest.mark.one_database]


@pytest.fixture
def supervise(engine: Engine, settings, monkeypatch):
    """This process supervises: what breaks is the stage's process."""
    settings.STUDIO_RECIPES = RECIPES
    monkeypatch.setenv("FAULTS_AT", str(engine.var))

    def run_it(run: Run, *, fault: str = "") -> str:
        settings.STUDIO_STAGE_FAULT = fault
        claim = launching.claim(run.pk, leasing.this_process())
        assert claim
        return supervising.execute(claim)

    return run_it


def test_a_run_on_a_full_disk_fails_each_time_and_goes_on_where_it_was(engine: Engine, supervise):
    run = engine.queue(wake_worker=False)
    for stage, point, finished in [
        ("instruct", "checkpoint", ["export", "pretrain"]),
        ("merge", "save", ["export", "pretrain", "instruct"]),
        ("convert", "save", ["export", "pretrain", "instruct", "merge"]),
    ]:
        assert supervise(run, fault=f"{stage}:{point}:enospc") == "failed"
        run.refresh_from_db()
        assert (run.failure_code, run.stages.get(name=stage).failure_code) == ("disk_full", "disk_full")
        assert "Free some space" in run.failure_message
        assert [done.name for done in run.stages.filter(state="succeeded")] == finished
        assert not list(engine.var.rglob("*.part"))
        run = resuming.resume(run=run, by=engine.maintainer, wake_worker=False)

    assert supervise(run) == "succeeded"
    trained = run.events.model.objects.filter(what__in=["pretrain started", "merge started"])
    assert sorted(trained.values_list("what", flat=True)) == ["merge started"] * 2 + ["pretrain started"]
