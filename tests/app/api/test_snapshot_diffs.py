"""What changed between two dataset versions, for programs."""

from __future__ import annotations

import pytest

from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_a_program_reads_counts_changes_texts_and_the_changelog(program):
    reader = program("author", "snapshots:read")
    older = makers.snapshot("v1", examples=1)
    example = makers.approved("gui/new.md")
    newer = makers.snapshot("v2", examples=1)
    place = f"/snapshots/{older.pk}/diff/{newer.pk}"

    found = reader.get(place)
    listed = reader.get(f"{place}/changes?word=added&kind=examples&limit=1")
    rest = reader.get(listed.json()["next"])
    change = reader.get(f"{place}/changes/1").json()
    changelog = reader.get(f"/snapshots/{newer.pk}/changelog")

    assert found.json() == {
        "older": older.pk,
        "newer": newer.pk,
        "counts": {"examples": {"added": 2}},
        "settings": [],
    }
    assert listed.json()["items"][0]["path"] == example.path
    assert [row["words"] for row in rest.json()["items"]] == [["added"]]
    assert rest.json()["next"] is None
    assert example.head
    assert (change["path"], change["words"]) == (example.path, ["added"])
    assert (change["text_before"], change["text_after"]) == (None, example.head.text)
    assert changelog.content.decode().startswith("# v2, against v1\n")
    assert reader.get(f"/snapshots/{newer.pk}/diff/{newer.pk}").status_code == 409
    assert reader.get(f"{place}/changes?word=eaten").status_code == 422
