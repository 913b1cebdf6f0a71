"""Saved views: who sees, changes and deletes them, and that only known filters are kept."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import AuditEntry, SavedView
from curation.services import bookmarking
from tests import makers

LIST, VIEWS = reverse("example_list"), reverse("view_list")


def saved(
    client: Client, name: str = "Waiting", query: str = "status=needs_review", **more: str
) -> SavedView:
    response = client.post(VIEWS, {"name": name, "query": query, **more})
    assert response.status_code == 302, response.content.decode()
    return SavedView.objects.latest("pk")


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


def test_the_present_filters_are_saved_and_lead_back_to_the_same_list(as_author):
    page = text(as_author, LIST, topic="gui", status="approved")
    query = re.search(r'name="query" value="([^"]+)"', page)
    assert query

    response = as_author.post(VIEWS, {"name": "Good windows", "query": query[1].replace("&amp;", "&")})

    assert response.url == f"{LIST}?status=approved&topic=gui"
    assert "Good windows" in text(as_author, LIST)
    assert "saved as a view already" in text(as_author, LIST, topic="gui", status="approved")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("status=approved&after=gui/x.md&at=3&list=x&next=//evil.example", "status=approved"),
        ("topic=gui&topic=oop&status=nonsense", "topic=oop"),
        ("assigned=me&q=print%20rem", "q=print+rem&assigned=me"),
    ],
)
def test_only_filters_that_the_list_knows_are_kept(as_author, query, kept):
    assert saved(as_author, query=query).query == kept


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "", "query": "status=approved"}, "This field is required"),
        ({"name": "x" * 61, "query": "status=approved"}, "at most 60 characters"),
        ({"name": "All", "query": "page=3"}, "No filter is set"),
        ({"name": "All"}, "This field is required"),
        ({"name": "Taken", "query": "status=approved"}, "You have a view &quot;Taken&quot; already"),
        ({"name": "Long", "query": "q=" + "x" * 2000}, "at most 1000 characters"),
    ],
)
def test_what_cannot_be_saved_is_said_and_what_was_typed_stays(as_author, fields, why):
    saved(as_author, "Taken")

    response = as_author.post(VIEWS, fields)

    assert response.status_code == 422
    assert why in response.content.decode()
    assert f'value="{fields["name"][:10]}' in response.content.decode() or not fields["name"]
    assert SavedView.objects.count() == 1


def test_others_see_a_shared_view_and_cannot_change_it(as_author, as_reviewer):
    private = saved(as_author, "Mine")
    shared = saved(as_author, "For all", query="topic=gui", shared="on")

    page = text(as_reviewer, LIST)

    assert "For all" in page
    assert "Mine" not in page
    for view in (private, shared):
        for name in ("view_change", "view_delete"):
            assert as_reviewer.post(reverse(name, args=[view.pk]), {"name": "Taken over"}).status_code == 404
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Mine", "For all"}


def test_me_in_a_shared_view_is_whoever_looks(as_author, as_reviewer, reviewer):
    saved(as_author, "My assignments", query="assigned=me", shared="on")
    example = makers.example("gui/a.md")
    example.assignments.create(reviewer=reviewer, assigned_by=reviewer)

    counts = [text(client, reverse("view_counts")) for client in (as_author, as_reviewer)]

    assert [re.findall(r">([\d,+]+)<", page) for page in counts] == [["0"], ["1"]]


def test_a_view_is_renamed_shared_and_deleted_with_a_word_in_the_audit_log(as_author, author):
    view = saved(as_author)
    saved(as_author, "Other")

    refused = as_author.post(reverse("view_change", args=[view.pk]), {"name": "Other"})
    as_author.post(reverse("view_change", args=[view.pk]), {"name": "Renamed", "shared": "on"})
    view.refresh_from_db()

    assert refused.status_code == 422
    assert 'value="Other"' in refused.content.decode()
    assert (view.name, view.shared) == ("Renamed", True)
    as_author.post(reverse("view_delete", args=[view.pk]))
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Other"]
    actions = list(AuditEntry.objects.filter(actor=author).values_list("action", flat=True))
    assert actions == ["view.save", "view.save", "view.change", "view.delete"]


def test_nobody_saves_without_end(as_author, author, monkeypatch):
    monkeypatch.setattr(bookmarking, "MOST", 1)
    saved(as_author)

    response = as_author.post(VIEWS, {"name": "Second", "query": "topic=gui"})

    assert response.status_code == 422
    assert "delete one first" in response.content.decode()
