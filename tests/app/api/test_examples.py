"""Examples through the API: what a program may read and write, and what keeps it from overwriting people."""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields

import pytest

from curation.api.examples import Filters
from curation.models import Draft, Example
from curation.services import drafting, finding
from tests import makers

pytestmark = pytest.mark.one_database


def test_a_program_writes_reads_and_edits_an_example(author):
    text = makers.example_text("Hello")

    made = author.post("/examples", {"path": "gui/hello.md", "text": text})
    read = author.get(made["Location"])
    edited = author.put(
        made["Location"],
        {"text": makers.example_text("Hello again"), "note": "clearer"},
        If_Match=read["ETag"],
    )

    assert made.status_code == 201
    assert read.json()["text"] == text
    assert (edited.status_code, edited.json()["revision"], edited.json()["note"]) == (200, 2, "clearer")
    revisions = author.get(f"{made['Location']}/revisions").json()["items"]
    assert [row["number"] for row in revisions] == [2, 1]
    assert author.get(f"{made['Location']}/revisions/1").json()["text"] == text


def test_a_text_with_errors_is_refused_with_all_of_them_and_leaves_no_draft(author):
    answer = author.post("/examples", {"path": "nowhere/a.md", "text": "no front matter"})

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert {"topic", "front-matter-missing"} <= {error["code"] for error in answer.json()["errors"]}
    assert not Example.objects.exists()
    assert not Draft.objects.exists()


def test_an_edit_names_the_text_that_was_seen(author):
    example = makers.example()
    seen = author.get(f"/examples/{example.pk}")["ETag"]
    mine = {"text": makers.example_text("Mine")}

    blind = author.put(f"/examples/{example.pk}", mine)
    makers.edited(example, makers.example_text("Theirs"))
    late = author.put(f"/examples/{example.pk}", mine, If_Match=seen)
    weak = author.put(f"/examples/{example.pk}", mine, If_Match=f'W/"{example.content_hash}"')
    known = author.put(f"/examples/{example.pk}", mine, If_Match=f'"{example.content_hash}"')

    assert [answer.status_code for answer in (blind, late, weak, known)] == [428, 412, 428, 200]
    assert example.revisions.count() == 3


def test_an_edit_by_a_program_leaves_the_draft_in_the_browser_alone(author):
    example = makers.example()
    drafting.keep(drafting.draft_of(author=author.user, example=example), text="half a thought")

    author.put(f"/examples/{example.pk}", {"text": "broken"}, If_Match=f'"{example.content_hash}"')

    assert Draft.objects.get().text == "half a thought"


def test_what_is_known_already_is_not_sent_again_but_a_new_status_is(author, reviewer):
    example = makers.example()
    first = author.get(f"/examples/{example.pk}")

    same = author.get(f"/examples/{example.pk}", If_None_Match=first["ETag"])
    reviewer.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=first["ETag"])
    changed = author.get(f"/examples/{example.pk}", If_None_Match=first["ETag"])

    assert (same.status_code, same.content) == (304, b"")
    assert (changed.status_code, changed.json()["status"]) == (200, "approved")
    assert changed["ETag"] != first["ETag"]


def test_a_verdict_does_not_stop_an_edit_of_the_same_text(author, reviewer):
    example = makers.example()
    seen = author.get(f"/examples/{example.pk}")["ETag"]
    reviewer.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=seen)

    edited = author.put(f"/examples/{example.pk}", {"text": makers.example_text("Better")}, If_Match=seen)

    assert (edited.status_code, edited.json()["status"]) == (200, "needs_review")


def test_a_list_is_read_page_by_page_and_ends(author):
    paths = [makers.example(f"gui/example-{n}.md").path for n in range(5)]

    found, link = [], "/examples?limit=2&topic=gui"
    while link:
        page = author.get(link)
        found += [row["path"] for row in page.json()["items"]]
        assert page.get("Link", "") == (f'<{page.json()["next"]}>; rel="next"' if page.json()["next"] else "")
        link = page.json()["next"]

    assert found == paths


def test_the_list_takes_every_filter_that_the_search_has():
    assert set(Filters.model_fields) == {field.name for field in fields(finding.Filters)}


def test_the_list_takes_the_filters_of_the_page(author):
    makers.approved("gui/window.md")
    makers.example("strings/other.md")

    assert [row["path"] for row in author.get("/examples?status=approved").json()["items"]] == [
        "gui/window.md"
    ]
    assert [row["path"] for row in author.get("/examples?q=other").json()["items"]] == ["strings/other.md"]
    unknown = author.get("/examples?statuss=approved&status=great&limit=1000").json()
    assert [error["place"] for error in unknown["errors"]] == ["query.statuss"]
    wrong = author.get("/examples?status=great&limit=1000").json()
    assert {error["place"] for error in wrong["errors"]} == {"query.status", "query.limit"}


def test_a_list_asks_the_database_a_constant_number_of_questions(author, django_assert_max_num_queries):
    for n in range(12):
        makers.example(f"gui/example-{n}.md")

    with django_assert_max_num_queries(4):
        assert len(author.get("/examples").json()["items"]) == 12


def test_an_older_text_is_brought_back(author):
    example = makers.example()
    first = author.get(f"/examples/{example.pk}").json()["text"]
    makers.edited(example, makers.example_text("Second"))
    place = f"/examples/{example.pk}/revisions/1/restore"

    blind = author.post(place)
    back = author.post(place, If_Match=f'"{example.content_hash}"')

    assert (blind.status_code, back.status_code) == (428, 200)
    assert (back.json()["text"], back.json()["revision"]) == (first, 3)


def test_examples_are_downloaded_as_files(author):
    makers.approved("gui/a.md", makers.example_text("A"))
    makers.example("gui/b.md")

    answer = author.get("/examples.zip?status=approved")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert sorted(archive.namelist()) == [".studio.json", "gui/a.md"]
    assert archive.read("gui/a.md").decode() == makers.example_text("A")


def test_a_draft_that_becomes_an_example_is_gone_and_its_origin_stays(author):
    draft = drafting.open_draft(author=author.user, text="rem", origin="attempt:17")
    foreign = drafting.open_draft(author=makers.user(), text="rem")
    body = {"path": "gui/a.md", "text": makers.example_text()}

    refused = author.post("/examples", {**body, "draft": foreign.pk})
    made = author.post("/examples", {**body, "draft": draft.pk})

    assert (refused.status_code, made.status_code) == (404, 201)
    assert Example.objects.get().revisions.get().origin == "attempt:17"
    assert list(Draft.objects.values_list("pk", flat=True)) == [foreign.pk]
