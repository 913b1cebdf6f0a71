"""Every text that an example had can be found, compared and brought back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.models import AuditEntry, Draft, Example, Revision
from curation.services import drafting, reviewing, revising
from curation.views.history import PAGE_SIZE
from tests import makers


def page(client, name, *args, **query):
    return client.get(reverse(name, args=args), query)


def shown(response) -> str:
    return response.content.decode()


@pytest.fixture
def example(author) -> Example:
    """Three revisions: "One", "Two" with another label, "Three"."""
    made = makers.example("gui/a.md", makers.example_text("One"), author=makers.user(name="wilma"))
    makers.edited(made, makers.example_text("One", generation="dwc"), author=author)
    return makers.edited(made, makers.example_text("Three"), author=author)


def restored(client, example: Example, number: int, base_hash: str = ""):
    address = reverse("revision_restore", args=[example.pk, number])
    return client.post(address, {"base_hash": base_hash or example.content_hash}, follow=True)


def test_the_history_says_who_changed_what(as_author, example):
    response = page(as_author, "revision_list", example.pk)

    assert [row.revision.number for row in response.context["rows"]] == [3, 2, 1]
    assert [row.change.words[0] for row in response.context["rows"]] == [
        "label dwc → all",
        "label all → dwc",
        "first text",
    ]
    assert "wilma" in shown(response)


def test_pages_of_the_history_follow_each_other(as_author, author):
    example = makers.example("gui/a.md", makers.example_text("T0"))
    for n in range(1, PAGE_SIZE + 3):
        makers.edited(example, makers.example_text(f"T{n}"), author=author)

    first = page(as_author, "revision_list", example.pk)
    address = reverse("revision_list", args=[example.pk])
    second = as_author.get(address + first.context["page"].next)
    back = as_author.get(address + second.context["page"].previous)

    numbers = [[row.revision.number for row in r.context["rows"]] for r in (first, second, back)]
    assert numbers == [list(range(PAGE_SIZE + 3, 3, -1)), [3, 2, 1], list(range(PAGE_SIZE + 3, 3, -1))]


def test_a_longer_history_takes_no_more_queries(as_author, author):
    counts = []
    for edits in (1, 15):
        example = makers.example(text=makers.example_text("T"))
        for n in range(edits):
            makers.edited(example, makers.example_text(f"T{n}"), author=author)
        for name in ("revision_list", "example_page"):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                page(as_author, name, example.pk)
            counts.append(len(queries))

    assert counts[:2] == counts[2:]


def test_the_example_shows_its_newest_revisions_only(as_author, author):
    example = makers.example("gui/a.md", makers.example_text("T0"))
    for n in range(1, 8):
        makers.edited(example, makers.example_text(f"T{n}"), author=author)

    text = shown(page(as_author, "example_page", example.pk))

    assert [n for n in range(1, 9) if f">Revision {n}</a>" in text] == [4, 5, 6, 7, 8]
    assert "All 8 revisions" in text


def test_two_revisions_stand_side_by_side(as_author, example):
    response = page(as_author, "revision_compare", example.pk, left=1, right=3)

    text = shown(response)
    assert "<del>One</del>" in text
    assert "<ins>Three</ins>" in text
    assert "Restore revision 1" in text


@pytest.mark.parametrize(
    "query", [{}, {"left": 1}, {"left": 1, "right": 9}, {"left": "x", "right": "²"}, {"left": "9" * 40}]
)
def test_no_address_breaks_the_comparison(as_author, example, query):
    response = as_author.get(reverse("revision_compare", args=[example.pk]), query, follow=True)

    assert response.redirect_chain
    assert "Choose two revisions" in shown(response)


@pytest.mark.parametrize("query", [{"after": "x"}, {"before": "²"}, {"after": "9" * 30}, {"after": "1"}])
def test_no_address_breaks_the_history(as_author, example, query):
    assert page(as_author, "revision_list", example.pk, **query).status_code == 200


def test_an_older_text_comes_back_as_a_new_revision(as_author, author, example):
    response = restored(as_author, example, 1)

    example.refresh_from_db()
    newest = example.revisions.get(number=4)
    assert example.head == newest
    assert newest.text == makers.example_text("One")
    assert (newest.author, newest.note, example.title) == (author, "restored revision 1", "One")
    assert "is back, as revision 4" in shown(response)
    entry = AuditEntry.objects.get(action="example.restore")
    assert (entry.actor, entry.subject, entry.detail) == (author, "gui/a.md", {"restored": 1, "revision": 4})


def test_restoring_the_present_text_makes_no_revision(as_author, example):
    makers.edited(example, makers.example_text("One"))

    response = restored(as_author, example, 1)

    assert example.revisions.count() == 4
    assert "has the text of revision 1 already" in shown(response)
    assert not AuditEntry.objects.filter(action="example.restore").exists()


@pytest.mark.parametrize("base_hash", ["0" * 64, "nonsense"])
def test_a_restore_never_overwrites_what_its_author_has_not_seen(as_author, example, base_hash):
    response = restored(as_author, example, 1, base_hash)

    assert example.revisions.count() == 3
    assert "saved revision 3" in shown(response)
    assert "Restore revision 1" in shown(response)


def test_a_text_that_breaks_todays_rules_is_not_restored(as_author, author, example):
    Revision.objects.create(
        example=example,
        number=9,
        text="no front matter",
        content_hash="x",
        author=author,
        parent=example.head,
    )

    response = restored(as_author, example, 9)

    assert "breaks today&#x27;s rules" in shown(response)
    assert Example.objects.get().content_hash == example.content_hash


def test_a_restore_leaves_drafts_alone(as_author, author, example):
    draft = drafting.draft_of(author=author, example=example)
    drafting.keep(draft, text="half a sentence")

    restored(as_author, example, 1)

    assert Draft.objects.get().text == "half a sentence"


def test_only_what_exists_is_restored(as_author, example):
    assert restored(as_author, example, 77).status_code == 404


def test_what_people_write_is_never_markup_in_a_history(as_author, author):
    example = makers.example("gui/a.md", makers.example_text("<b>One</b>"))
    makers.edited(example, makers.example_text("<i>Two</i>"), author=author)

    for text in (
        shown(page(as_author, "revision_list", example.pk)),
        shown(page(as_author, "revision_compare", example.pk, left=1, right=2)),
    ):
        assert "<b>" not in text
        assert "<i>" not in text


def test_an_approved_text_that_comes_back_is_approved_again(author):
    example = makers.approved("gui/a.md", makers.example_text("One"))
    makers.edited(example, makers.example_text("Two"), author=author)
    assert reviewing.status_of(example) == "needs_review"

    revising.restore(example=example, number=1, author=author, base_hash=example.content_hash)

    example.refresh_from_db()
    assert reviewing.status_of(example) == "approved"
