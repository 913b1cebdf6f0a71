"""Labelling in a real browser, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from curation.models import Example
from curation.services import importing
from tests import makers

pytestmark = pytest.mark.one_database

WINDOW = 'rem window\nwindow! = BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"a")\n'
TORN = 'rem both\nprint @(1,1),"a"\nprint (sysgui)\'BUTTON\'(1,1,1,1,1,"a",$$)\n'
MIGRATION = """---
title: Into the browser
type: migration
generation: dwc
from_generation: character
to_generation: dwc
---

## Code

### Before (character)

```bbj
print @(1,1),"a"
```

### After (dwc)

```bbj
window! = BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"a")
```
"""


@pytest.fixture
def ann(transactional_db: None) -> User:
    return makers.user("author", "ann")


@pytest.fixture
def imported(tmp_path: Path, transactional_db: None) -> Callable[[dict[str, str]], None]:
    def bring(files: dict[str, str]) -> None:
        for path, text in files.items():
            makers.put(tmp_path, path, text)
        importing.run_import(importing.plan_import(tmp_path), author=makers.user("maintainer"))

    return bring


@pytest.fixture
def open_page(live_server: Any, page: Page, ann: User) -> Callable[[], Page]:
    def opened() -> Page:
        session = makers.signed_in(ann).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page.goto(live_server.url + reverse("label_list"))
        return page

    return opened


def stored() -> dict[str, tuple[str, str]]:
    rows = Example.objects.values_list("path", "generation_label", "label_source")
    return {path: (label, source) for path, label, source in rows}


def test_a_page_is_labelled_without_a_mouse(imported, open_page, axe):
    texts = {
        "gui/a.md": makers.example_text("Chosen", generation="dwc"),
        "gui/b.md": makers.example_text("Combined"),
        "gui/c.md": makers.example_text("Accepted", generation="dwc", code=WINDOW),
        "gui/d.md": makers.example_text("Confirmed"),
        "gui/e.md": makers.example_text("Skipped"),
        "gui/f.md": MIGRATION,
        "gui/g.md": makers.example_text("Torn", code=TORN),
        "gui/h.md": makers.example_text("Taken back"),
        "gui/i.md": makers.example_text("Every generation", generation="dwc"),
        "gui/j.md": makers.example_text("The last of ten"),
        "gui/k.md": makers.example_text("On the next page"),
    }
    imported(texts)
    page = open_page()
    press = page.keyboard.press
    expect(page.get_by_text("0 of 11 labelled by people")).to_be_visible()

    press("?")
    expect(page.get_by_text("skip: nothing is saved")).to_be_visible()
    assert axe() == []
    for key in ("4", "Enter", "2", "3", "4", "3", "j", "s", "c", "3", "x"):
        press(key)
    for key in ("3", "6", "Enter"):  # first its Before, then its After
        press(key)
    press("Enter")
    expect(page.get_by_text("The traces leave it open: choose with 1 to 6.")).to_be_visible()
    for key in ("3", "j", "5", "Enter"):
        press(key)
    expect(page.get_by_text("gui/h.md: labelled dwc.")).to_be_visible()
    press("z")
    expect(page.get_by_text("Undone: gui/h.md is all again.")).to_be_visible()
    expect(page.locator("article[aria-current=true]")).to_contain_text("Taken back")
    for key in ("j", "2", "1", "Enter", "6", "Enter"):
        press(key)
    expect(page.get_by_role("heading", name="On the next page")).to_be_visible()
    press("c")
    expect(page.get_by_text("gui/k.md: confirmed as all.")).to_be_visible()

    assert stored() == {
        "gui/a.md": ("bbj-gui", "person"),
        "gui/b.md": ("character bbj-gui", "person"),
        "gui/c.md": ("bbj-gui dwc", "suggestion"),
        "gui/d.md": ("all", "person"),
        "gui/e.md": ("all", "import"),
        "gui/f.md": ("bbj-gui dwc", "person"),
        "gui/g.md": ("vpro5", "person"),
        "gui/h.md": ("all", "import"),
        "gui/i.md": ("all", "person"),
        "gui/j.md": ("bbj-gui dwc", "person"),
        "gui/k.md": ("all", "person"),
    }
    head = Example.objects.get(path="gui/f.md").head
    assert head
    assert "from_generation: vpro5\nto_generation: [bbj-gui, dwc]" in head.text


def test_a_label_that_was_not_saved_is_said_and_can_be_sent_again(imported, open_page):
    imported({"gui/a.md": makers.example_text("First"), "gui/b.md": makers.example_text("Second")})
    page = open_page()

    page.evaluate("console.error = () => {}")  # htmx logs what is provoked here
    page.route("**/label/*/", lambda route: route.fulfill(status=429, body=""))
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved: the studio gives no answer now.")).to_be_visible()
    expect(page.locator("article[aria-current=true]")).to_contain_text("First")
    page.unroute("**/label/*/")
    page.keyboard.press("Enter")
    expect(page.get_by_text("gui/a.md: labelled dwc.")).to_be_visible()


def test_the_page_fits_and_is_accessible_with_a_label_just_given(imported, open_page, page, axe):
    imported({"gui/a.md": MIGRATION, "gui/b.md": makers.example_text("Torn", code=TORN)})
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})

    open_page()
    page.keyboard.press("3")
    page.keyboard.press("j")
    expect(page.get_by_text(re.compile("gui/a.md: labelled"))).to_be_visible()

    assert axe() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
