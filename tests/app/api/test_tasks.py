from __future__ import annotations

import pytest

from curation.models import AuditEntry, Example
from curation.services import looking
from tests import makers
from tests.app.api.conftest import program_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_a_task_is_written_read_edited_and_marked(program):
    author = program("author")
    new = {"pool": "holdout", "path": "holdout/a.md", "text": makers.example_text("A"), "mark": "fragment"}

    made = author.post("/tasks", new)
    task = made.json()
    edited = author.put(
        f"/tasks/{task['id']}", {"text": makers.example_text("B")}, If_Match=f'"{task["content_hash"]}"'
    )
    marked = author.put(f"/tasks/{task['id']}/mark", {"mark": "program"})

    assert made.status_code == 201
    assert (task["pool"], task["mark"], task["status"]) == ("holdout", "fragment", "needs_review")
    assert (edited.json()["title"], edited.json()["revision"]) == ("B", 2)
    assert marked.json()["mark"] == "program"
    assert AuditEntry.objects.filter(action=looking.ACTION).count() == 3


def test_the_holdout_is_read_by_its_author_and_by_a_maintainer_with_a_reason(program):
    task = makers.task("holdout")
    reason = {"why": "the score fell"}

    assert program("author").get(f"/tasks/{task.pk}").status_code == 404
    assert program("author").post(f"/tasks/{task.pk}/look", reason).status_code == 403
    assert program("maintainer").get(f"/tasks/{task.pk}").status_code == 404
    assert program("maintainer").post(f"/tasks/{task.pk}/look", {"why": " "}).status_code == 422
    assert program("maintainer").post(f"/tasks/{task.pk}/look", reason).json()["text"]
    holdout = program("author").get("/holdout").json()
    assert (holdout["looks"], holdout["newest"][0]["why"]) == (1, "the score fell")
    assert holdout["totals"][0]["tasks"] == 1
    assert program("author").get("/tasks").json()["items"] == []


def test_an_example_is_no_task_and_a_task_no_example(program):
    example, task = makers.example(), makers.task("triage")
    author = program("author")

    assert author.get(f"/tasks/{example.pk}").status_code == 404
    assert author.get(f"/examples/{task.pk}").status_code == 404
    assert author.get(f"/tasks/{task.pk}").json()["pool"] == "triage"
    refused = author.post("/examples", {"path": "holdout/a.md", "text": makers.example_text()})
    assert refused.status_code == 422
    assert not Example.everything.filter(path="holdout/a.md").exists()


def test_a_reviewer_takes_a_task_from_the_queue_and_judges_it(program):
    task = makers.task("holdout")
    reviewer = program("reviewer")

    taken = reviewer.post("/queue/next", {}).json()
    shown = taken["example"]
    judged = reviewer.post(
        f"/examples/{task.pk}/reviews", {"verdict": "approve"}, If_Match=f'"{shown["content_hash"]}"'
    )

    assert (taken["pool"], taken["mark"]) == ("holdout", "program")
    assert (shown["id"], judged.status_code) == (task.pk, 201)
    assert AuditEntry.objects.get(action=looking.ACTION).detail["why"] == "review"


def test_a_maintainer_freezes_a_set_once(program):
    makers.review(makers.task("triage"))
    maintainer = program_of(makers.user("maintainer"))

    plan = maintainer.get("/task-plan").json()
    first = maintainer.post("/task-sets", {"name": "tasks-1"})
    again = maintainer.post("/task-sets", {"name": "tasks-2"})

    assert plan["may_freeze"]
    assert [change["added"] for change in plan["changes"]] == [0, 1]
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["digest"] == plan["digest"]
    assert maintainer.get("/task-sets").json()["items"] == [first.json()]
