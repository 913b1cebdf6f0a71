"""A person brings in a ChatML set and mends it by keyboard, against a studio with real workers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import running_studio
from tests.chatml_set import SMALL, chatml_set
from tests.running_studio import Studio

pytestmark = pytest.mark.one_database

WORKER_TIMEOUT_MS = 60_000  # other tests share this machine


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = running_studio.start(tmp_path / "var", "--port", "0", "--no-rehearsal")
    studio.wait_until_ready()
    yield studio
    running_studio.end(studio)


@pytest.fixture
def checked(studio: Studio, page: Page, tmp_path: Path, axe: Callable[[], list[str]]) -> Page:
    """The report of the small planted set, which a worker has checked while the page looked on."""
    file = tmp_path / "bbjllm.jsonl"
    file.write_bytes(chatml_set(SMALL).data)
    name, password = re.findall(r":\s+(\S+)", (studio.var / "first-login").read_text())
    page.goto(f"{studio.address()}/import/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    assert axe() == []
    page.get_by_label("Choose a file").set_input_files(file)
    page.get_by_role("button", name="Check this file").click()
    expect(page.get_by_role("button", name="Import the 63 good ones")).to_be_visible(
        timeout=WORKER_TIMEOUT_MS
    )
    return page


def decided(page: Page, words: str) -> None:
    """Wait for the count at the page's head; the report before it shows counts like it, too."""
    expect(page.locator("strong[role=status]")).to_have_text(words)


@pytest.mark.slow(18)
def test_a_set_is_mended_by_keyboard_and_imported(checked: Page, axe: Callable[[], list[str]]):
    page = checked
    assert axe() == []

    # Mend, look back, undo, mend again.
    page.get_by_role("link", name="escaped-newlines").click()
    decided(page, "0 of 4")
    assert axe() == []
    page.keyboard.press("m")
    decided(page, "1 of 4")
    page.keyboard.press("k")
    expect(page.get_by_text("mended", exact=True)).to_be_visible()
    page.keyboard.press("z")
    decided(page, "0 of 4")
    page.keyboard.press("m")
    decided(page, "1 of 4")
    page.get_by_role("button", name="Mend all 3 alike").click()
    expect(page.get_by_text("All 4 are decided.")).to_be_visible()
    page.get_by_role("button", name="Back to the report").click()

    # A literal line break in a string stays unless somebody says otherwise.
    page.get_by_role("link", name="mixed-newlines").click()
    expect(page.get_by_role("checkbox").first).not_to_be_checked()
    page.keyboard.press("m")
    decided(page, "1 of 2")
    page.keyboard.press("p")
    expect(page.get_by_text("All 2 are decided.")).to_be_visible()
    page.get_by_role("button", name="Back to the report").click()

    # Keys are letters while somebody types.
    page.get_by_role("link", name="short-answer").click()
    decided(page, "0 of 2")
    page.keyboard.press("e")
    expect(page.get_by_label("The answer")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" xpmz")
    expect(page.get_by_label("The answer")).to_have_value(re.compile(" xpmz$"))
    decided(page, "0 of 2")
    page.get_by_role("button", name="Store this answer").click()
    decided(page, "1 of 2")
    page.keyboard.press("x")
    expect(page.get_by_text("All 2 are decided.")).to_be_visible()
    page.get_by_role("button", name="Back to the report").click()

    # Repeated prompts: choose one, keep both, undo.
    page.get_by_role("link", name="repeated-prompt").click()
    decided(page, "0 of 5")
    assert axe() == []
    page.keyboard.press("2")
    decided(page, "1 of 5")
    page.keyboard.press("b")
    decided(page, "2 of 5")
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("z")
    decided(page, "1 of 5")
    for n in range(2, 5):
        page.keyboard.press("1")
        decided(page, f"{n} of 5")
    page.keyboard.press("1")
    expect(page.get_by_text("All 5 are decided.")).to_be_visible()
    page.get_by_role("button", name="Back to the report").click()

    # What is good is imported; what still waits can be decided afterwards.
    page.get_by_role("button", name=re.compile("^Import the")).click()
    expect(page.locator("#import-live .chip").first).to_have_text("imported", timeout=WORKER_TIMEOUT_MS)
    page.reload()
    expect(page.get_by_text(re.compile(r"Imported:\s+\d+ created"))).to_be_visible()
    assert axe() == []
    page.get_by_role("link", name="quoted-code").click()
    decided(page, "0 of 2")
    page.keyboard.press("m")
    decided(page, "1 of 2")
