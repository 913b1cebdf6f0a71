"""Browser tests: a real Chromium against a real server. A page that logs an error fails its test."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, Request, Response, expect, sync_playwright

from tests import makers
from tests.chromium import CHROMIUM, SWITCHES
from tests.editor_page import sign_in, status

NO_CHROMIUM = "no Chromium on the PATH: apt-get install chromium, or set STUDIO_CHROMIUM to one"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for each file: while it is there an event loop runs, in which other files' tests cannot.

    Without a Chromium the tests are skipped; in CI they fail.
    """
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser profile. Afterwards: no script error, refused resource, failed request or 5xx."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(10_000)
    errors: list[str] = []

    def on_console(message: Any) -> None:
        # The browser logs each 4xx answer as an error; whether it was right is the test's to say.
        if message.type == "error" and "server responded with a status of" not in message.text:
            errors.append(f"console: {message.text}")

    def on_failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left while it was loading
            errors.append(f"{request.method} {request.url}: {request.failure}")

    def on_response(response: Response) -> None:
        if response.status >= 500 or (response.status >= 400 and "/static/" in response.url):
            errors.append(f"{response.request.method} {response.url}: {response.status}")

    page.on("pageerror", lambda error: errors.append(f"script: {error}"))
    page.on("console", on_console)
    page.on("requestfailed", on_failed)
    page.on("response", on_response)
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def axe_source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()


@pytest.fixture
def axe(page: Page, axe_source: str) -> Callable[..., list[str]]:
    """Call it on the page as it stands: one line for each accessibility problem, so assert axe() == [].

    Its rules are those of AXE_TAGS, or the named ones only.
    """

    def run(*rules: str) -> list[str]:
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(axe_source)  # by the debugger, which a content security policy does not bind
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", list(rules or AXE_TAGS))
        return [
            f"{problem['id']} ({problem['impact']}): {node['target']} {node['failureSummary']}"
            for problem in found["violations"]
            for node in problem["nodes"]
        ]

    return run


@pytest.fixture
def author(transactional_db: None) -> User:
    return makers.user("author")


@pytest.fixture
def open_editor(live_server: Any, page: Page, author: User) -> Callable[..., Page]:
    """Sign the author in, open an editor and wait for the first answer of the check."""

    def open_page(name: str, *args: object, way: str = "markdown") -> Page:
        sign_in(page, live_server.url, author)
        page.goto(f"{live_server.url}{reverse(name, args=args)}?way={way}")
        expect(status(page)).to_contain_text(re.compile("ound"))
        return page

    return open_page
