"""One action on many examples through the API: looked at first, done as looked at, taken back."""

from __future__ import annotations

import pytest

from curation.models import AuditEntry, Example
from tests import makers

pytestmark = pytest.mark.one_database


def test_a_change_is_planned_done_as_planned_and_undone(author):
    for n in range(3):
        makers.example(f"gui/example-{n}.md")
    makers.example("strings/other.md")
    asked = {"action": "add_tag", "tag": "windows", "matching": {"topic": "gui"}}

    plan = author.post("/bulk/text/plan", asked).json()
    untouched = Example.objects.filter(tags__tag="windows").count()
    done = author.post("/bulk/text", {**asked, "digest": plan["digest"]}, Idempotency_Key="bulk-1")
    again = author.post("/bulk/text", {**asked, "digest": plan["digest"]}, Idempotency_Key="bulk-1")
    tagged = Example.objects.filter(tags__tag="windows").count()
    undone = author.post("/undo", {"entry": done.json()["entry"]})

    assert (plan["changes"], plan["left_out"], untouched, tagged) == (3, 0, 0, 3)
    assert plan["planned"][0] == plan["planned"][0] | {"path": "gui/example-0.md", "after": "windows"}
    assert (done.status_code, done.content) == (201, again.content)
    assert (undone.status_code, Example.objects.filter(tags__tag="windows").count()) == (200, 0)
    assert AuditEntry.objects.filter(action="bulk.add_tag").count() == 1


def test_a_plan_that_does_not_hold_any_more_does_nothing(author):
    example = makers.example()
    asked = {"action": "difficulty", "difficulty": "advanced", "examples": [example.pk]}
    plan = author.post("/bulk/text/plan", asked).json()
    makers.edited(example, makers.example_text("Edited meanwhile"))

    late = author.post("/bulk/text", {**asked, "digest": plan["digest"]})

    assert (late.status_code, Example.objects.get().difficulty) == (409, "basic")


def test_what_cannot_be_asked_is_refused_with_a_sentence(author, reviewer):
    example = makers.example()
    both = {"action": "add_tag", "tag": "a", "examples": [example.pk], "matching": {}}
    neither = {"action": "add_tag", "tag": "a"}
    no_value = {"action": "difficulty", "examples": [example.pk]}
    approve = {"action": "approve", "reason": "fine", "examples": [example.pk]}

    for body in (both, neither, no_value):
        answer = author.post("/bulk/text/plan", body)
        assert (answer.status_code, answer.json()["title"]) == (422, "The request has mistakes")
    assert reviewer.post("/bulk/verdict/plan", approve).status_code == 422
    assert author.post("/bulk/verdict/plan", approve).status_code == 403


def test_reviewers_reject_and_ask_each_other_about_many(program):
    reviewer, maintainer = program("reviewer"), program("maintainer")
    ids = [makers.example().pk for _ in range(2)]

    for place, program_, action in (
        ("needed", maintainer, {"action": "needed", "needed": 2}),
        ("reviewers", reviewer, {"action": "assign", "reviewer": reviewer.user.get_username()}),
        ("verdict", reviewer, {"action": "reject", "reason": "no code"}),
    ):
        asked = {**action, "examples": ids}
        plan = program_.post(f"/bulk/{place}/plan", asked).json()
        done = program_.post(f"/bulk/{place}", {**asked, "digest": plan["digest"]})
        assert (done.status_code, done.json()["changed"]) == (201, 2), done.content

    assert set(Example.objects.values_list("reviews_needed", "verdict_count")) == {(2, 1)}
