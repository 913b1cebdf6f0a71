"""The page of the list: filters and place in the address, and the way back to both."""

from __future__ import annotations

import re
from dataclasses import fields
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.forms.examples import ExampleFilterForm
from curation.models import Example, Review
from curation.services import assigning, comparing, finding, searching
from tests import makers

LIST = reverse("example_list")


def shown(client, **query) -> str:
    return client.get(LIST, query).content.decode()


def paths(client, **query) -> list[str]:
    return re.findall(r'<span class="meta mono">([^<]+)</span>', shown(client, **query))


def tagged(title: str, tags: str) -> str:
    return makers.example_text(title).replace("difficulty: basic", f"difficulty: basic\ntags: [{tags}]", 1)


@pytest.fixture
def several(author) -> dict[str, Example]:
    """One that was sent back, one with a warning, one that two have to judge."""
    sent_back = makers.example("gui/a.md", tagged("One", "window, sql"), author=author)
    makers.review(sent_back, "request_changes", reviewer=makers.user("reviewer"))
    warned = makers.example("gui/b.md", makers.example_text("Two", code="rem too short\n"))
    twice = makers.example("oop/c.md", makers.example_text("Three"))
    assigning.require_reviews(examples=[twice.pk], needed=2, by=makers.user("maintainer"))
    return {"sent_back": sent_back, "warned": warned, "twice": twice}


def test_the_form_has_every_filter_of_the_search():
    assert set(ExampleFilterForm.base_fields) == {field.name for field in fields(finding.Filters)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tag": "sql"}, ["gui/a.md"]),
        ({"verdict": "request_changes"}, ["gui/a.md"]),
        ({"problems": "yes", "topic": "gui"}, ["gui/b.md"]),
        ({"needed": "more"}, ["oop/c.md"]),
        ({"needed": "1"}, ["gui/a.md", "gui/b.md"]),
        ({"author": "nobody of this name"}, []),
        ({"assigned": "me"}, []),
        ({"status": "live"}, ["gui/a.md", "gui/b.md", "oop/c.md"]),
        ({"labelled": "person", "topic": "gui"}, ["gui/a.md", "gui/b.md"]),
        ({"labelled": "import"}, []),
        ({"traces": "differs"}, []),
        ({"job": "17"}, []),
        ({"job": "x"}, ["gui/a.md", "gui/b.md", "oop/c.md"]),
        ({"verdict": "nonsense", "needed": "-1"}, ["gui/a.md", "gui/b.md", "oop/c.md"]),
    ],
)
def test_each_filter_stands_in_the_address(as_reviewer, several, query, expected):
    assert paths(as_reviewer, **query) == expected


def test_a_reviewer_finds_what_was_assigned_to_them(reviewer, as_reviewer, several):
    assigning.assign(examples=[several["warned"].pk], to=[reviewer], by=makers.user("maintainer"))

    assert paths(as_reviewer, assigned="me") == ["gui/b.md"]
    assert finding.find_examples(finding.Filters(assigned=reviewer.username)).get() == several["warned"]


def test_live_leaves_out_what_was_rejected_and_counts_it(as_reviewer, several):
    makers.review(several["warned"], "reject")

    response = as_reviewer.get(LIST, {"status": "live"})

    assert response.context["found"] == 2
    assert [tab["count"] for tab in response.context["tabs"]] == [3, 1, 0, 1, 0, 1, 0]


def test_each_set_filter_is_named_and_can_be_left_out_alone(as_author, several):
    text = shown(as_author, tag="sql", topic="gui")

    assert f'href="{LIST}?topic=gui" aria-label="Leave out the filter Tag: sql"' in text
    assert f'href="{LIST}?tag=sql" aria-label="Leave out the filter Topic: gui"' in text
    assert f'href="{LIST}?topic=gui&amp;tag=sql&amp;status=approved"' in text


def test_a_word_that_very_many_hold_is_not_counted(as_author, several, monkeypatch):
    monkeypatch.setattr(searching, "MANY", 2)
    monkeypatch.setattr(finding, "MOST_COUNTED", 2)

    text = shown(as_author, q="rem")
    narrowed = as_author.get(LIST, {"q": "rem", "topic": "oop"})

    assert "More than 2 examples hold these words" in text
    assert len(paths(as_author, q="rem")) == 3
    assert narrowed.context["found"] == len(narrowed.context["page"].rows) == 1


def test_the_commonest_tags_are_suggested(as_author):
    makers.example(text=tagged("One", "sql, window"))
    makers.example(text=tagged("Two", "sql"))

    text = as_author.get(reverse("example_tags")).content.decode()

    assert re.findall(r'value="(\w+)">(\d) example', text) == [("sql", "2"), ("window", "1")]


def test_the_list_takes_the_same_number_of_questions_for_one_row_and_for_a_full_page(as_author, several):
    asked = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            as_author.get(LIST)
        asked.append(len(queries))
        for n in range(12):
            makers.example(f"gui/more-{n}.md", tagged(f"More {n}", f"t{n}, u{n}"))

    assert asked[0] == asked[1]


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match, pattern
    return match[1].replace("&amp;", "&")


def way_back(page: str) -> str:
    return found(r'href="([^"]+)" data-key="b"', page)


def test_one_comes_back_to_the_same_page_with_the_row_marked(as_author, author):
    for n in range(60):
        makers.example(f"gui/n{n:03}.md", author=author)
    second_page = as_author.get(LIST, {"topic": "gui"}).context["page"].next
    listed = as_author.get(LIST + second_page).content.decode()

    example_page = as_author.get(found(r'href="([^"]+)" data-row', listed)).content.decode()
    edit = found(r'href="([^"]+)" data-key="e"', example_page)
    form = as_author.get(edit).context["form"]
    saved = as_author.post(
        edit,
        {
            **{name: form[name].value() or "" for name in form.fields},
            "text": makers.example_text("Anew"),
            "way": "markdown",
        },
        follow=True,
    )
    back = way_back(saved.content.decode())
    landed = as_author.get(back)

    assert saved.status_code == 200
    assert urlsplit(back).path == LIST
    assert parse_qs(urlsplit(back).query) == {
        "topic": ["gui"],
        "after": ["gui/n049.md"],
        "at": [str(Example.objects.get(path="gui/n050.md").pk)],
    }
    assert [row.path for row in landed.context["page"].rows] == [f"gui/n{n:03}.md" for n in range(50, 60)]
    assert landed.content.decode().count('class="here" aria-current="true"') == 1


def test_after_a_verdict_the_list_says_where_its_example_is(as_reviewer):
    example = makers.example("gui/a.md")
    address = f"{reverse('review_example', args=[example.pk])}?list=status%3Dneeds_review"

    judged = as_reviewer.post(
        address, {"verdict": "approve", "content_hash": example.content_hash}, follow=True
    )
    landed = as_reviewer.get(way_back(judged.content.decode())).content.decode()

    assert Review.objects.count() == 1
    assert "is not on this page any more" in landed
    assert "approved</span>" in landed


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example/",
        "https://evil.example/?status=approved",
        'after="><script>alert(1)</script>',
        "x" * 5000,
        "next=https://evil.example&status=approved",
        "after=\0&status=\ud7ff%00",
    ],
)
def test_the_way_back_leads_to_the_list_and_nowhere_else(as_author, hostile):
    example = makers.example()

    page = as_author.get(reverse("example_page", args=[example.pk]), {"list": hostile})

    back = urlsplit(way_back(page.content.decode()))
    assert page.status_code == 200
    assert (back.scheme, back.netloc, back.path) == ("", "", LIST)
    assert "<script>alert" not in page.content.decode()
    assert as_author.get(back.geturl()).status_code == 200


@pytest.mark.parametrize("at", ["0", "999999", "x", "9" * 30, "-1"])
def test_a_place_that_is_none_does_no_harm(as_author, at):
    makers.example()

    assert as_author.get(LIST, {"at": at}).status_code == 200


def test_a_page_that_was_not_opened_from_the_list_has_no_way_back(as_author):
    page = as_author.get(reverse("example_page", args=[makers.example().pk]))

    assert "Back to the list" not in page.content.decode()


def test_htmx_updates_the_live_region_around_the_count(as_author, several):
    text = as_author.get(LIST, {"topic": "oop"}, HTTP_HX_REQUEST="true").content.decode()

    assert re.search(r'id="found"[^>]+hx-swap-oob="innerHTML"[^<]*>\s*1 example matches', text)


def test_what_has_near_duplicates_is_filtered_until_it_is_decided(as_author):
    text = makers.example_text("The same")
    makers.example("gui/a.md", text)
    makers.example("oop/b.md", text)
    makers.example("oop/c.md")
    comparing.compare()

    page = shown(as_author, near="yes")

    assert paths(as_author, near="yes") == ["gui/a.md", "oop/b.md"]
    assert "≈ 1 alike" in page
    assert "Near-duplicates as they were counted at" in page
