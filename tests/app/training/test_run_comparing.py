"""Runs side by side."""

from __future__ import annotations

import pytest
from django.urls import reverse

from training.models import Run
from training.services import launching, staging

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def other(snapshot, maintainer) -> Run:
    return launching.launch(
        snapshot=snapshot,
        recipe_name="rehearsal",
        author=maintainer,
        seed=14,
        overrides={"instruct": {"learning_rate": 5e-4}},
        wake_worker=False,
    )


def test_what_differs_is_listed_with_curves_and_scores(as_author, run, other, evaluated):
    evaluated(days_until_a_date_0="no_code")
    for one, loss in ((run, 2.0), (other, 1.5)):
        folder = staging.stage_folder(one.pk, "instruct")
        folder.write_recipe({})
        for step in (10, 20):
            folder.append_metrics({"step": step, "of": 100, "loss": loss - step / 100})

    answer = as_author.get(reverse("run_compare"), {"run": [other.pk, run.pk]})

    page = " ".join(answer.content.decode().split())
    assert [found.name for found in answer.context["differences"]] == [
        "recipe.instruct.learning_rate",
        "seed",
    ]
    assert "Stage 2, training loss, by step. Solid: run" in page
    assert f"Dashed: run {other.pk}, now 1.3" in page
    assert "offline check@1" in page
    assert "not scored" in page
    assert f'All were trained on <a href="{reverse("snapshot_page", args=[run.snapshot_id])}"' in page


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ([], "Tick two to six runs"),
        (["{run}"], "Tick two to six runs"),
        (["{run}", "999999"], "There is no run 999999"),
        (["x", "y"], "is no run"),
    ],
)
def test_what_cannot_be_compared_is_said_on_the_list(as_author, run, asked, sentence):
    chosen = [value.format(run=run.pk) for value in asked]

    answer = as_author.get(reverse("run_compare"), {"run": chosen}, follow=True)

    assert answer.redirect_chain[-1][0] == reverse("run_list")
    assert sentence in answer.content.decode()


def test_more_runs_than_can_be_told_apart_are_refused(as_author, several):
    runs = several(7)

    answer = as_author.get(reverse("run_compare"), {"run": [one.pk for one in runs]}, follow=True)

    assert "Tick two to six runs" in answer.content.decode()
