"""A program decides about files that were changed on both sides, and sees what it decides about."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.models import Example, ImportProblem
from curation.services import queueing, reconciling, uploading, writing_back
from curation.services.finding import Filters
from tests import makers

pytestmark = pytest.mark.one_database


@pytest.fixture
def conflict(maintainer, tmp_path: Path) -> ImportProblem:
    """gui/a.md: its title was changed on disk, and in the studio."""
    example = makers.example("gui/a.md", makers.example_text("Before"))
    writing_back.export_tree(tmp_path, Filters())
    makers.put(tmp_path, "gui/a.md", makers.example_text("In the file"))
    makers.edited(example, makers.example_text("In the studio"))
    job = uploading.open_job(
        kind="folder", name="tree", source=tmp_path, author=maintainer.user, wake_worker=False
    )
    return reconciling.conflicts(makers.worked(job)).get()


def place(conflict: ImportProblem) -> str:
    return f"/imports/{conflict.job_id}/conflicts/{conflict.pk}"


def test_both_texts_and_their_merge_can_be_read(maintainer, conflict):
    listed = maintainer.get(f"/imports/{conflict.job_id}/problems?code=both-changed").json()["items"]

    found = maintainer.get(place(conflict)).json()

    assert [problem["id"] for problem in listed] == [found["id"]]
    assert 'title: "In the studio"' in found["studio"]
    assert 'title: "In the file"' in found["file"]
    assert 'title: "Before"' in found["base"]
    assert "\n".join(line for piece in found["pieces"] for line in piece["file"]) == found["file"]
    assert "conflict" in {piece["kind"] for piece in found["pieces"]}


@pytest.mark.parametrize(
    ("action", "title"), [("take", "In the file"), ("leave_out", "In the studio"), ("edit", "Both")]
)
def test_what_is_decided_is_imported(maintainer, conflict, action, title):
    seen = maintainer.get(place(conflict)).json()["studio_hash"]
    body = {"action": action, "studio_hash": seen, "text": makers.example_text("Both")}

    answer = maintainer.put(f"{place(conflict)}/decision", body)
    queueing.confirm(conflict.job)
    makers.worked(conflict.job)

    assert (answer.status_code, answer.json()["action"]) == (200, action)
    assert Example.objects.get().title == title


def test_a_decision_is_taken_back(maintainer, conflict):
    seen = maintainer.get(place(conflict)).json()["studio_hash"]
    maintainer.put(f"{place(conflict)}/decision", {"action": "take", "studio_hash": seen})

    answer = maintainer.delete(f"{place(conflict)}/decision")

    assert (answer.status_code, answer.json()["action"]) == (200, "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "take", "studio_hash": "0" * 64}, 409),
        ({"action": "edit", "text": "no front matter"}, 422),
        ({"action": "keep"}, 422),
    ],
)
def test_what_makes_no_sense_decides_nothing(maintainer, conflict, body, status):
    seen = maintainer.get(place(conflict)).json()["studio_hash"]

    answer = maintainer.put(f"{place(conflict)}/decision", {"studio_hash": seen, **body})

    conflict.refresh_from_db()
    assert answer.status_code == status
    assert conflict.action == ""


def test_a_conflict_is_no_defect_of_a_line(maintainer, conflict):
    path = f"/imports/{conflict.job_id}/problems/{conflict.pk}/decision"

    assert maintainer.put(path, {"action": "keep"}).status_code == 409
    assert maintainer.delete(path).status_code == 409
