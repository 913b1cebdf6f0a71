"""The order in which runs are taken, and moving one in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from curation.models import AuditEntry
from tests.app.api.conftest import program_of
from training.models import Run, WorkerSeen
from training.services import cancelling, launching, moving, queueing, staging
from training.tasks import run_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(several) -> list[Run]:
    """Four runs that wait, in the order of their numbers."""
    return several(4)


@pytest.fixture
def worker(db) -> None:
    WorkerSeen.objects.create(queue="gpu", at=timezone.now())


def order() -> list[int]:
    return [run.pk for run in queueing.in_order()]


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_runs_are_taken_in_order_whichever_the_message_names(runs, maintainer, fake_stages):
    first, second, third, fourth = runs
    fake_stages()
    queueing.move(run=fourth, before=first.pk, by=maintainer)

    for _ in runs:
        run_training(third.pk)

    done = Run.objects.order_by("finished_at").values_list("pk", flat=True)
    assert list(done) == [fourth.pk, first.pk, second.pk, third.pk]


def test_a_run_that_is_to_be_tried_later_lets_those_behind_it_pass_and_keeps_its_place(runs):
    first, second, *_ = runs
    Run.objects.filter(pk=first.pk).update(not_before=timezone.now() + timedelta(minutes=5))

    claim = launching.claim_next("worker 1")

    assert claim is not None
    assert claim.run_id == second.pk
    assert order()[0] == first.pk


def test_while_the_gpu_is_held_nobody_overtakes(runs, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert launching.claim_next("worker 1") is not None

    assert launching.claim_next("worker 2 on the same GPU") is None

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    claim = launching.claim_next("worker 3")
    assert claim is not None
    assert claim.run_id == runs[1].pk


@pytest.mark.django_db(transaction=True)
def test_workers_that_wake_at_once_take_different_runs_from_the_front(runs, monkeypatch):
    gpus = iter(range(100))
    monkeypatch.setattr("training.services.launching.gpu_lock.this_gpu", lambda: f"gpu {next(gpus)}")

    def wake(number: int) -> int | None:
        try:
            claim = launching.claim_next(f"worker {number}")
            return claim.run_id if claim else None
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        taken = list(threads.map(wake, range(3)))

    assert sorted(filter(None, taken)) == [run.pk for run in runs[:3]]


@pytest.mark.django_db(transaction=True)
def test_two_who_move_at_once_leave_one_order_with_every_run_in_it(runs, maintainer):
    def to_the_front(run: Run) -> int:
        try:
            return queueing.move(run=run, before=runs[0].pk, by=maintainer)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(to_the_front, runs[1:]))

    assert sorted(order()) == [run.pk for run in runs]
    assert order()[-1] == runs[0].pk
    assert len({run.place or run.pk for run in queueing.in_order()}) == 4


def test_moving_twice_is_moving_once_and_both_are_written_down_once(runs, maintainer):
    first, second, third, fourth = (run.pk for run in runs)

    for _ in range(2):
        assert queueing.move(run=runs[2], before=first, by=maintainer) == 1
    assert queueing.move(run=runs[0], before=None, by=maintainer) == 4

    assert order() == [third, second, fourth, first]
    entries = AuditEntry.objects.filter(action="run.move").order_by("pk")
    assert [entry.detail for entry in entries] == [
        {"was": 3, "now": 1, "of": 4},
        {"was": 2, "now": 4, "of": 4},
    ]
    assert runs[2].events.filter(what="moved from place 3 to 1 of 4").count() == 1


def test_a_new_run_stands_behind_all_that_were_moved(runs, snapshot, maintainer):
    queueing.move(run=runs[0], before=None, by=maintainer)

    new = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer, wake_worker=False)

    assert order()[-1] == new.pk
    assert queueing.ahead_of(new) == 4


def test_the_dispatcher_wakes_a_worker_for_the_next_run_alone(runs, maintainer, broker):
    queueing.move(run=runs[3], before=runs[0].pk, by=maintainer)

    assert launching.publish_waiting() == [runs[3].pk]
    assert launching.publish_waiting() == []
    cancelling.request_cancel(run=runs[3], by=maintainer)
    assert launching.publish_waiting() == [runs[0].pk]


@pytest.mark.one_database
def test_the_page_shows_what_runs_on_which_gpu_and_what_is_next(runs, as_author, worker, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    launching.claim_next("node7:1")
    runs[0].stages.filter(name="pretrain").update(state="running", started_at=timezone.now())
    folder = staging.stage_folder(runs[0].pk, "pretrain")
    folder.path.mkdir(parents=True)
    folder.append_metrics({"stage": "pretrain", "step": 3, "of": 10, "at": "2026-01-01T00:00:00+00:00"})
    folder.append_metrics({"stage": "pretrain", "step": 5, "of": 10, "at": "2026-01-01T00:01:00+00:00"})

    page = text_of(as_author.get(reverse("queue_page")))

    assert "On GPU 2 of " in page
    assert "step 5 of 10, about 2 min 30 s left of this stage" in page
    assert page.index(f"Run {runs[1].pk}") < page.index(f"Run {runs[2].pk}") < page.index(f"Run {runs[3].pk}")
    assert "Next, once a GPU is free." in page
    assert "Cancel" not in page, "an author looks on"


@pytest.mark.one_database
def test_whose_turn_is_when_is_told_from_runs_of_the_same_recipe(runs, worker):
    now = timezone.now()
    Run.objects.filter(pk=runs[0].pk).update(
        state="succeeded",
        attempt=1,
        started_at=now - timedelta(hours=2),
        finished_at=now - timedelta(hours=1),
    )
    launching.claim_next("node7:1")
    Run.objects.filter(pk=runs[1].pk).update(started_at=now - timedelta(minutes=10))

    starts = [one.starts_in_s for one in queueing.look().waiting]

    assert starts == [pytest.approx(50 * 60, abs=5), pytest.approx(110 * 60, abs=5)]
    Run.objects.filter(pk=runs[2].pk).update(not_before=now + timedelta(days=1))
    starts = [one.starts_in_s for one in queueing.look().waiting]
    assert starts == [None, pytest.approx(50 * 60, abs=5)], "the one that is passed over holds nobody up"


@pytest.mark.one_database
def test_why_nothing_is_taken_is_said_with_the_way_out(runs):
    assert "No training worker has ever been seen." in queueing.look().problems[0]

    WorkerSeen.objects.create(queue="gpu", at=timezone.now())
    assert queueing.look().problems == []

    Run.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert "No worker has been told" in queueing.look().problems[0]
    Run.objects.update(not_before=timezone.now() + timedelta(minutes=5))
    assert queueing.look().problems == []


@pytest.mark.one_database
def test_the_page_asks_the_database_as_often_for_one_run_as_for_many(runs, maintainer, as_author, worker):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            as_author.get(reverse("queue_live"))
        return len(asked)

    launching.claim_next("node7:1")
    many = queries()
    for run in runs[2:]:
        cancelling.request_cancel(run=run, by=maintainer)

    assert queries() == many


@pytest.mark.one_database
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_maintainer_moves_and_cancels_at_the_place(runs, as_maintainer, headers):
    def press(name: str, run: Run, **sent: Any) -> str:
        answer = as_maintainer.post(reverse(name, args=[run.pk]), sent, headers=headers, follow=True)
        assert answer.status_code == 200
        return text_of(answer)

    moved = press("queue_move", runs[2], before=runs[0].pk)
    cancelled = press("queue_cancel", runs[0])

    assert f"Run {runs[2].pk} is number 1 of those that wait." in moved
    assert f"Run {runs[0].pk} is cancelled." in cancelled
    assert order() == [runs[2].pk, runs[1].pk, runs[3].pk]


@pytest.mark.one_database
def test_a_running_run_is_stopped_from_the_queue_after_a_second_look(runs, as_maintainer):
    launching.claim_next("node7:1")
    address = reverse("queue_page")
    assert f"<summary>Cancel run {runs[0].pk} …</summary>" in text_of(as_maintainer.get(address))

    as_maintainer.post(reverse("queue_cancel", args=[runs[0].pk]))

    page = text_of(as_maintainer.get(address))
    assert f"Run {runs[0].pk} stops within seconds." in page
    assert "Stopping: the stage saves a checkpoint first." in page


@pytest.mark.one_database
def test_who_comes_too_late_is_told_and_sees_the_queue_as_it_is(runs, as_maintainer):
    launching.claim_next("node7:1")
    moving.move(runs[0].pk, old="running", new="failed", who="t", what="failed")
    headers = {"HX-Request": "true"}
    move, cancel = (reverse(name, args=[runs[0].pk]) for name in ("queue_move", "queue_cancel"))

    for address, sent, sentence in (
        (move, {"before": runs[1].pk}, f"Run {runs[0].pk} does not wait any more"),
        (reverse("queue_move", args=[runs[1].pk]), {"before": 99999}, "Run 99999 does not wait any more"),
        (reverse("queue_move", args=[runs[1].pk]), {"before": "x"}, "A run is moved before the number"),
        (cancel, {}, "already ended"),
    ):
        answer = as_maintainer.post(address, sent, headers=headers)
        assert answer.status_code == 422
        assert sentence in text_of(answer)
        assert f"Run {runs[1].pk}" in text_of(answer)


@pytest.mark.one_database
def test_a_program_reads_and_moves_the_queue(runs, maintainer):
    program = program_of(maintainer)
    launching.claim_next("node7:1")

    moved = program.post(f"/runs/{runs[3].pk}/move", {"before": runs[1].pk})
    late = program.post(f"/runs/{runs[0].pk}/move", {"before": None})
    queue = program.get("/run-queue").json()

    assert (moved.status_code, moved.json()) == (200, {"run": runs[3].pk, "number": 1})
    assert (late.status_code, late.json()["type"].rpartition("-")[2]) == (409, "conflict")
    assert [one["run"] for one in queue["running"]] == [runs[0].pk]
    assert [one["run"] for one in queue["waiting"]] == [runs[3].pk, runs[1].pk, runs[2].pk]
    assert queue["waiting_in_all"] == 3
