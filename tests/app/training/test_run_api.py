"""Starting runs by program: the same choices as on the page."""

from __future__ import annotations

import pytest

from tests.app.api.conftest import program_of
from training.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def program(maintainer):
    return program_of(maintainer)


def test_values_of_the_recipe_and_replicates_are_taken(program, snapshot):
    asked = {"snapshot": snapshot.pk, "values": {"instruct": {"epochs": 2, "nf4": False}}, "replicates": 3}

    answer = program.post("/runs", asked, Idempotency_Key="k")
    program.post("/runs", asked, Idempotency_Key="k")

    assert answer.status_code == 201
    group = answer.json()["group"]
    rows = program.get(f"/runs?group={group}").json()["items"]
    assert [row["seed"] for row in rows] == [15, 14, 13]
    assert Run.objects.count() == 3
    assert all(run.recipe["instruct"]["epochs"] == 2 for run in Run.objects.all())


def test_every_wrong_value_is_named(program, snapshot):
    wrong = {"instruct": {"epoch": 2, "batch_size": 0}, "name": {"x": "y"}, "pretraim": {}}

    answer = program.post("/runs", {"snapshot": snapshot.pk, "values": wrong})

    assert answer.status_code == 422
    said = [mistake["message"].partition(":")[0].partition("=")[0] for mistake in answer.json()["errors"]]
    assert sorted(said) == ["instruct.batch_size", "instruct.epoch", "name", "pretraim"]
    assert not Run.objects.exists()
