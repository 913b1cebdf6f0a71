"""The queue in a browser: it asks for itself every two seconds, and must not take from anybody's hands."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import makers
from training.models import Run
from training.services import launching, queueing

pytestmark = pytest.mark.one_database


@pytest.mark.slow(5)
@pytest.mark.django_db(transaction=True)
def test_the_focus_follows_a_moved_run_and_an_open_question_stays_open(live_server: Any, page: Page):
    account = makers.user("maintainer")
    version = makers.snapshot(examples=3)
    runs = [
        Run.objects.create(
            snapshot=version, recipe_name="rehearsal", recipe={}, idempotency_key=f"{n}", requested_by=account
        )
        for n in range(4)
    ]
    launching.claim_next("node7:1")
    session = makers.signed_in(account).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"{live_server.url}/runs/queue/")
    page.get_by_text(f"Cancel run {runs[0].pk} …").click()

    page.get_by_role("button", name=f"Up: run {runs[3].pk}").focus()
    for number in (2, 1):
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text(
            f"Run {runs[3].pk} is number {number} of those that wait."
        )
        expect(page.locator(f"#up-{runs[3].pk}")).to_be_focused()

    with page.expect_response("**/runs/queue/live/"):
        pass
    assert [run.pk for run in queueing.in_order()] == [runs[3].pk, runs[1].pk, runs[2].pk]
    expect(page.get_by_role("button", name="Stop it")).to_be_visible()
    expect(page.locator(f"#up-{runs[3].pk}")).to_be_focused()

    page.get_by_role("button", name=f"Cancel run {runs[2].pk}").click()
    expect(page.get_by_role("status")).to_have_text(f"Run {runs[2].pk} is cancelled.")
    assert [run.pk for run in queueing.in_order()] == [runs[3].pk, runs[1].pk]
