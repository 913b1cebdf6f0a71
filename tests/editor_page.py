"""The editor's page for browser tests: how to get there and where things stand."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page

from tests import makers


def sign_in(page: Page, address: str, account: User) -> None:
    session = makers.signed_in(account).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": address}])


def status(page: Page) -> Locator:
    """What the check says in one line."""
    return page.locator("#findings").get_by_role("status")


def program(page: Page, number: int = 0) -> Any:
    """The box of one program of the form."""
    return page.locator(".program").nth(number).locator(".cm-content")
