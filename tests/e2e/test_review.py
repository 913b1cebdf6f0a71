"""Review in a real browser by keyboard alone: nothing here touches the mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from curation.models import Example, Review, Revision
from curation.services import assigning, reviewing
from tests import makers

pytestmark = pytest.mark.one_database


@pytest.fixture
def reviewer(transactional_db: None) -> User:
    return makers.user("reviewer", "rey")


@pytest.fixture
def sign_in(live_server: Any, page: Page) -> Callable[[User], None]:
    def by_session(account: User) -> None:
        session = makers.signed_in(account).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    return by_session


def examples(count: int, author: User) -> list[Example]:
    return [
        makers.example(text=makers.example_text(f"Task {n}", generation="bbj-gui"), author=author)
        for n in range(1, count + 1)
    ]


def expect_example(page: Page, number: int, place: str) -> None:
    """The example is on the screen, its heading has the focus, and the step was said."""
    heading = page.get_by_role("heading", level=1, name=f"Task {number}", exact=True)
    expect(heading).to_be_focused()
    expect(page.locator("[data-place]")).to_have_text(place)
    expect(page.locator("#says")).to_contain_text(place)


def test_twenty_examples_by_keys_alone(live_server, page: Page, sign_in, reviewer, axe):
    made = examples(20, makers.user())
    sign_in(reviewer)
    page.goto(live_server.url + reverse("review_next"))
    expect(page.locator("[data-place]")).to_have_text("1 of 20")
    assert axe() == []
    press, write = page.keyboard.press, page.keyboard.type

    for number in range(1, 15):
        press("a")
        expect_example(page, number + 1, f"1 of {20 - number}")

    # 15: R and X ask for a reason in which keys only type, and Ctrl Enter sends it.
    press("r")
    expect(page.get_by_label("Reason")).to_be_focused()
    write("a jarring loop")
    press("Control+Enter")
    expect_example(page, 16, "1 of 5")
    press("x")
    write("x nothing to learn")
    press("Control+Enter")
    expect_example(page, 17, "1 of 4")

    # 17: another label; R writes the reason, which needs no typing.
    press("5")
    expect(page.get_by_role("radio", name="dwc 5")).to_be_checked()
    expect(page.get_by_text("The text says bbj-gui.")).to_be_visible()
    press("r")
    expect(page.get_by_label("Reason")).to_have_value("generation: dwc instead of bbj-gui")
    press("Control+Enter")
    expect_example(page, 18, "1 of 3")

    # 18: A is refused with another label, F writes it into the text.
    press("6")
    press("a")
    expect(page.locator("#says")).to_contain_text("Press F to write yours into the text, or R")
    press("f")
    expect_example(page, 19, "1 of 2")

    # J and K go on without a verdict, C comments, Z takes the last action back and shows that example.
    press("j")
    expect_example(page, 20, "2 of 2")
    press("k")
    expect_example(page, 19, "1 of 2")
    press("c")
    write("is this zebra needed?")
    press("Control+Enter")
    expect(page.get_by_text("is this zebra needed?")).to_be_visible()
    expect(page.locator(".htmx-request, .htmx-added, .htmx-settling")).to_have_count(0)  # keys wait for it
    press("a")
    expect_example(page, 20, "1 of 1")
    press("z")
    expect_example(page, 19, "1 of 2")
    expect(page.locator("#says")).to_contain_text("Undone: approved")
    press("a")
    expect_example(page, 20, "1 of 1")

    # 20: F with the right label opens the editor.
    press("?")
    expect(page.get_by_text("leave a text field, in which keys only type")).to_be_visible()
    press("f")
    expect(page.get_by_text("what you save counts as mended by you")).to_be_visible()
    assert axe() == []
    assert not Revision.objects.filter(example=made[19], number=2).exists()

    verdicts = [
        row.verdict for row in Review.objects.exclude(verdict="withdrawn").order_by("example_id", "pk")
    ]
    assert verdicts == ["approve"] * 14 + ["request_changes", "reject", "request_changes"] + ["approve"] * 2
    assert Review.objects.get(example=made[16]).generations == ["dwc"]
    relabelled = Revision.objects.get(example=made[17], number=2)
    assert relabelled.endorsed
    assert "generation: [bbj-gui, dwc]" in relabelled.text


def test_another_reviewer_confirms_a_mended_text_with_one_key(
    live_server, page: Page, sign_in, reviewer, axe
):
    _, second = examples(2, makers.user())
    text = makers.example_text("Task 2 mended", generation="bbj-gui")
    makers.mended(second, text, reviewer=makers.user("reviewer", "kim"))
    sign_in(reviewer)

    page.goto(live_server.url + reverse("review_next"))
    expect(page.get_by_text("Mended in review by kim, who found it right otherwise.")).to_be_visible()
    expect(page.get_by_role("region", name="Both texts")).to_be_visible()
    assert axe() == []
    page.keyboard.press("d")
    expect(page.get_by_role("region", name="Both texts")).not_to_be_visible()
    page.keyboard.press("a")

    expect_example(page, 1, "1 of 1")
    assert reviewing.status_of(second) == "approved"


def test_a_dispute_is_settled_by_keys(live_server, page: Page, sign_in, reviewer, axe):
    (example,) = examples(1, makers.user())
    assigning.require_reviews(examples=[example.pk], needed=2, by=makers.user("maintainer"))
    makers.review(example)
    makers.review(example, "reject", reason="nothing to learn")
    sign_in(reviewer)
    page.goto(live_server.url + reverse("dispute_next"))
    expect(page.get_by_text("nothing to learn")).to_be_visible()
    assert axe() == []

    page.keyboard.press("a")
    expect(page.get_by_label("Why you decide so")).to_be_focused()
    page.keyboard.type("it shows a loop")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Nothing waits for you here.")).to_be_visible()
    assert axe() == []
    assert reviewing.status_of(example) == "approved"
