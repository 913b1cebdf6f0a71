"""A task set is frozen from what people approved, after everything that would spoil a score is looked for."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from curation.models import AuditEntry, Example, TaskSet
from curation.services import comparing, importing, posing, verifying
from tests import makers
from training.services import assembling

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

BROKEN = 'print "never closed\n'


def task(pool: str = "triage", title: str = "", *, mark: str = "program", code: str = "") -> Example:
    made = makers.task(pool, makers.example_text(title or f"Task {pool}", code=code), mark=mark)
    makers.review(made)
    made.refresh_from_db()
    return made


def gate(code: str) -> tuple[bool, str, tuple[str, ...]]:
    found = next(gate for gate in assembling.plan().gates.gates if gate.code == code)
    return found.passed, found.finding, found.offenders


def test_all_approved_tasks_become_a_set_and_the_same_tasks_give_the_same_set(maintainer: User):
    locked, open_ = task("holdout"), task("triage", mark="fragment")
    makers.task("triage")  # nobody has approved it

    frozen = assembling.freeze(name="tasks-1", author=maintainer)
    again = assembling.freeze(name="tasks-2", author=maintainer)

    assert again == frozen
    assert frozen.created_by == maintainer
    assert list(frozen.tasks.order_by("pool").values_list("path", "pool", "mark", "content_hash")) == [
        (locked.path, "holdout", "program", locked.content_hash),
        (open_.path, "triage", "fragment", open_.content_hash),
    ]
    assert list(verifying.task_sets()) == []
    assert AuditEntry.objects.get(action="task_set.freeze").detail == {
        "digest": frozen.digest,
        "holdout": 1,
        "triage": 1,
    }


def test_another_mark_is_another_set_and_the_change_is_told_in_counts(maintainer: User):
    one = task("holdout")
    assembling.freeze(name="tasks-1", author=maintainer)
    posing.mark(task=one, mark="fragment", by=maintainer)

    assembling.freeze(name="tasks-2", author=maintainer)

    newest, first = posing.versions(5)
    assert [change.words for change in newest.changes] == ["1 marked otherwise", "unchanged"]
    assert (newest.first, first.first) == (False, True)


def test_without_an_approved_task_there_is_nothing_to_freeze(maintainer: User):
    makers.task("holdout")

    with pytest.raises(assembling.FreezeRefused, match="No test task is approved, and 1 wait"):
        assembling.freeze(name="tasks-1", author=maintainer)


def test_a_right_answer_that_comes_out_wrong_blocks_and_says_by_which_checker(maintainer: User):
    task("triage", "Open", code=BROKEN)
    task("holdout", "Locked", code=BROKEN)

    passed, finding, offenders = gate("gold")

    assert not passed
    assert finding == "2 of 2 right answers came out wrong, by the offline check. Mend or re-mark them."
    assert [offender.partition(": ")[2].startswith("refused: ") for offender in offenders] == [False, True]
    with pytest.raises(assembling.FreezeRefused, match="came out wrong"):
        assembling.freeze(name="tasks-1", author=maintainer)
    assert not TaskSet.objects.exists()


def test_what_is_meant_to_fail_has_to_be_refused_and_a_fragment_is_not_asked():
    task("triage", "Broken", code=BROKEN, mark="meant-to-fail")
    task("triage", "Part", code=BROKEN.replace("print", "write"), mark="fragment")
    assert gate("gold")[:2] == (
        True,
        "1 right answers came out right, by the offline check. 1 fragments are not checked, and in no score.",
    )

    task("triage", "Sound", mark="meant-to-fail")

    passed, _, offenders = gate("gold")
    assert not passed
    assert offenders[0].endswith("accepted, and meant to fail")


def test_two_tasks_alike_block_across_the_pools():
    first, second = task("holdout", "Twin"), task("triage", "Twin")

    passed, _, offenders = gate("tasks-apart")

    assert not passed
    assert first.path in offenders[0]
    assert second.path in offenders[0]


@pytest.mark.parametrize("compared", [False, True])
def test_a_task_close_to_an_approved_example_blocks_and_names_both(compared):
    one = task("holdout", "Known")
    example = makers.approved("strings/known.md", makers.example_text("Known"))
    makers.example("strings/other.md", makers.example_text("Known", explanation="Not approved."))

    if compared:  # by a worker, whose findings are then used
        comparing.compare()
    passed, _, offenders = gate("unseen")

    assert not passed
    assert len(offenders) == 1
    assert offenders[0].startswith(f"{one.path} and {example.path}: ")


def test_a_maintainer_freezes_on_the_page(as_maintainer, maintainer):
    task("holdout")
    shown = as_maintainer.get(reverse("task_set_freeze")).content.decode()

    answer = as_maintainer.post(reverse("task_set_freeze"), {"name": "tasks-1"}, follow=True)

    assert "1 task, 1 added" in shown
    assert "Frozen as tasks-1" in answer.content.decode()
    assert "holds exactly these tasks" in as_maintainer.get(reverse("task_set_freeze")).content.decode()
    refused = as_maintainer.post(reverse("task_set_freeze"), {"name": "no good name"})
    assert refused.status_code == 422
    assert 'value="no good name"' in refused.content.decode() or "holds exactly" in refused.content.decode()


def test_a_task_close_to_a_raw_program_blocks(tmp_path):
    one = task("holdout", "Known")
    makers.put(tmp_path, "corpus/known.bbj", makers.program("Known"))
    importing.import_corpus(tmp_path)

    _, _, offenders = gate("unseen")

    assert offenders[0].startswith(f"{one.path} and corpus/known.bbj: code alike to 1.00")


def test_with_very_many_examples_the_page_looks_when_it_is_asked(as_maintainer, monkeypatch):
    makers.approved()
    monkeypatch.setattr("training.views.tasks.LOOKED_AT_UNASKED", 0)

    unasked = as_maintainer.get(reverse("task_set_freeze")).content.decode()
    asked = as_maintainer.get(reverse("task_set_freeze"), {"look": "1"}).content.decode()

    assert "compared with 1 approved examples" in unasked
    assert "No test task is approved" not in unasked
    assert "No test task is approved" in asked
