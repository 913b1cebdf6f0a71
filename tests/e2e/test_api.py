"""A person makes a token in the browser, and reads the reference, without a mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import makers

pytestmark = pytest.mark.one_database


@pytest.mark.django_db(transaction=True)
def test_a_token_is_made_and_works(page: Page, live_server, axe: Callable[[], list[str]]):
    account = makers.user()
    page.goto(f"{live_server.url}/sign-in/?next=/tokens/")
    page.fill("[name=username]", account.get_username())
    page.fill("[name=password]", "a long password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tokens/")
    page.fill("[name=name]", "first try")
    page.focus("[value='examples:read']")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    secret = page.locator(".notice pre").inner_text()

    answer = page.request.get(
        f"{live_server.url}/api/v1/", headers={"Authorization": f"Bearer {secret}"}
    ).json()

    assert (answer["username"], answer["scopes"]) == (account.get_username(), ["examples:read"])
    assert axe() == []
    page.click("text=API reference")
    listed = page.locator("details.operation", has=page.locator("#example_list"))
    listed.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#example_list")).to_be_visible()
    assert axe() == []
