"""The engine, with a fake trainer in real processes."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from training.adapters import gpu_lock, storage
from training.models import Run, Stage
from training.services import cancelling, launching, leasing, moving, reaping, staging, supervising
from training.services.watching import Lease, Watch

pytestmark = pytest.mark.django_db


def claimed(run: Run) -> leasing.Claim:
    claim = launching.claim(run.pk, "tests:1")
    assert claim is not None
    return claim


def test_a_run_works_through_its_stages_and_keeps_what_they_made(run, fake_stages):
    fake_stages(pretrain={}, instruct={})
    seen: list[tuple[str, int, int]] = []

    state = supervising.execute(claimed(run), lambda stage, step, of, metrics: seen.append((stage, step, of)))

    assert state == "succeeded"
    run.refresh_from_db()
    assert run.finished_at is not None
    assert run.lease_until is None
    assert {stage.state for stage in run.stages.all()} == {"succeeded"}
    assert ("instruct", 4, 4) in seen
    for artifact in run.artifacts.all():
        assert storage.path_of(artifact.sha256).read_text() == "4 steps\n"
    assert [event.what for event in run.events.all()][-1] == "finished: every stage is done"


def test_a_stage_that_fails_ends_the_run_with_its_code_and_a_sentence(run, fake_stages):
    fake_stages(pretrain={}, instruct={"fail_with": "gpu_oom"})

    state = supervising.execute(claimed(run))

    assert state == "failed"
    run.refresh_from_db()
    assert run.failure_code == "gpu_oom"
    assert "Lower batch_size" in run.failure_message
    states = {stage.name: stage.state for stage in run.stages.all()}
    assert (states["pretrain"], states["instruct"], states["merge"]) == ("succeeded", "failed", "queued")


def test_a_fault_of_the_studio_itself_is_a_bug_with_its_reason(run, fake_stages, monkeypatch):
    fake_stages()
    monkeypatch.setattr("training.services.staging.plan", lambda run, stage: 1 / 0)

    assert supervising.execute(claimed(run)) == "failed"
    run.refresh_from_db()
    assert run.failure_code == "bug"
    assert "division by zero" in run.failure_message


def test_a_cancel_reaches_the_running_stage(run, fake_stages, maintainer):
    fake_stages(pretrain={"steps": 400, "step_s": 0.05})

    def cancel_at_third_step(stage, step, of, metrics):
        if step == 3:
            cancelling.request_cancel(run=run, by=maintainer)

    state = supervising.execute(claimed(run), cancel_at_third_step)

    assert state == "cancelled"
    run.refresh_from_db()
    assert run.stages.get(name="pretrain").state == "cancelled"
    assert run.stages.get(name="instruct").state == "queued"
    with pytest.raises(cancelling.AlreadyFinished):
        cancelling.request_cancel(run=run, by=maintainer)


def test_a_run_that_waits_for_the_gpu_hears_a_cancel_and_keeps_its_lease_no_more_than_needed(
    run, fake_stages, maintainer, monkeypatch
):
    fake_stages()
    renewals: list[leasing.Claim] = []
    monkeypatch.setattr(leasing, "renew", renewals.append)
    claim = claimed(run)
    with gpu_lock.held(gpu_lock.this_gpu()):  # a process that is left of an earlier run
        cancelling.request_cancel(run=run, by=maintainer)
        state = supervising.execute(claim)

    assert state == "cancelled"
    assert len(renewals) == 1, "with its last write, not while it waited"


def test_a_waiting_run_is_cancelled_at_once(run, maintainer):
    cancelled = cancelling.request_cancel(run=run, by=maintainer)

    assert cancelled.state == "cancelled"
    assert launching.claim(run.pk, "late") is None


def test_a_supervisor_that_lost_its_run_writes_nothing_more(run, fake_stages, settings):
    settings.STUDIO_LEASE_S = 3
    fake_stages(pretrain={"steps": 400, "step_s": 0.05})

    def somebody_else_takes_it(stage, step, of, metrics):
        if step == 2:
            Run.objects.filter(pk=run.pk).update(fence=F("fence") + 1, owner="other:2")

    state = supervising.execute(claimed(run), somebody_else_takes_it)

    assert state == "lost"
    run.refresh_from_db()
    assert (run.state, run.owner) == ("running", "other:2")
    assert run.stages.get(name="pretrain").state == "running"


def test_a_finished_stage_is_skipped_when_the_run_comes_back(run, fake_stages):
    fake_stages(pretrain={}, instruct={"fail_with": "process_killed"})
    assert supervising.execute(claimed(run)) == "queued"
    first = Stage.objects.get(run=run, name="pretrain").finished_at
    Run.objects.filter(pk=run.pk).update(not_before=None)

    fake_stages(pretrain={}, instruct={})
    state = supervising.execute(claimed(run))

    assert state == "succeeded"
    assert Stage.objects.get(run=run, name="pretrain").finished_at == first
    assert run.events.filter(what="pretrain started").count() == 1
    assert run.events.filter(what="instruct started").count() == 2


def test_a_finished_stage_with_other_inputs_is_done_again(run, fake_stages):
    fake_stages(pretrain={}, instruct={"fail_with": "process_killed"})
    supervising.execute(claimed(run))
    Run.objects.filter(pk=run.pk).update(not_before=None)

    fake_stages(pretrain={}, instruct={})["pretrain"] = "1" * 64
    supervising.execute(claimed(run))

    assert run.events.filter(what="pretrain started").count() == 2


def test_a_killed_process_is_tried_once_more_and_no_more(run, fake_stages):
    fake_stages(pretrain={"fail_with": "process_killed"})

    assert supervising.execute(claimed(run)) == "queued"
    run.refresh_from_db()
    assert run.not_before > timezone.now() + timedelta(seconds=50)
    Run.objects.filter(pk=run.pk).update(not_before=None)
    assert supervising.execute(claimed(run)) == "failed"
    run.refresh_from_db()
    assert run.failure_code == "process_killed"


def test_an_ended_run_never_changes_again(run):
    Run.objects.filter(pk=run.pk).update(state="succeeded")

    with pytest.raises(ValueError, match='never goes from "succeeded" to "running"'):
        moving.move(run.pk, old="succeeded", new="running", who="me", what="again")
    assert not moving.move(run.pk, old="running", new="failed", who="me", what="late")
    assert reaping.reap() == []


def test_the_reaper_takes_back_a_run_whose_lease_has_passed(run):
    claim = claimed(run)
    assert reaping.reap() == []
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    assert reaping.reap() == [run.pk]

    run.refresh_from_db()
    assert (run.state, run.owner, run.attempt) == ("queued", "", 1)
    assert run.not_before > timezone.now() + timedelta(seconds=50)
    with pytest.raises(leasing.Zombie):
        leasing.renew(claim)


def test_the_reaper_gives_up_after_three_attempts(run):
    delays = []
    for _ in range(3):
        Run.objects.filter(pk=run.pk).update(not_before=None)
        claimed(run)
        Run.objects.filter(pk=run.pk).update(lease_until=None)
        reaping.reap()
        run.refresh_from_db()
        if run.not_before:
            delays.append(round((run.not_before - timezone.now()).total_seconds() / 60))

    assert delays == [1, 5]
    assert (run.state, run.failure_code) == ("failed", "lost")
    assert "Tried 3 times" in run.failure_message


def test_a_lost_run_that_was_to_be_cancelled_is_cancelled(run, maintainer):
    claimed(run)
    cancelling.request_cancel(run=run, by=maintainer)
    Run.objects.filter(pk=run.pk).update(lease_until=None)

    reaping.reap()

    run.refresh_from_db()
    assert run.state == "cancelled"


@pytest.mark.parametrize("lost", [OperationalError("database is locked"), InterfaceError("closed")])
def test_a_database_that_does_not_answer_is_no_bug_of_the_run(run, fake_stages, monkeypatch, lost):
    """Nothing can be written then, so the reaper finds the run; tests/faults locks a real database."""
    fake_stages()

    def no_answer(run: Run, stage: str) -> None:
        raise lost

    monkeypatch.setattr("training.services.staging.plan", no_answer)

    assert supervising.execute(claimed(run)) == "lost"
    run.refresh_from_db()
    assert (run.state, run.failure_code) == ("running", "")


def test_the_lease_is_kept_while_this_process_itself_takes_long(run, settings, monkeypatch):
    settings.STUDIO_LEASE_S = 3
    renewed = threading.Event()
    monkeypatch.setattr(leasing, "renew", lambda claim: renewed.set())
    watch = Watch(Lease(claimed(run)), "evaluate", staging.stage_folder(run.pk, "evaluate"))

    assert watch.beside(lambda: renewed.wait(30)), "a checker that hangs until the lease was renewed"


def test_a_run_is_handed_back_unless_it_was_to_be_cancelled_or_is_somebody_elses(run, maintainer):
    first = claimed(run)
    reaping.hand_back(first)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.not_before) == ("queued", 0, None)

    second = claimed(run)
    reaping.hand_back(first)
    run.refresh_from_db()
    assert (run.state, run.fence) == ("running", second.fence)

    cancelling.request_cancel(run=run, by=maintainer)
    reaping.hand_back(second)
    run.refresh_from_db()
    assert run.state == "cancelled"
