"""The audit log in a real browser: filtered without a reload, read on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import makers

pytestmark = [pytest.mark.slow(3), pytest.mark.one_database]


def test_entries_are_filtered_opened_and_exported(
    live_server: Any, transactional_db: None, page: Page, axe: Callable[[], list[str]]
):
    ann = makers.user("reviewer", "ann")
    makers.review(makers.example("gui/a.md"), "request_changes", reviewer=ann, reason="no end")
    session = makers.signed_in(makers.user("maintainer")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(live_server.url + reverse("audit_log"))
    expect(page.get_by_role("row")).to_have_count(3)

    page.get_by_role("combobox", name="Who", exact=True).fill("ann")
    page.get_by_role("combobox", name="Who", exact=True).press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    assert "who=ann" in page.url
    page.get_by_text("review.request_changes", exact=True).last.click()
    expect(page.get_by_text("no end")).to_be_visible()
    assert axe() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    with page.expect_download() as started:
        page.get_by_role("button", name="Export as CSV").click()
    assert "review.request_changes" in started.value.path().read_text()
