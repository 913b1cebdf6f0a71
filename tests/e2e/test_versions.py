"""Two dataset versions in a real browser: a changed text unfolds under its line, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import makers

pytestmark = [pytest.mark.slow(3), pytest.mark.one_database]


def test_what_changed_is_unfolded_where_it_stands(
    live_server: Any, transactional_db: None, page: Page, axe: Callable[[], list[str]]
):
    top = makers.user("maintainer")
    example = makers.approved("gui/a.md", makers.example_text("A", explanation="Before."))
    makers.freeze(name="v1", author=top)
    makers.review(makers.edited(example, makers.example_text("A", explanation="Afterwards.")))
    newer = makers.freeze(name="v2", author=top)
    session = makers.signed_in(top).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(live_server.url + reverse("snapshot_page", args=[newer.pk]))

    page.get_by_role("link", name="1 example edited").click()
    page.locator("summary", has_text="gui/a.md").focus()
    page.keyboard.press("Enter")

    texts = page.get_by_role("region", name="Both texts, line by line")
    expect(texts.locator("del")).to_have_text("Before.")
    expect(texts.locator("ins")).to_have_text("Afterwards.")
    assert axe() == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
