"""What is no run and needs the GPU: an evaluation from a shell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from training.adapters import gpu_lock
from training.models import GpuSlot, Run, WorkerSeen
from training.services import launching, leasing, moving, queueing, visiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(visiting, "POLL_S", 0.01)


def test_while_a_guest_has_the_gpu_no_run_is_taken_and_the_queue_says_why(run, as_author):
    WorkerSeen.objects.create(queue="gpu", at=timezone.now())
    Run.objects.update(created_at=timezone.now() - timedelta(hours=1))
    with visiting.this_gpu("evaluation of run 3"):
        assert launching.claim_next("worker") is None
        assert launching.claim(run.pk, "me") is None
        page = as_author.get(reverse("queue_page")).content.decode()
        assert queueing.look().problems == []

    assert "evaluation of run 3 (" in page
    assert launching.claim_next("worker") is not None


def test_a_guest_waits_for_the_run_that_trains_and_comes_before_those_that_wait(run, snapshot, maintainer):
    later = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer, wake_worker=False)
    launching.claim(run.pk, "worker")
    said = []

    def meanwhile(sentence: str) -> None:
        said.append(sentence)
        moving.move(run.pk, old="running", new="failed", who="worker", what="failed")
        assert launching.claim(later.pk, "worker") is None, "the GPU is the guest's now"

    with visiting.this_gpu("evaluation of run 3", say=meanwhile):
        pass

    assert said == [f"Waiting: run {run.pk} has the GPU."]
    assert launching.claim(later.pk, "worker") is not None


def test_a_guest_takes_back_a_run_that_nobody_works_on(run):
    launching.claim(run.pk, "killed:1")
    Run.objects.filter(pk=run.pk).update(lease_until=None)

    with visiting.this_gpu("evaluation of run 3"):
        run.refresh_from_db()

    assert run.state == "queued"


def test_two_guests_come_one_after_the_other_and_one_that_died_is_forgotten(run):
    gpu = gpu_lock.this_gpu()
    assert leasing.reserve_gpu(gpu, "first") == ""
    assert leasing.reserve_gpu(gpu, "second") == "first"

    GpuSlot.objects.update(guest_until=timezone.now() - timedelta(seconds=1))

    assert leasing.reserve_gpu(gpu, "second") == ""
    leasing.give_gpu_back(gpu, "first")
    assert GpuSlot.objects.get(name=gpu).guest == "second"


def test_scoring_a_run_from_a_shell_holds_the_gpu_and_gives_it_back(run, gguf, model_answers, monkeypatch):
    seen = []
    model_answers({})
    really = visiting.leasing.reserve_gpu

    def reserve(gpu: str, guest: str) -> str:
        seen.append(guest)
        return really(gpu, guest)

    monkeypatch.setattr(visiting.leasing, "reserve_gpu", reserve)

    call_command("evaluate", str(run.pk), "--json")

    assert seen[0].startswith(f"evaluation of run {run.pk} (")
    assert GpuSlot.objects.get().guest == ""
