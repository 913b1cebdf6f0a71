"""What the mark of a task does to a score: meant to fail counts apart, a fragment is put to no model."""

from __future__ import annotations

import pytest
from django.urls import reverse

from curation.models import TaskSet
from tests import makers
from training.services import assembling, scoring, triaging

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

BROKEN = 'print "never closed\n'


@pytest.fixture
def marked(snapshot, maintainer) -> TaskSet:
    """A set with a program, a fragment and two tasks that are meant to fail; newer than that of the run."""
    for name, mark, code in (
        ("whole", "program", ""),
        ("part", "fragment", ""),
        ("wrong-one", "meant-to-fail", BROKEN),
        ("wrong-two", "meant-to-fail", BROKEN.replace("never", "not")),
    ):
        text = makers.example_text(f"Task {name}", code=code)
        makers.review(makers.task("triage", text, mark=mark, name=name))
    return assembling.freeze(name="tasks-2", author=maintainer)


def test_of_what_is_meant_to_fail_a_refusal_is_right_and_it_is_no_part_of_the_score(marked, evaluated):
    evaluation = evaluated(whole_0="compile_error", wrong_one_0="compile_error", wrong_two_1="no_code")

    score = scoring.scored(evaluation)

    programs = next(pool for pool in score.pools if pool.name == "triage")
    (failing,) = score.meant_to_fail
    assert (programs.tasks, programs.samples, programs.value) == (1, 2, 0.5)
    assert (failing.name, failing.tasks, failing.samples, failing.value) == ("triage", 2, 4, 0.25)
    assert failing.figures.startswith("refused by the offline check 25.0%, 95 % interval ")
    assert failing.figures.endswith("(4 answers to 2 tasks)")
    assert score.fragments == 1
    assert score.as_dict()["meant_to_fail"][0]["value"] == 0.25


def test_a_fragment_is_put_to_no_model(marked, evaluated):
    evaluation = evaluated()

    assert not evaluation.attempts.filter(task__mark="fragment").exists()
    assert evaluation.controls["gold"]["of"] == 1
    assert evaluation.controls["meant_to_fail"] == {"of": 2, "accepted": 2, "refused": []}
    assert scoring.broken_by(evaluation.controls) == ""


def test_an_answer_that_should_fail_and_is_accepted_breaks_the_set_or_is_a_failure_to_learn_from(
    marked, evaluated
):
    evaluation = evaluated(wrong_one_0="compile_error")

    failed = triaging.readable_attempts(evaluation, triaging.FAILED)

    assert {(one.task.path, one.outcome) for one in failed} == {
        ("triage/wrong-one.md", "compiled"),
        ("triage/wrong-two.md", "compiled"),
    }
    assert "accepted an answer that it has to refuse" in triaging.draft_from(failed[0], makers.user()).text
    controls = {"gold": {"of": 1, "accepted": 1}, "meant_to_fail": {"of": 2, "accepted": 1}}
    assert "does not refuse 1 of 2 answers that are meant to fail" in scoring.broken_by(controls)


def test_the_page_says_it_in_words_with_n(marked, evaluated, as_author):
    evaluation = evaluated(wrong_one_0="compile_error")

    page = as_author.get(reverse("evaluation_page", args=[evaluation.pk])).content.decode()

    assert "refused by the offline check 25.0%" in page
    assert "(4 answers to 2 tasks)" in page
    assert "1 task of the set asks for a" in page
    assert "Answers meant to fail refused" in page
