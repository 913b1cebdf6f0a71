"""What the check page says of leaks: from the version's report, and of test tasks that are newer than it."""

from __future__ import annotations

import pytest

from curation.models import Snapshot
from curation.services import importing, unseen
from tests import makers
from training.services import preflighting

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def check(snapshot: Snapshot) -> preflighting.Preflight:
    return preflighting.check(snapshot=snapshot, recipe_name="rehearsal")


def newer_tasks(tmp_path, **texts: str) -> None:
    """Another set of tasks: the first ones and these."""
    for name, text in texts.items():
        makers.put(tmp_path / "data", f"tasks/holdout/{name.replace('_', '-')}.md", text)
    assert importing.import_tasks(tmp_path / "data")


def text_of(snapshot: Snapshot) -> str:
    return snapshot.entries.select_related("revision")[0].revision.text


def test_the_closest_pairs_stand_there_with_their_thresholds(snapshot):
    report = snapshot.report["leaks"]

    told = check(snapshot).leaks

    closest = report["tasks"][0]
    assert told[-1].startswith(
        f"Closest between the version and a test task: alike to {closest['score']:.2f} by their "
    )
    assert len(told) == bool(report["across"]) + 1
    assert all("from 0.85 on" in one or "from 0.95 on" in one for one in told)


def test_a_version_whose_report_tells_a_leak_is_refused(snapshot, as_maintainer):
    with_leak = {"a": "gui/a.md", "b": "gui/b.md", "score": 0.91, "rule": "text"}
    report = {**snapshot.report, "leaks": {**snapshot.report["leaks"], "across": [with_leak]}}
    leaky = Snapshot.objects.create(
        name="leaky",
        digest="1" * 64,
        manifest=snapshot.manifest,
        report=report,
        created_by=snapshot.created_by,
    )

    (said,) = [one for one in check(leaky).blocking if "leaks between" in one]

    assert "gui/a.md and gui/b.md are alike to 0.91 by their words, and from 0.85 on" in said


def test_a_newer_task_that_the_version_holds_blocks_and_its_name_stays_secret(snapshot, tmp_path):
    newer_tasks(tmp_path, the_secret_one=text_of(snapshot))

    (said,) = [one for one in check(snapshot).blocking if "too close" in one]

    assert "a task of the holdout" in said
    assert "the-secret-one" not in said


def test_newer_tasks_that_are_far_away_are_compared_and_told(snapshot, tmp_path):
    newer_tasks(tmp_path, far_away=makers.example_text("Something else entirely"))

    found = check(snapshot)

    assert found.blocking == []
    assert any("1 test tasks" in one and "none is close" in one for one in found.leaks)


def test_a_large_version_is_not_compared_while_somebody_waits_and_that_is_a_warning(
    snapshot, tmp_path, monkeypatch
):
    monkeypatch.setattr(unseen, "AT_ONCE", 3)
    newer_tasks(tmp_path, the_secret_one=text_of(snapshot))

    found = check(snapshot)

    assert any("were not compared with its texts" in one for one in found.warnings)
    assert not any("too close" in one for one in found.blocking)


def test_a_version_without_a_leak_report_says_so(snapshot):
    old = Snapshot.objects.create(
        name="old", digest="2" * 64, manifest=snapshot.manifest, created_by=snapshot.created_by
    )

    assert any("older than the leak report" in one for one in check(old).warnings)


def test_the_page_shows_the_leaks_with_the_way_to_the_report_and_each_sum(snapshot, as_author):
    page = as_author.get("/train/").content.decode()

    assert f'/snapshots/{snapshot.pk}/#leak-report"' in page
    assert "Closest between the version and a test task" in page
    assert "0.3 GB for all files of the tiny model" in page
