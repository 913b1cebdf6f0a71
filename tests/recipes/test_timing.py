"""What training is timed with: the script of `manage.py bench training`, and the probe of the check page.

In this process, since loading the trainer takes longer than these steps.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from studio.benchmarks import bare_trl
from tests.recipes.conftest import instruct_values, pretrain_values
from training.domain.run_folder import RunFolder
from training.domain.training_time import TimedStage
from training.recipes import instruct, pretrain, probing

pytestmark = pytest.mark.slow(7)


def test_the_bare_script_ends_with_the_loss_of_the_studios_stage(chain):
    recipe = instruct.InstructRecipe(**RunFolder(chain.at("instruct")).recipe())

    told = bare_trl.train("instruct", asdict(recipe))

    assert told["loss"] == chain.results["instruct"]["loss"]
    assert told["steps_per_s"] > 0
    assert json.dumps(told)


def test_a_probe_times_steps_of_both_stages_and_knows_how_many_a_run_would_take(
    tmp_path, base, snapshot, monkeypatch
):
    monkeypatch.setattr(probing, "QUICK_S", 0)

    def probed(stage: Any, recipe_type: Any, values: dict[str, Any]) -> dict[str, Any]:
        folder = RunFolder(tmp_path / stage.__name__)
        recipe = recipe_type(**{**values, "max_steps": 0, "epochs": 5.0, "probe_steps": 2})
        folder.write_recipe(asdict(recipe))
        return stage.train(recipe, folder)

    first = probed(pretrain, pretrain.PretrainRecipe, pretrain_values(base, snapshot))
    adapter = tmp_path / pretrain.__name__ / "adapter"
    second = probed(instruct, instruct.InstructRecipe, instruct_values(base, snapshot, adapter))

    stages = TimedStage.from_result(first), TimedStage.from_result(second)
    batches = [-(-first["blocks"] // 2), -(-second["rows"] // 2)]  # two sequences a batch
    assert [stage.steps for stage in stages] == [5 * batches[0], 5 * batches[1]]
    for timed, stage in zip(stages, (pretrain, instruct), strict=True):
        folder = RunFolder(tmp_path / stage.__name__)
        assert len(timed.step_s) == 2
        assert all(0 < seconds < 5 for seconds in timed.step_s)
        assert timed.evaluation_s > 0
        assert not any(folder.checkpoints.glob("*"))
        points, _ = folder.metrics()
        assert [point["step"] for point in points] == [1, 2, 3]
