"""Many things at the same moment: a cancel and the end of a run, and fifty clicks on one button."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from curation.models import Snapshot
from tests import makers, trainable
from tests.faults.engine import check_history
from training.models import Run, Stage
from training.services import cancelling, launching, leasing, moving, staging, supervising

pytestmark = pytest.mark.slow(8)
RACES = 100


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_races_with_the_end_of_a_run_leaves_it_in_one_state(monkeypatch):
    """In each race the cancel comes a bit later: in the first before the run starts, in the last after it."""
    monkeypatch.setattr(staging, "plan", lambda run, stage: staging.Plan("0" * 64, lambda watch: NOTHING))
    frozen, maintainer = makers.snapshot(), makers.user("maintainer")
    runs = [run_with_one_stage_left(f"race {n}", frozen, maintainer) for n in range(RACES + 1)]
    first, last = runs[0], runs[-1]

    def cancel(run: Run, after_s: float, start: threading.Barrier) -> str:
        start.wait()
        time.sleep(after_s)
        with suppress(cancelling.AlreadyFinished):
            return cancelling.request_cancel(run=run, by=maintainer).state
        return "too late"

    def work(run: Run, start: threading.Barrier) -> str:
        start.wait()
        claim = launching.claim(run.pk, leasing.this_process())
        return supervising.execute(claim) if claim else "not claimed"

    seen, takes_s, at_once = set(), 0.0, threading.Barrier(1)
    with ThreadPoolExecutor(1) as person, ThreadPoolExecutor(1) as worker:
        for n, run in enumerate(runs):
            together = threading.Barrier(2)
            if run == first:
                answer = person.submit(cancel, run, 0, at_once).result()
                state = worker.submit(work, run, at_once).result()
            elif run == last or not takes_s:
                began = time.monotonic()
                state = worker.submit(work, run, at_once).result()
                takes_s = time.monotonic() - began
                answer = person.submit(cancel, run, 0, at_once).result()
            else:
                asked = person.submit(cancel, run, 1.5 * takes_s * n / RACES, together)
                ended = worker.submit(work, run, together)
                answer, state = asked.result(), ended.result()
            run.refresh_from_db()
            check_history(run)
            assert state in (run.state, "not claimed")
            assert answer != "too late" or run.state == "succeeded"
            seen.add(run.state)
        person.submit(lambda: connection.close()).result()
        worker.submit(lambda: connection.close()).result()
    assert seen == {"succeeded", "cancelled"}


NOTHING = staging.Made({"ok": True})


def run_with_one_stage_left(key: str, frozen: Snapshot, maintainer: User) -> Run:
    run = Run.objects.create(
        snapshot=frozen, recipe_name="rehearsal", recipe={}, idempotency_key=key, requested_by=maintainer
    )
    Stage.objects.create(run=run, position=0, name="evaluate")
    moving.note(run.pk, who=maintainer.username, what="queued rehearsal")
    return run


@pytest.mark.one_database  # on PostgreSQL tests/app/training/test_launching.py calls the service fifty times
def test_fifty_clicks_at_once_on_train_give_one_run(live_server, tmp_path):
    trainable.task_set(tmp_path / "data")
    frozen = trainable.snapshot(tmp_path / "raw")
    client = makers.signed_in(makers.user("maintainer"))
    page = client.get(reverse("run_start")).content.decode()
    assert "csrfmiddlewaretoken" in page
    token = client.cookies[django_settings.CSRF_COOKIE_NAME].value
    sent = {"snapshot": frozen.pk, "recipe_name": "rehearsal", "seed": 13, "replicates": 1}
    body = urllib.parse.urlencode({**sent, "idempotency_key": "clicked", "csrfmiddlewaretoken": token})
    headers = {
        "Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    start = threading.Barrier(50)
    browsers = [
        http.client.HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=60)
        for _ in range(50)
    ]
    for browser in browsers:  # one by one: the test server lets few wait at its door
        browser.connect()

    def click(to: http.client.HTTPConnection) -> tuple[int, str | None]:
        start.wait()
        to.request("POST", reverse("run_start"), body, headers)
        answer = to.getresponse()
        answer.read()
        to.close()
        return answer.status, answer.headers["Location"]

    with ThreadPoolExecutor(50) as threads:
        answers = set(threads.map(click, browsers))

    run = Run.objects.get()
    assert answers == {(302, reverse("run_page", args=[run.pk]))}
    assert [event.what.split()[0] for event in run.events.all()] == ["queued"]
