"""Labelling through the API: bound to the text that was read, and counted as on the page."""

from __future__ import annotations

import pytest

from curation.models import Example
from tests import makers

pytestmark = pytest.mark.one_database

WINDOW = 'rem window\nwindow! = BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"a")\n'


def match(example: Example) -> dict[str, str]:
    example.refresh_from_db()
    return {"If_Match": f'"{example.content_hash}"'}


def test_a_label_is_read_chosen_confirmed_and_accepted(author):
    written = author.post("/examples", {"path": "gui/a.md", "text": makers.example_text("A", code=WINDOW)})
    example = Example.objects.get()
    place = f"/examples/{example.pk}/labels"

    assert written.status_code == 201
    assert author.get(place).json() == [
        {
            "part": "",
            "generations": ["all"],
            "source": "import",
            "suggested": ["bbj-gui", "dwc"],
            "may_accept": True,
            "verdict": "differs",
        }
    ]
    accepted = author.post(place, {"action": "accept"}, **match(example))
    assert (accepted.status_code, accepted.json()[0]["source"]) == (201, "suggestion")
    chosen = author.post(
        place, {"action": "choose", "labels": [{"generations": ["dwc"]}]}, **match(example)
    ).json()
    assert (chosen[0]["generations"], chosen[0]["source"]) == (["dwc"], "person")
    assert author.post(place, {"action": "confirm"}, **match(example)).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "choose"}, 409),
        ({"action": "choose", "labels": [{"part": "before", "generations": ["dwc"]}]}, 409),
        ({"action": "choose", "labels": [{"generations": ["all", "dwc"]}]}, 422),
        ({"action": "guess"}, 422),
    ],
)
def test_what_is_no_label_is_refused(author, body, status):
    example = makers.example()

    answer = author.post(f"/examples/{example.pk}/labels", body, **match(example))

    assert answer.status_code == status
    assert answer.json()["detail"]


def test_another_text_than_the_one_that_was_read_is_not_labelled(author):
    example = makers.example()
    place = f"/examples/{example.pk}/labels"
    seen = match(example)
    makers.edited(example, makers.example_text("Another"))

    assert author.post(place, {"action": "confirm"}, **seen).status_code == 412
    assert author.post(place, {"action": "confirm"}).status_code == 428


def test_agreement_says_that_there_is_no_data_yet(reviewer):
    rows = reviewer.get("/agreement").json()

    assert [row["question"] for row in rows] == ["approved", "all", "character", "vpro5", "bbj-gui", "dwc"]
    assert {(row["alpha"], row["word"]) for row in rows} == {(None, "no data")}
