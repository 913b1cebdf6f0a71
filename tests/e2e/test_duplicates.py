"""Near-duplicates in a real browser: resolved by keyboard alone, shown while somebody types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from curation.models import Example, PairJudgement
from curation.services import comparing, reviewing
from tests import makers

pytestmark = pytest.mark.one_database

TITLES = ("Add up orders", "Count the lines", "Print a label")


@pytest.fixture
def reviewer(transactional_db: None) -> User:
    return makers.user("reviewer")


@pytest.fixture
def families(reviewer: User) -> list[list[Example]]:
    """Three clusters: two, two and three examples."""
    author = makers.user()
    made = [
        [
            makers.example(
                text=makers.example_text(title, explanation=f"{title}, told in way {n}."), author=author
            )
            for n in range(2 + (title == TITLES[2]))
        ]
        for title in TITLES
    ]
    comparing.compare()
    return made


@pytest.fixture
def sign_in(live_server: Any, page: Page) -> Callable[[User], None]:
    def by_session(account: User) -> None:
        session = makers.signed_in(account).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    return by_session


def test_clusters_are_resolved_by_keyboard(live_server, page: Page, sign_in, reviewer, families, axe):
    (a, b), (c, d), (e, f, g) = families
    sign_in(reviewer)
    page.goto(live_server.url + reverse("duplicate_list"))
    expect(page.get_by_text("3 clusters with 7 examples")).to_be_visible()
    assert axe() == []

    page.keyboard.press("n")  # into the first: the largest of those that are most alike
    expect(page.get_by_text("1 of 3")).to_be_visible()
    assert axe() == []
    page.keyboard.press("?")
    expect(page.get_by_text("undo what you decided last")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_text("2 others set aside.")).to_be_visible()
    assert sorted(reviewing.status_of(one) for one in (e, f, g)) == ["needs_review", "set_aside", "set_aside"]

    expect(page.get_by_text("1 of 2")).to_be_visible()
    page.keyboard.press("d")  # asks for a reason
    expect(page.get_by_label("Why they are no duplicates")).to_be_focused()
    page.keyboard.type("kn two dialects")  # K and N only type here
    page.keyboard.press("Enter")
    expect(page.get_by_text("are no duplicates.")).to_be_visible()
    distinct = PairJudgement.objects.get(verdict="distinct")
    assert {distinct.first_id, distinct.second_id} == {a.pk, b.pk}
    assert (distinct.reason, distinct.judge) == ("kn two dialects", reviewer)

    expect(page.get_by_text("1 of 1")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("article").first).to_contain_text("Left")
    page.keyboard.press("l")
    expect(page.get_by_text("No near-duplicates wait for a decision")).to_be_visible()
    assert sorted(reviewing.status_of(one) for one in (c, d)) == ["needs_review", "set_aside"]
    assert axe() == []


def test_the_slider_shows_what_each_threshold_finds(live_server, page: Page, sign_in, reviewer, families):
    sign_in(reviewer)
    page.goto(live_server.url + reverse("duplicate_list"))

    page.get_by_label("Alike to at least").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")

    expect(page.get_by_text("At 0.87")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?t=0\.87&kind=$"))


def test_z_takes_the_last_decision_back(live_server, page: Page, sign_in, reviewer, families):
    (a, b), *_ = families
    sign_in(reviewer)
    page.goto(live_server.url + reverse("duplicate_cluster", args=[a.pk]))

    page.keyboard.press("l")
    expect(page.get_by_text("1 other set aside.")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("Undone:")).to_be_visible()

    assert {reviewing.status_of(one) for one in (a, b)} == {"needs_review"}
    expect(page.get_by_role("article").filter(has_text=b.path)).to_be_visible()


def test_merging_goes_through_the_editor_and_back(live_server, page: Page, sign_in, reviewer, families):
    (a, b), *_ = families
    sign_in(reviewer)
    page.goto(f"{live_server.url}{reverse('duplicate_cluster', args=[a.pk])}?left={a.pk}&right={b.pk}")

    page.keyboard.press("m")
    expect(page.get_by_text(f"Take what is better from {b.path}")).to_be_visible()
    expect(page.get_by_text("told in way 1.").first).to_be_visible()
    page.get_by_label("Why the code is written").press("Control+End")
    page.keyboard.type("\nAnd what was better in the other one.\n")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("as revision 2")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/duplicates/{a.pk}/\?left={a.pk}&right={b.pk}"))
    comparing.compare()
    page.reload()
    page.keyboard.press("k")
    expect(page.get_by_text(f"Kept {a.path}; 1 other set aside.")).to_be_visible()


def test_near_examples_show_while_somebody_types(live_server, page: Page, sign_in, reviewer, families, axe):
    (a, _), *_ = families
    sign_in(reviewer)
    page.goto(live_server.url + reverse("example_new") + "?way=markdown")
    expect(page.get_by_text("once the errors above are mended")).to_be_visible()

    page.get_by_role("textbox", name="Markdown").fill(a.head.text)

    region = page.get_by_role("region", name="Near-duplicates")
    expect(region.get_by_text("2 near examples.")).to_be_visible()
    expect(region.get_by_role("link").first).to_have_attribute("href", reverse("example_page", args=[a.pk]))
    expect(region.get_by_role("listitem").first).to_contain_text("identical, text alike to 1.00")
    assert axe() == []
