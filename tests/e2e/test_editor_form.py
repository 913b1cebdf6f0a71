"""The form in a real browser: programs, findings, suggestions, keys, and a draft that outlives a crash."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from curation.models import Draft, Example, LabelMark, Revision
from tests import makers
from tests.editor_page import program, sign_in, status

pytestmark = pytest.mark.one_database

TWO_FILES = Path(settings.ROOT, "training-data/oop/customer-in-two-files.md").read_text()


@pytest.fixture
def example(author: User) -> Example:
    return makers.example("oop/a.md", TWO_FILES, author=author)


@pytest.fixture
def form(open_editor: Any, example: Example) -> Page:
    page: Page = open_editor("example_edit", example.pk, way="form")
    return page


def test_each_piece_is_typed_in_its_own_place_and_nothing_else_changes(form):
    form.get_by_label("Title").fill("Another title")
    program(form, 1).press("Control+End")
    form.keyboard.type("\nrem the end")
    form.get_by_label("Why the code is written").fill("Because.")
    form.keyboard.press("Control+s")
    expect(form.get_by_role("heading", name="Another title")).to_be_visible()

    before, _, why = TWO_FILES.partition("## Explanation\n\n")
    text = Revision.objects.get(number=2).text
    assert text == (
        before.replace("Use a class from another file", "Another title").replace(
            "getLabel()\nend\n```", "getLabel()\nend\nrem the end\n```"
        )
        + "## Explanation\n\nBecause.\n"
    )
    assert why


def test_a_program_is_added_and_another_taken_out(form):
    form.get_by_label("Take it out").first.check()
    form.get_by_role("button", name="Add a program").click()
    form.keyboard.type("Third.bbj")
    program(form, 2).click()
    form.keyboard.type("rem third\nprint 3")
    program(form, 2).press("Control+Enter")
    expect(form.get_by_text("Saved oop/a.md as revision 2.")).to_be_visible()

    text = Revision.objects.get(number=2).text
    assert "filename: Customer.bbj" not in text
    assert "<!-- filename: Third.bbj -->\n```bbj\nrem third\nprint 3\n```" in text


def test_a_finding_shows_at_the_line_of_its_program_and_f8_goes_there(form, axe):
    program(form, 1).press("Control+End")
    form.keyboard.type('\nprint "open')
    finding = form.get_by_role("button", name=re.compile(r"Error, Labels.bbj, line \d+: this string has no"))
    expect(finding).to_be_visible()

    expect(form.locator(".program").nth(1).locator(".cm-lint-marker-error")).to_have_count(1)
    expect(form.locator(".program").nth(0).locator(".cm-lint-marker-error")).to_have_count(0)
    form.get_by_label("Title").press("F8")
    expect(program(form, 1)).to_be_focused()
    assert form.evaluate("() => getSelection().toString()") == '"open'
    assert axe() == []


def test_an_error_stands_at_its_field_and_goes_when_it_is_mended(form, axe):
    title = form.get_by_label("Title")

    title.fill("")
    expect(form.locator("#said-title")).to_contain_text("Error: Title is needed.")
    assert title.get_attribute("aria-invalid") == "true"
    assert axe() == []
    form.get_by_role("button", name="Error, Title: Title is needed.").click()
    expect(title).to_be_focused()
    form.keyboard.type("Mended")

    expect(form.locator("#said-title")).to_be_empty()
    assert title.get_attribute("aria-invalid") is None


def test_a_suggestion_is_accepted_with_one_key_inside_a_program(form):
    program(form, 1).press("Control+End")
    form.keyboard.type("\nprint 'CS'")
    expect(form.get_by_role("button", name="Label it character")).to_be_visible()
    form.keyboard.press("Alt+g")
    expect(form.get_by_label("character", exact=False).first).to_be_checked()
    expect(form.get_by_text("This label is an accepted suggestion.")).to_be_visible()
    expect(program(form, 1)).to_be_focused()
    form.keyboard.press("Control+s")
    expect(form.get_by_text("as revision 2")).to_be_visible()

    assert LabelMark.objects.order_by("pk").last().source == "suggestion"  # type: ignore[union-attr]
    assert "\ngeneration: character\n" in Revision.objects.get(number=2).text


def test_all_excludes_the_other_generations_and_sides_show_for_migrations_only(form):
    box = {
        word: form.locator(f'[name="field-generation"][value="{word}"]') for word in ("all", "dwc", "vpro5")
    }
    expect(form.get_by_role("combobox", name="Side of the migration").first).to_be_hidden()

    box["dwc"].check()
    box["vpro5"].check()
    expect(box["all"]).not_to_be_checked()
    box["all"].check()
    expect(box["dwc"]).not_to_be_checked()
    expect(box["vpro5"]).not_to_be_checked()
    form.get_by_role("radio", name="migration").check()

    expect(form.get_by_role("combobox", name="Side of the migration").first).to_be_visible()
    expect(form.get_by_role("radiogroup", name="From generation")).to_be_visible()


def test_the_preview_follows_what_is_typed_and_takes_no_markup(form):
    form.get_by_label("Why the code is written").fill("It is **bold** <b>and</b> plain.")

    expect(form.locator("#preview-explanation strong")).to_have_text("bold")
    expect(form.locator("#preview-explanation")).to_contain_text("<b>and</b>")


@pytest.mark.parametrize("way", ["form", "markdown"])
def test_a_killed_browser_loses_nothing_typed_more_than_two_seconds_ago(
    browser: Browser, live_server: Any, author: User, example: Example, way: str
):
    address = live_server.url + reverse("example_edit", args=[example.pk])
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, live_server.url, author)
    page.goto(f"{address}?way={way}")
    expect(status(page)).to_contain_text("ound")
    box = program(page, 1) if way == "form" else page.get_by_role("textbox", name="Markdown")
    box.press("Control+End")
    page.keyboard.type("precious words")

    # Somebody types on without a pause, so a timer that each key starts anew would never end.
    with page.expect_request("**/drafts/keep/", timeout=2_000) as sent:
        for _ in range(20):
            page.keyboard.type(".", delay=90)
    assert sent.value.response()
    context.close()
    again = browser.new_context()
    page = again.new_page()
    sign_in(page, live_server.url, author)
    page.goto(address)

    assert "precious words" in Draft.objects.get().text
    expect(page.get_by_text("precious words").first).to_be_visible()
    again.close()


def test_both_ways_show_the_same_text_with_scripts_too(form):
    program(form, 0).press("Control+End")
    form.keyboard.type("\nrem typed")
    form.get_by_role("button", name="Markdown").click()
    expect(form.get_by_role("textbox", name="Markdown")).to_contain_text("rem typed")
    form.get_by_role("button", name="Form").click()

    expect(program(form, 0)).to_contain_text("rem typed")


def test_a_draft_that_cannot_be_kept_is_said_and_tried_again(
    browser: Browser, live_server: Any, author: User, example: Example
):
    page = browser.new_context().new_page()  # of its own: htmx writes the refusal to the console
    sign_in(page, live_server.url, author)
    page.goto(live_server.url + reverse("example_edit", args=[example.pk]))
    page.route("**/drafts/keep/", lambda route: route.fulfill(status=403, body=""))
    page.get_by_label("Title").fill("First")
    expect(page.get_by_text("Not kept: the studio gives no answer now.")).to_be_visible()

    page.unroute("**/drafts/keep/")
    page.get_by_label("Title").fill("Second")

    expect(page.get_by_text("Kept as a draft at")).to_be_visible()
    assert "title: Second" in Draft.objects.get().text
    page.context.close()


def test_who_is_signed_out_is_told_and_keeps_what_was_typed_on_the_page(form):
    form.context.clear_cookies(name="sessionid")

    form.get_by_label("Title").fill("Typed after that")

    expect(form.get_by_text("Not kept: you are signed out.")).to_be_visible()
    expect(form.get_by_label("Title")).to_have_value("Typed after that")
