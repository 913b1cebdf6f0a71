"""Two texts of one example are put together by keyboard, and without JavaScript just as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from curation.models import Draft, Example, ImportJob
from curation.services import drafting, uploading, writing_back
from curation.services.finding import Filters
from tests import makers

pytestmark = pytest.mark.one_database

CODE = "rem add up\ntotal = 0\nfor i = 1 to 10\n    total = total + i\nnext i\nprint total\n"


def text(title: str, code: str, why: str) -> str:
    front = f'title: "{title}"\ntype: completion\ngeneration: all\ndescription: "Add"'
    return f"---\n{front}\n---\n\n## Code\n\n```bbj\n{code}```\n\n## Explanation\n\n{why}\n"


THEIRS = text("Sum of ten", CODE.replace("total", "sum"), "It adds ten numbers.")
MINE = text("Ten numbers added", CODE, "It adds.\n\nThen it prints.")


@pytest.fixture
def draft(transactional_db: None) -> Draft:
    author = makers.user("author", name="fred")
    example = makers.example("gui/add-up.md", text("Add up", CODE, "It adds."), author=author)
    draft = drafting.draft_of(author=author, example=example)
    makers.edited(example, THEIRS, author=makers.user("author", name="wilma"))
    return drafting.keep(draft, text=MINE)


def open_merge(page: Page, address: str, draft: Draft) -> None:
    session = makers.signed_in(draft.author).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page.goto(address + reverse("draft_merge", args=[draft.pk]))


def test_by_keyboard_alone(page: Page, live_server: Any, draft: Draft, axe: Callable[[], list[str]]):
    open_merge(page, live_server.url, draft)
    assert axe() == []

    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Take mine").nth(0)).to_be_checked()
    page.keyboard.press("k")
    page.keyboard.press("1")
    page.keyboard.press("3")
    expect(page.get_by_role("button", name="Show the result")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_label("The result")).to_have_value(
        text("Sum of ten", CODE.replace("total", "sum"), "It adds ten numbers.\nIt adds.\n\nThen it prints.")
    )
    assert axe() == []
    page.keyboard.press("s")
    expect(page.get_by_text("Saved gui/add-up.md as revision 3.")).to_be_visible()
    assert not Draft.objects.exists()


def test_without_javascript(browser: Browser, live_server: Any, draft: Draft):
    page = browser.new_context(java_script_enabled=False).new_page()
    open_merge(page, live_server.url, draft)

    page.get_by_label("Take mine").nth(0).check()
    page.get_by_label("Take mine").nth(1).check()
    page.get_by_role("button", name="Show the result").click()
    result = page.get_by_label("The result")
    result.fill(result.input_value().replace("Ten numbers added", "Ten numbers"))
    page.get_by_role("button", name="Save as revision 3").click()

    expect(page.get_by_text("Saved gui/add-up.md as revision 3.")).to_be_visible()
    assert Example.objects.get().title == "Ten numbers"
    page.context.close()


def test_the_pages_around_it_are_accessible(
    page: Page, live_server: Any, draft: Draft, axe: Callable[[], list[str]], tmp_path: Path, settings: Any
):
    settings.VAR = tmp_path / "var"
    assert draft.example
    draft.author.groups.add(Group.objects.get_or_create(name="maintainer")[0])
    open_merge(page, live_server.url, draft)
    job = changed_on_both_sides(draft.author, tmp_path / "tree")

    for address in (
        reverse("revision_list", args=[draft.example_id]),
        reverse("revision_compare", args=[draft.example_id]) + "?left=1&right=2",
        reverse("import_page", args=[job.pk]),
        reverse("import_conflicts", args=[job.pk]),
    ):
        page.goto(live_server.url + address)
        assert axe() == [], address
    page.keyboard.press("s")
    expect(page.get_by_text("All 1 are decided.")).to_be_visible()


def changed_on_both_sides(author: User, tree: Path) -> ImportJob:
    """An import of a folder with one conflict."""
    writing_back.export_tree(tree, Filters())
    makers.put(tree, "gui/add-up.md", MINE)
    makers.edited(Example.objects.get(), text("Again", CODE, "It adds."))
    job = uploading.open_job(kind="folder", name="tree", source=tree, author=author, wake_worker=False)
    return makers.worked(job)
