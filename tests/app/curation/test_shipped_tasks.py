"""The tasks that the studio is shipped with: approved rows to go on from, and the first set as ever."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from curation.models import Example, TaskSet
from curation.services import importing, posing
from studio import seeding
from tests import makers
from training.services import assembling

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

DIGEST = "a40f2520dc2b"  # of the set that studios have had since before tasks were written in them


@pytest.fixture
def shipped() -> TaskSet:
    seeding.make_roles()
    seeding.import_tasks()
    seeding.approve_shipped()
    return TaskSet.objects.get()


def test_the_first_set_is_the_one_that_was_always_shipped_and_its_tasks_are_approved_rows(shipped):
    assert shipped.digest.startswith(DIGEST)
    assert {task.status for task in posing.tasks()} == {"approved"}
    assert assembling.plan().present == shipped  # freezing now would give that set again
    assert not Example.objects.exists()
    assert all(task.topic for task in posing.tasks())


def test_a_second_time_brings_nothing_and_keeps_what_a_person_wrote(shipped):
    task = posing.tasks("triage")[0]
    makers.edited(task, makers.example_text("Of a person"), author=makers.user())
    said = StringIO()

    call_command("import_tasks", stdout=said)

    task.refresh_from_db()
    assert said.getvalue() == "0 test tasks brought in, 0 shipped texts approved.\n"
    assert (task.title, task.status) == ("Of a person", "needs_review")


def test_a_set_that_a_person_froze_stays_the_newest_one(shipped, training_data):
    makers.review(makers.task("triage"))
    own = assembling.freeze(name="tasks-2", author=makers.user("maintainer"))
    makers.put(training_data, "tasks/triage/new.md", makers.example_text("Of a later release"))

    assert importing.import_tasks(training_data) == own
    assert TaskSet.objects.count() == 2
