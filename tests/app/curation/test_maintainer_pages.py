from __future__ import annotations

import json

import pytest
from django.urls import reverse

from curation.models import Snapshot
from tests import makers

pytestmark = pytest.mark.one_database


def shown(response) -> str:
    return response.content.decode()


WAIVED = {"waive-coverage": "a first version", "waive-split": "too few to validate"}
FREEZE = {"name": "v1", "seed": "13", "validation_per_mille": "100", **WAIVED}


def test_freezing_shows_the_version(as_maintainer):
    makers.approved("gui/a.md")

    response = as_maintainer.post(reverse("snapshot_freeze"), FREEZE, follow=True)

    assert response.context["snapshot"] == Snapshot.objects.get()
    assert "gui/a.md" in shown(response)
    assert Snapshot.objects.get().digest in shown(response)


def test_a_refusal_keeps_what_was_typed(as_maintainer):
    response = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, "name": "my-version"})

    assert response.status_code == 422
    assert "No example is approved" in shown(response)
    assert 'value="my-version"' in shown(response)
    assert not Snapshot.objects.exists()


def test_a_warning_without_a_reason_freezes_nothing_and_the_other_reasons_stay(as_maintainer):
    makers.approved("gui/a.md")

    response = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, "waive-split": " "})

    assert response.status_code == 422
    assert "Both sides of the split hold examples (split)" in shown(response)
    assert 'name="waive-coverage" form="freeze" value="a first version"' in shown(response)
    assert not Snapshot.objects.exists()


def test_what_blocks_cannot_be_waived(as_maintainer):
    response = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, "waive-not-empty": "please"})

    assert response.status_code == 422
    assert not Snapshot.objects.exists()


def test_filters_in_the_address_narrow_what_is_shown_and_frozen(as_maintainer):
    makers.approved("gui/a.md")
    makers.approved("strings/b.md")
    address = f"{reverse('snapshot_freeze')}?topic=gui&conversations=no"

    page = as_maintainer.get(address)
    fragment = as_maintainer.get(address, headers={"HX-Request": "true"})
    hidden = {"topic": "gui", "conversations": "no", "seen": page.context["plan"].digest}
    frozen = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, "seed": "7", **hidden}, follow=True)

    for response in (page, fragment):
        for name, value in hidden.items():
            assert f'<input type="hidden" form="freeze" name="{name}" value="{value}">' in shown(response)
    assert shown(fragment).lstrip().startswith('<div id="plan">')
    assert list(Snapshot.objects.get().entries.values_list("path", flat=True)) == ["gui/a.md"]
    assert "conversations: without, topic: gui" in shown(frozen)


def test_what_changed_since_one_looked_is_not_frozen(as_maintainer):
    makers.approved("gui/a.md")
    seen = as_maintainer.get(reverse("snapshot_freeze")).context["plan"].digest
    makers.approved("gui/b.md")

    response = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, "seed": "7", "seen": seen})

    assert response.status_code == 422
    assert "has changed since you looked" in shown(response)
    assert not Snapshot.objects.exists()


def test_a_filter_that_is_no_choice_freezes_nothing(as_maintainer):
    makers.approved("gui/a.md")

    response = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, "topic": "cooking"})

    assert as_maintainer.get(reverse("snapshot_freeze"), {"topic": "cooking"}).status_code == 200
    assert response.status_code == 422
    assert not Snapshot.objects.exists()


def test_a_version_keeps_its_waivers_and_its_leak_report(as_author):
    for _ in range(12):
        makers.approved()
    frozen = makers.freeze(name="v1", author=makers.user("maintainer"), validation_per_mille=500)

    text = shown(as_author.get(reverse("snapshot_page", args=[frozen.pk])))

    assert "Waived by" in text
    assert ": a test" in text
    assert '<h2 id="leak-report">Leak report</h2>' in text
    assert "Training and validation: the closest pair is alike to" in text


def test_the_gates_are_shown_before_freezing(as_maintainer):
    text = shown(as_maintainer.get(reverse("snapshot_freeze")))

    assert "blocks</span>" in text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "\0"},
        {"seed": "x"},
        {"seed": str(2**70)},
        {"validation_per_mille": "1001"},
        {"name": "../x"},
    ],
)
def test_no_form_breaks_freezing(as_maintainer, fields):
    makers.approved()

    response = as_maintainer.post(reverse("snapshot_freeze"), {**FREEZE, **fields} if fields else {})

    assert response.status_code == 422
    assert not Snapshot.objects.exists()


def test_the_files_of_a_version_can_be_downloaded(as_author):
    frozen = makers.snapshot(examples=2)

    files = {
        name: as_author.get(reverse("snapshot_download", args=[frozen.pk, name]))
        for name in ("manifest.json", "train.jsonl", "validation.jsonl", "README.md")
    }

    assert {response.status_code for response in files.values()} == {200}
    texts = {name: b"".join(response.streaming_content).decode() for name, response in files.items()}
    assert texts["manifest.json"] == frozen.manifest
    rows = [
        json.loads(line) for name in ("train", "validation") for line in texts[f"{name}.jsonl"].splitlines()
    ]
    assert len(rows) == 2
    assert f'filename="{frozen.name}-train.jsonl"' in files["train.jsonl"]["Content-Disposition"]


@pytest.mark.parametrize("name", ["nothing.txt", "..", "recipe.json", "manifest.json.part"])
def test_no_other_file_can_be_downloaded(as_author, name):
    frozen = makers.snapshot(examples=1)

    assert as_author.get(f"/snapshots/{frozen.pk}/files/{name}").status_code == 404


@pytest.mark.parametrize("number", [0, 999, 2**63, 10**40])
def test_an_unknown_version_is_not_found(as_author, number):
    assert as_author.get(f"/snapshots/{number}/").status_code == 404


def test_the_list_shows_counts(as_author):
    frozen = makers.snapshot("v7", examples=2)

    response = as_author.get(reverse("snapshot_list"))

    row = response.context["snapshots"][0]
    assert row == frozen
    assert row.train + row.validation == 2


def test_a_version_that_somebody_changed_says_so(as_author):
    frozen = makers.snapshot(examples=1)
    changed = frozen.manifest.replace('"seed":7', '"seed":8')
    makers.tamper("UPDATE curation_snapshot SET manifest = %s", changed)

    assert "does not match the digest" in shown(as_author.get(reverse("snapshot_page", args=[frozen.pk])))


def test_the_admin_shows_content_and_changes_none(db):
    admin = makers.signed_in(makers.user("admin"))
    example = makers.example()

    assert admin.get(reverse("admin:curation_example_change", args=[example.pk])).status_code == 200
    assert admin.post(reverse("admin:curation_example_delete", args=[example.pk])).status_code == 403
