"""Asked against produced generation: beside the score, with its n and interval, never in it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from curation.services import importing
from tests import makers
from training.models import Attempt, Evaluation
from training.services import conforming, evaluating, scoring
from training.services.conforming import Answered, confusion, share_as_asked

pytestmark = pytest.mark.one_database

ALL, DWC, BOTH, SCREEN = ("all",), ("dwc",), ("bbj-gui", "dwc"), ("character",)


def test_the_share_is_of_the_answers_that_could_be_judged_and_the_others_stand_apart():
    found = share_as_asked(
        "triage",
        [
            Answered(1, DWC, DWC, "conforms"),
            Answered(2, DWC, SCREEN, "differs"),
            Answered(3, DWC, ALL, "cannot tell"),
            Answered(4, DWC, (), "no code"),
        ],
    )

    assert (found.value, found.tasks) == (0.5, 2)
    assert found.figures == ("Generation as asked 50.0%, 95 % interval 9.5% to 90.5% (2 answers to 2 tasks)")
    assert [count for _, count in found.apart] == [1, 1]
    assert found.as_dict()["verdicts"] == {"conforms": 1, "differs": 1, "cannot tell": 1, "no code": 1}


def test_answers_to_one_task_are_no_independent_trials():
    one_task = [Answered(1, DWC, DWC, "conforms")] * 10

    assert share_as_asked("triage", one_task).low == share_as_asked("triage", one_task[:1]).low


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Answered(1, (), (), "")], "not recorded. Evaluate again to record it."),
        ([Answered(1, DWC, ALL, "cannot tell")], "no answer could be judged."),
        ([], "there are no answers."),
    ],
)
def test_without_judged_answers_there_is_a_reason_and_no_share(answers, why):
    found = share_as_asked("holdout", answers)

    assert (found.value, found.figures) == (None, f"Generation as asked: {why}")


def test_the_confusion_counts_every_answer_once():
    table = confusion(
        [
            Answered(1, BOTH, BOTH, "conforms"),
            Answered(1, BOTH, DWC, "differs"),
            Answered(2, ALL, ALL, "conforms"),
            Answered(2, ALL, (), "no code"),
            Answered(2, ALL, ALL, "conforms"),
        ]
    )

    assert table.columns == ("all", "dwc", "bbj-gui, dwc", "no code")
    assert table.rows == (("all", (2, 0, 0, 1)), ("bbj-gui, dwc", (0, 1, 1, 0)))


@pytest.mark.django_db
def test_every_attempt_keeps_what_was_asked_and_produced(evaluated):
    evaluation = evaluated(longest_word_0="no_code", longest_word_1="compile_error")

    rows = Attempt.objects.filter(evaluation=evaluation, task__path="triage/longest-word.md")
    assert list(rows.values_list("sample", "asked", "produced", "conformance")) == [
        (0, ["all"], [], "no code"),
        (1, ["all"], ["all"], "conforms"),
    ]


@pytest.mark.django_db
def test_a_wrong_generation_costs_nothing_of_the_score(tmp_path):
    makers.put(tmp_path, "tasks/triage/badge.md", makers.example_text("Badge", generation="dwc"))
    tasks = importing.import_tasks(tmp_path)
    assert tasks is not None
    question = evaluating._question(tasks.tasks.get())
    answer = evaluating.Answer(question, 0, 1, code="print 'CS'\n", outcome="compiled")

    row = evaluating._row(Evaluation(), answer)

    assert (row.outcome, row.asked, row.produced, row.conformance) == (
        "compiled",
        ["dwc"],
        ["character"],
        "differs",
    )


@pytest.mark.django_db
def test_the_page_shows_the_share_with_its_interval_beside_the_score(evaluated, as_maintainer):
    evaluation = evaluated()

    text = as_maintainer.get(reverse("evaluation_page", args=[evaluation.pk])).content.decode()

    assert "Generation as asked 100.0%, 95 % interval" in text
    assert "asked ↓ produced →" in text


@pytest.mark.django_db
def test_an_evaluation_from_before_says_that_nothing_was_recorded(evaluated, as_maintainer, monkeypatch):
    monkeypatch.setattr(evaluating, "_generation", lambda answer: ([], ""))
    evaluation = evaluated()

    text = as_maintainer.get(reverse("evaluation_page", args=[evaluation.pk])).content.decode()

    assert text.count("Generation as asked: not recorded. Evaluate again to record it.") == 2
    assert scoring.scored(evaluation).headline.value == 1.0
    assert all(pool.value is None for pool in conforming.as_asked(evaluation))
