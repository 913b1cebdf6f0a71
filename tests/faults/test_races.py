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
from django.db import connection
from django.urls import reverse

from tests import makers, trainable
from tests.faults.engine import check_history
from training.models import Run
from training.services import cancelling, launching, leasing, moving, supervising

pytestmark = pytest.mark.slow(8)
RACES = 100


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_races_with_the_end_of_a_run_leaves_it_in_one_state():
    """The cancel comes a bit later in each race: the first one surely before the end, the last one after it."""
    frozen, maintainer = makers.snapshot(), makers.user("maintainer")
    runs = [run_without_a_stage_left(f"race {n}", frozen, maintainer) for n in range(RACES + 1)]
    began = time.monotonic()
    assert finish(runs.pop()) == "succeeded"
    takes_s = time.monotonic() - began

    def cancel(run: Run, after_s: float, start: threading.Barrier) -> str:
        try:
            start.wait()
            time.sleep(after_s)
            return cancelling.request_cancel(run=run, by=maintainer).state
        except cancelling.AlreadyFinished:
            return "too late"
        finally:
            connection.close()

    def end(run: Run, start: threading.Barrier) -> str:
        try:
            start.wait()
            return finish(run)
        finally:
            connection.close()

    seen = set()
    with ThreadPoolExecutor(2) as threads:
        for n, run in enumerate(runs):
            start = threading.Barrier(2)
            asked = threads.submit(cancel, run, 2 * takes_s * n / RACES, start)
            ended = threads.submit(end, run, start)
            answer, state = asked.result(), ended.result()
            run.refresh_from_db()
            check_history(run)
            assert state in (run.state, "not claimed")
            assert answer != "too late" or run.state == "succeeded"
            seen.add(run.state)
    assert seen == {"succeeded", "cancelled"}


def run_without_a_stage_left(key: str, frozen, maintainer) -> Run:
    run = Run.objects.create(
        snapshot=frozen, recipe_name="rehearsal", recipe={}, idempotency_key=key, requested_by=maintainer
    )
    moving.note(run.pk, who=maintainer.username, what="queued rehearsal")
    return run


def finish(run: Run) -> str:
    claim = launching.claim(run.pk, leasing.this_process())
    return supervising.execute(claim) if claim else "not claimed"


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
