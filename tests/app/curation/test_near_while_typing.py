"""What the editor asks while somebody types: the nearest examples, and no text breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.services import comparing, nearing
from tests import makers
from tests.app.curation.test_resolving import near_examples, variant


def ask(client, text: str, **more: Any) -> dict[str, Any]:
    response = client.post(reverse("example_near"), {"text": text, "path": "gui/a.md", **more})
    assert response.status_code == 200, response.content
    return response.json()


def test_the_nearest_examples_come_with_likeness_kind_and_link(as_author):
    a, b = near_examples(2)
    makers.example()
    comparing.compare()

    said = ask(as_author, variant(1))

    assert [one["path"] for one in said["near"]] == [b.path, a.path]
    assert said["near"][0] == {
        "title": b.title,
        "path": b.path,
        "url": reverse("example_page", args=[b.pk]),
        "score": 1.0,
        "rule": "text",
        "kind": "identical",
    }
    assert (said["near"][1]["rule"], said["near"][1]["kind"]) == ("code", "same prompt and answer")


def test_an_example_is_not_near_to_itself(as_author):
    a, b = near_examples(2)

    assert [one["path"] for one in ask(as_author, variant(0), example=a.pk)["near"]] == [b.path]


def test_one_prompt_with_another_answer_is_found(as_author):
    made = makers.example(text=makers.example_text("One", description="Count the lines of a file"))
    comparing.compare()

    (near,) = ask(as_author, makers.example_text("Two", description="Count the lines of a file"))["near"]

    assert (near["path"], near["kind"], near["rule"]) == (made.path, "same prompt, another answer", "prompt")


def test_at_most_five_are_told(as_author):
    near_examples(8)

    assert len(ask(as_author, variant(3))["near"]) == nearing.MOST_NEAR == 5


def test_a_text_with_errors_says_why_nothing_is_found(as_author):
    near_examples(1)

    said = ask(as_author, variant(0).replace("type: completion", "type: nonsense"))

    assert said["near"] == []
    assert "once the errors" in said["says"]


def test_too_many_examples_are_told_and_not_read_into_memory(as_author, monkeypatch):
    near_examples(2)
    monkeypatch.setattr(nearing, "MOST_FORMS", 0)

    assert "too many" in ask(as_author, variant(0))["says"]


def test_a_new_text_is_found_as_soon_as_it_is_compared(as_author):
    near_examples(1)
    assert ask(as_author, makers.example_text("Fresh"))["near"] == []

    makers.example(text=makers.example_text("Fresh"))
    comparing.compare()

    assert len(ask(as_author, makers.example_text("Fresh"))["near"]) == 1


@pytest.mark.parametrize("form", [{"text": "x" * (1024 * 1024 + 1)}, {"text": "", "example": "nothing"}])
def test_a_form_that_cannot_be_read_is_refused(as_author, form):
    response = as_author.post(reverse("example_near"), form)

    assert response.status_code == 422
    assert response.json()["detail"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_text_has_an_answer(as_author, text):
    ask(as_author, text)
    ask(as_author, variant(0) + text)
