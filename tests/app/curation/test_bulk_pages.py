"""The pages of bulk actions: choose, preview, do, undo; by everybody only what their role may do."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Assignment, AuditEntry, Example
from curation.services import bulk_editing
from studio import audit_trail
from tests import makers

pytestmark = pytest.mark.one_database

LIST, CHOOSE = reverse("example_list"), reverse("bulk_choose")
TEXT, VERDICT = reverse("bulk_text"), reverse("bulk_verdict")


@pytest.fixture
def three(db) -> list[Example]:
    return [makers.example(f"gui/{name}.md") for name in "abc"]


def ticked(examples, **more: Any) -> dict[str, Any]:
    return {"which": "selected", "id": [one.pk for one in examples], "list": "topic=gui", **more}


def bulk_entries() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action__startswith="bulk"))


def test_every_action_has_words_in_the_audit_log():
    assert set(bulk_editing.ACTIONS) <= set(audit_trail.WORDS)


def hidden(page: str) -> dict[str, list[str]]:
    """The fields of the form that confirms a preview."""
    confirm = next(form for form in page.split("<form") if 'name="digest"' in form)
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', confirm):
        fields.setdefault(name, []).append(html.unescape(value))
    return fields


def previewed(client: Client, address: str, fields: dict[str, Any]) -> str:
    response = client.post(address, fields)
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


def confirmed(client: Client, address: str, page: str):
    return client.post(address, hidden(page), follow=True)


def test_ticked_rows_lead_over_a_preview_to_the_change_and_back_to_the_list(as_author, author, three):
    chosen = as_author.get(CHOOSE, ticked(three[:2])).content.decode()
    page = previewed(as_author, f"{TEXT}?list=topic%3Dgui", ticked(three[:2], action="add_tag", tag="window"))

    assert "Change 2 examples" in chosen
    assert "2 of 2</strong> examples will change" in page
    assert not bulk_entries()
    result = confirmed(as_author, f"{TEXT}?list=topic%3Dgui", page)
    text = result.content.decode()
    assert "Done: add the tag &quot;window&quot; (2 examples)" in text
    assert f'href="{LIST}?topic=gui"' in text
    assert list(Example.objects.filter(tags__tag="window").values_list("path", flat=True)) == [
        "gui/a.md",
        "gui/b.md",
    ]


def test_all_that_match_the_filters_are_taken_when_it_is_done(as_author, three):
    makers.example("oop/other.md")
    fields = {"which": "matching", "list": "topic=gui&after=gui/a.md", "action": "difficulty"}

    page = previewed(as_author, TEXT, {**fields, "difficulty": "advanced"})
    result = confirmed(as_author, TEXT, page)

    assert "3 of 3</strong> examples will change" in page
    assert Example.objects.filter(difficulty="advanced").count() == 3
    assert result.redirect_chain


def test_a_selection_that_changed_meanwhile_is_shown_again_and_not_done(as_author, three):
    fields = {"which": "matching", "list": "topic=gui", "action": "difficulty", "difficulty": "advanced"}
    page = previewed(as_author, TEXT, fields)
    makers.example("gui/new.md")

    again = as_author.post(TEXT, hidden(page))

    assert again.status_code == 422
    assert "changed after you looked at the plan" in again.content.decode()
    assert "4 of 4</strong> examples will change" in again.content.decode()
    assert not Example.objects.filter(difficulty="advanced").exists()
    confirmed(as_author, TEXT, again.content.decode())
    assert Example.objects.filter(difficulty="advanced").count() == 4


def test_the_preview_says_what_is_left_out_and_why(as_author, three):
    makers.edited(three[0], three[0].head.text.replace("basic", "advanced", 1))

    page = previewed(as_author, TEXT, ticked(three, action="difficulty", difficulty="advanced"))

    assert "2 of 3</strong> examples will change; 1 is left out" in page
    assert "1 because it is advanced already" in page


@pytest.mark.parametrize("place", ["its page", "the list"])
def test_a_whole_action_is_undone_from_its_page_and_from_the_list(as_author, three, place):
    page = previewed(as_author, TEXT, ticked(three, action="add_tag", tag="window"))
    done = confirmed(as_author, TEXT, page)
    text = (done if place == "its page" else as_author.get(LIST)).content.decode()
    address = re.search(r'action="([^"]+/undo/[^"]*)"', text)
    assert address

    undone = as_author.post(address[1], follow=True).content.decode()

    assert "3 changed back." in undone
    assert not Example.objects.filter(tags__tag="window").exists()
    assert "You did, at" not in as_author.get(LIST).content.decode()


def test_somebody_elses_action_offers_no_undo(as_author, as_reviewer, three):
    page = previewed(as_author, TEXT, ticked(three, action="add_tag", tag="window"))
    confirmed(as_author, TEXT, page)
    entry = AuditEntry.objects.get(action="bulk.add_tag")

    shown = as_reviewer.get(reverse("bulk_done", args=[entry.pk])).content.decode()
    refused = as_reviewer.post(reverse("bulk_undo", args=[entry.pk]), follow=True).content.decode()

    assert "/undo/" not in shown
    assert "Each takes back only what they did themselves." in refused
    assert "You did, at" not in as_reviewer.get(LIST).content.decode()


def test_an_objection_goes_out_with_its_reason(as_reviewer, three):
    page = previewed(
        as_reviewer, VERDICT, ticked(three, action="request_changes", reason='Say "why" & where.\nTwice.')
    )
    confirmed(as_reviewer, VERDICT, page)

    assert {row.status for row in Example.objects.all()} == {"changes_requested"}
    assert three[0].reviews.get().reason == 'Say "why" & where.\nTwice.'


def test_nothing_approves_many_at_once(as_reviewer, three):
    response = as_reviewer.post(VERDICT, ticked(three, action="approve", reason="fine"))

    assert response.status_code == 422
    assert "Many at once are never approved" in response.content.decode()
    assert not Example.objects.approved().exists()
    assert "approve" not in bulk_editing.KINDS


def test_roles_see_and_may_do_what_is_theirs(as_author, as_reviewer, as_maintainer, three):
    reviewer = makers.user("reviewer", "rey")
    asked = ticked(three, action="assign", reviewer="rey")

    assert "Who reviews them" not in as_author.get(CHOOSE, ticked(three)).content.decode()
    assert "Set the number" not in as_reviewer.get(CHOOSE, ticked(three)).content.decode()
    assert as_author.post(reverse("bulk_reviewers"), asked).status_code == 403
    assert as_reviewer.post(reverse("bulk_needed"), ticked(three, action="needed")).status_code == 403
    confirmed(
        as_reviewer, reverse("bulk_reviewers"), previewed(as_reviewer, reverse("bulk_reviewers"), asked)
    )
    needed = ticked(three, action="needed", needed="3")
    confirmed(as_maintainer, reverse("bulk_needed"), previewed(as_maintainer, reverse("bulk_needed"), needed))
    assert Assignment.objects.filter(reviewer=reviewer).count() == 3
    assert set(Example.objects.values_list("reviews_needed", flat=True)) == {3}


@pytest.mark.parametrize(
    ("address", "fields", "sentence"),
    [
        (TEXT, {"action": "difficulty", "difficulty": "easy"}, "Select a valid choice"),
        (TEXT, {"action": "difficulty"}, "Choose a difficulty."),
        (TEXT, {"action": "add_tag", "tag": "  "}, "Write a tag."),
        (TEXT, {"action": "add_tag", "tag": "x" * 61}, "at most 60 characters"),
        (TEXT, {"action": "generation"}, "Choose at least one generation."),
        (TEXT, {"action": "generation", "generation": ["all", "dwc"]}, "excludes the other generations"),
        (TEXT, {"action": "reject"}, "Choose one of the actions"),
        (TEXT, {}, "This field is required"),
        (VERDICT, {"action": "reject", "reason": " "}, "Say in a sentence why"),
        (reverse("bulk_reviewers"), {"action": "assign", "reviewer": "nobody"}, "Select a valid choice"),
        (reverse("bulk_needed"), {"action": "needed", "needed": "9"}, "less than or equal to 5"),
    ],
)
def test_a_wrong_value_is_a_sentence_on_the_page_to_choose(as_maintainer, three, address, fields, sentence):
    response = as_maintainer.post(address, ticked(three, **fields))

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "Change 3 examples" in response.content.decode()
    assert not bulk_entries()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"which": "selected"},
        {"which": "selected", "id": ["x", "-1", "9" * 40]},
        {"which": "selected", "id": "999999"},
        {"which": "nonsense", "list": "\0&" * 600},
        {"which": "matching", "list": "topic=nowhere&q=%00"},
    ],
)
def test_a_selection_of_nothing_is_told_what_to_do(as_maintainer, query):
    response = as_maintainer.get(CHOOSE, query)

    assert response.status_code == 200
    assert "example is selected" in response.content.decode() or "0 examples" in response.content.decode()


def test_too_many_are_refused_on_the_page(as_maintainer, three, monkeypatch):
    monkeypatch.setattr(bulk_editing, "MOST", 2)
    fields = {"which": "matching", "list": "topic=gui"}

    chosen = as_maintainer.get(CHOOSE, fields).content.decode()
    acted = as_maintainer.post(TEXT, {**fields, "action": "add_tag", "tag": "x"})

    assert "More than 2 examples are too many" in chosen
    assert acted.status_code == 422
    assert "More than 2 examples are too many" in acted.content.decode()


def test_what_is_typed_is_never_markup(as_maintainer, three):
    page = previewed(
        as_maintainer, VERDICT, ticked(three, action="reject", reason="<script>alert(1)</script>")
    )
    result = confirmed(as_maintainer, VERDICT, page).content.decode()

    assert "<script>alert" not in page
    assert "<script>alert" not in result
