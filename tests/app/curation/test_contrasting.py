"""What changed between two dataset versions, from the freezing itself to the pages."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.models import Snapshot, SnapshotChange, SnapshotDiff
from curation.services import contrasting, importing
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def versions(maintainer, tmp_path: Path) -> tuple[Snapshot, Snapshot]:
    """ "v1" and "v2": one example of each kind of change, another raw program, another seed."""
    text = {
        name: makers.example_text(f"Title {name}") for name in ("kept", "edited", "relabelled", "removed")
    }
    made = {name: makers.approved(f"gui/{name}.md", text[name]) for name in text}
    makers.put(tmp_path, "corpus/invoice.bbj", makers.program("an invoice"))
    importing.import_corpus(tmp_path)
    first = makers.freeze(name="v1", author=maintainer, validation_per_mille=0)
    relabelled = text["relabelled"].replace("generation: all", "generation: dwc")
    makers.review(makers.edited(made["relabelled"], relabelled))
    makers.review(makers.edited(made["edited"], text["edited"] + "\nOne more line.\n"))
    makers.review(made["removed"], "reject")
    makers.approved("gui/added.md")
    makers.put(tmp_path, "corpus/invoice.bbj", makers.program("an invoice with a line more"))
    importing.import_corpus(tmp_path)
    return first, makers.freeze(name="v2", author=maintainer, seed=8, validation_per_mille=0)


def changes(diff: SnapshotDiff, **asked: str) -> dict[str, str]:
    return {row.path: row.words for row in contrasting.changes_of(diff, **asked)}


def page(client, name, *args, status: int = 200, **query):
    response = client.get(reverse(name, args=args), query, headers=query.pop("headers", {}))
    assert response.status_code == status
    return response


def shown(response) -> str:
    return " ".join(response.content.decode().split())


def test_every_text_that_changed_is_found_with_what_became_of_it(versions):
    diff = contrasting.contrast(*versions)

    assert changes(diff) == {
        "gui/added.md": "added",
        "gui/edited.md": "edited",
        "gui/relabelled.md": "relabelled",
        "gui/removed.md": "removed",
        "invoice.bbj": "edited",
    }
    assert contrasting.counts_of(diff) == {
        "examples": {"added": 1, "removed": 1, "edited": 1, "relabelled": 1},
        "corpus": {"edited": 1},
    }
    assert diff.settings == [["seed", "7", "8"]]
    assert changes(diff, kind="examples", word="edited") == {"gui/edited.md": "edited"}
    relabelled = diff.changes.get(words="relabelled")
    assert (relabelled.label_before, relabelled.label_after) == ("all", "dwc")


def test_a_diff_is_found_once_and_runs_from_the_older_to_the_newer(versions):
    first, second = versions

    assert contrasting.contrast(second, first) == contrasting.contrast(first, second)
    assert contrasting.known(first, second) == SnapshotDiff.objects.get()
    with pytest.raises(contrasting.SameVersion, match="Both are v1"):
        contrasting.contrast(first, first)


def test_a_diff_by_older_rules_is_made_again(versions):
    old = contrasting.contrast(*versions)
    SnapshotDiff.objects.update(rules=0)

    assert contrasting.contrast(*versions) != old


def test_the_oldest_diffs_go(versions, maintainer, monkeypatch):
    monkeypatch.setattr(contrasting, "MOST_KEPT", 1)
    contrasting.contrast(*versions)
    makers.approved()
    third = makers.freeze(name="v3", author=maintainer)

    contrasting.contrast(versions[0], third)

    assert [diff.newer for diff in SnapshotDiff.objects.all()] == [third]
    assert not SnapshotChange.objects.exclude(diff__newer=third).exists()


def test_the_changelog_says_it_as_markdown_and_never_otherwise(versions):
    first, second = versions

    assert contrasting.changelog_of(first).splitlines()[0] == "# v1"
    assert contrasting.changelog_of(second) == contrasting.changelog_of(second)
    assert (
        contrasting.changelog_of(second)
        == f"""\
# v2, against v1

From digest `{first.digest}` to `{second.digest}`.

- 1 example added, 1 removed, 1 edited, 1 relabelled
- 1 raw program edited
- Seed: 7 → 8

## Examples

### 1 added

- `gui/added.md`, train

### 1 removed

- `gui/removed.md`

### 1 edited

- `gui/edited.md`

### 1 relabelled

- `gui/relabelled.md`: all → dwc

## Raw programs

### 1 edited

- `invoice.bbj`
"""
    )


def test_the_page_counts_lists_and_filters(as_author, versions):
    first, second = versions

    everything = shown(page(as_author, "snapshot_diff", second.pk, first.pk))
    edited = shown(page(as_author, "snapshot_diff", second.pk, first.pk, kind="examples", word="edited"))
    unknown = shown(page(as_author, "snapshot_diff", second.pk, first.pk, word="eaten", status=422))

    assert "From v1 to v2" in everything
    assert "Seed</dt> <dd>7 → 8" in everything
    assert all(f"gui/{name}.md" in everything for name in ("added", "edited", "relabelled", "removed"))
    assert "gui/kept.md" not in everything
    assert "Examples edited" in edited
    assert "gui/added.md" not in edited
    assert "does not know that filter" in unknown


def test_the_other_way_round_leads_to_the_same_page(as_author, versions):
    first, second = versions
    address = reverse("snapshot_diff", args=[second.pk, first.pk])

    assert page(as_author, "snapshot_diff", first.pk, second.pk, status=302).url == address
    assert page(as_author, "snapshot_compare", left=first.pk, right=second.pk, status=302).url == address
    for choice in ({}, {"left": "x", "right": 1}, {"left": first.pk, "right": first.pk}):
        assert page(as_author, "snapshot_compare", status=302, **choice).url == reverse("snapshot_list")
    assert page(as_author, "snapshot_diff", first.pk, first.pk, status=302).url == reverse("snapshot_list")


def test_each_text_is_shown_side_by_side_as_a_page_and_for_htmx(as_author, versions):
    first, second = versions
    diff = contrasting.contrast(first, second)

    for path in ("gui/added.md", "gui/edited.md", "gui/removed.md", "invoice.bbj"):
        where = ("snapshot_change", second.pk, first.pk, diff.changes.get(path=path).position)
        whole = shown(page(as_author, *where))
        part = shown(page(as_author, *where, headers={"HX-Request": "true"}))
        assert path in whole
        assert 'class="pair' in whole
        assert "<h1>" not in part
        assert 'class="pair' in part
    page(as_author, "snapshot_change", second.pk, first.pk, 999, status=404)


def test_the_versions_page_shows_what_changed_against_the_last(as_author, versions):
    first, second = versions
    part = reverse("snapshot_changes", args=[second.pk])

    before = shown(page(as_author, "snapshot_page", second.pk))
    loaded = shown(page(as_author, "snapshot_changes", second.pk, headers={"HX-Request": "true"}))
    after = shown(page(as_author, "snapshot_page", second.pk))

    assert f'hx-get="{part}"' in before
    assert reverse("snapshot_diff", args=[second.pk, first.pk]) in before
    assert "1 example relabelled" in loaded
    assert "1 example relabelled" in after
    assert part not in after
    assert "What changed" not in shown(page(as_author, "snapshot_page", first.pk))
    assert page(as_author, "snapshot_changes", second.pk, status=302).url == reverse(
        "snapshot_diff", args=[second.pk, first.pk]
    )
    assert page(as_author, "snapshot_changes", first.pk, status=302).url == reverse(
        "snapshot_page", args=[first.pk]
    )


def test_the_changelog_is_a_download(as_author, versions):
    response = page(as_author, "snapshot_changelog", versions[1].pk)

    assert response["Content-Disposition"] == 'attachment; filename="v2-CHANGES.md"'
    assert response.content.decode() == contrasting.changelog_of(versions[1])


def test_a_page_asks_the_same_number_of_questions_however_much_changed(as_author, versions, maintainer):
    first, second = versions
    contrasting.contrast(first, second)
    for _ in range(8):
        makers.approved()
    third = makers.freeze(name="v3", author=maintainer)
    contrasting.contrast(first, third)

    asked = []
    for newer in (second, third):
        with CaptureQueriesContext(connection) as queries:
            page(as_author, "snapshot_diff", newer.pk, first.pk)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_the_command_prints_the_changelog_or_every_change(versions):
    out = StringIO()
    call_command("compare_snapshots", "v2", versions[0].digest[:12], stdout=out)
    assert out.getvalue() == contrasting.changelog_of(versions[1])

    out = StringIO()
    call_command("compare_snapshots", "v1", "v2", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["counts"]["examples"]["relabelled"] == 1
    assert told["settings"] == {"seed": ["7", "8"]}
    assert len(told["changes"]) == 5

    with pytest.raises(CommandError, match=r'no dataset version "v9"\. There are: v2, v1'):
        call_command("compare_snapshots", "v1", "v9")
    with pytest.raises(CommandError, match="Both are v1"):
        call_command("compare_snapshots", "v1", "v1")
