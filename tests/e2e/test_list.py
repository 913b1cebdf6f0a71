"""The list of examples in a real browser: by keyboard alone, and back to where one was."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from curation.models import Example, SavedView
from tests import makers

pytestmark = pytest.mark.one_database


@pytest.fixture
def maintainer(transactional_db: None) -> User:
    return makers.user("maintainer")


@pytest.fixture
def examples(maintainer: User) -> list[Example]:
    author = makers.user()
    return [makers.example(f"gui/window-{n:02}.md", author=author) for n in range(53)]


@pytest.fixture
def listed(live_server: Any, page: Page, maintainer: User, examples: list[Example]) -> str:
    """The address of the list, opened by the maintainer, who has a saved view."""
    SavedView.objects.create(owner=maintainer, name="Waiting windows", query="status=needs_review&topic=gui")
    session = makers.signed_in(maintainer).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    address = live_server.url + reverse("example_list")
    page.goto(address)
    wait_for_counts(page)
    return address


def wait_for_counts(page: Page) -> None:
    """The views are counted after the page stands there; leaving it before makes htmx log an error."""
    expect(page.get_by_role("link", name=re.compile(r"Waiting windows \d+"))).to_be_visible()


def test_rows_are_ticked_changed_and_changed_back_by_keyboard(
    page: Page, listed, axe: Callable[[], list[str]]
):
    assert axe() == []
    for key in "jxjj":
        page.keyboard.press(key)
    page.keyboard.press("Space")
    expect(page.locator("[data-ticked]")).to_have_text("2")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Change 2 examples")).to_be_visible()
    assert axe() == []

    page.get_by_label("Tag", exact=True).fill("window")
    page.get_by_role("button", name="Add it").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 of 2 examples will change")
    assert axe() == []
    page.get_by_role("button", name="Change 2 examples").press("Enter")
    expect(page.get_by_role("heading", name='Done: add the tag "window" (2 examples)')).to_be_visible()
    assert axe() == []
    assert set(Example.objects.filter(tags__tag="window").values_list("path", flat=True)) == {
        "gui/window-00.md",
        "gui/window-02.md",
    }

    page.get_by_role("link", name="Back to the list").press("Enter")
    wait_for_counts(page)
    page.keyboard.press("z")
    expect(page.get_by_text("2 changed back.", exact=True)).to_be_visible()
    assert not Example.objects.filter(tags__tag="window").exists()


def test_a_search_keeps_the_focus_and_marks_the_view_that_is_shown(page: Page, listed):
    views = page.get_by_role("navigation", name="Saved views")
    page.keyboard.press("/")
    page.keyboard.type("window 07")
    expect(page.locator("#found")).to_have_text("1 example matches")
    expect(page.locator("#id_q")).to_be_focused()
    page.locator("#id_q").fill("")
    expect(page.locator("#found")).to_have_text("53 examples")
    page.locator("#id_topic").select_option("gui")
    expect(page.get_by_role("link", name="Leave out the filter Topic: gui")).to_be_visible()
    page.locator("#id_status").select_option("needs_review")
    expect(views.get_by_role("link", name="Waiting windows")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(r"status=needs_review.*topic=gui"))


def test_one_comes_back_to_the_row_on_its_page_with_the_focus_on_it(page: Page, listed):
    page.keyboard.press("k")  # the last row
    page.keyboard.press("j")  # past it
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Example gui/window-52.md")).to_be_visible()
    wait_for_counts(page)
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Example gui/window-51.md")).to_be_visible()

    page.keyboard.press("b")

    row = page.get_by_role("link", name="Example gui/window-51.md")
    expect(row).to_be_focused()
    expect(page.locator("tr[aria-current]")).to_contain_text("gui/window-51.md")
    wait_for_counts(page)
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Example gui/window-52.md")).to_be_focused()
