"""The script that `manage.py bench training` measures against: it trains what the studio's stage does."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from studio.benchmarks import bare_trl
from training.domain.run_folder import RunFolder
from training.recipes.instruct import InstructRecipe

pytestmark = pytest.mark.slow(3)


def test_the_bare_script_ends_with_the_loss_of_the_studios_stage(chain):
    recipe = InstructRecipe(**RunFolder(chain.at("instruct")).recipe())

    told = bare_trl.train("instruct", asdict(recipe))

    assert told["loss"] == chain.results["instruct"]["loss"]
    assert told["steps_per_s"] > 0
    assert json.dumps(told)
