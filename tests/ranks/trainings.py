"""Several trainings in one start of two ranks: what torch and trl need to be imported is paid for once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes import instruct, pretrain, ranks, torchrun
from training.recipes.frame import Stop


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """The values of both stages; the adapter between them is made here."""

    pretrain: dict
    instruct: dict
    processes: int


def work(recipe: Trainings, folder: RunFolder) -> dict[str, Any]:
    def first_stage(name: str) -> dict[str, Any]:
        return pretrain.train(pretrain.PretrainRecipe(**recipe.pretrain), prepared(name, recipe.pretrain))

    def prepared(name: str, values: dict[str, Any]) -> RunFolder:
        own = RunFolder(folder.path / name)
        if ranks.is_first():
            own.write_recipe(values)
        ranks.wait_for_all()
        return own

    whole = first_stage("whole")

    os.environ["STAGE_FAULT"] = "pretrain:step3:stop:1"
    try:
        first_stage("stopped")
    except Failure as failure:
        stopped = failure.as_dict()
    del os.environ["STAGE_FAULT"]
    Stop.asked = False
    resumed = first_stage("stopped")

    prepared("kept", recipe.pretrain).keep_file.touch()
    kept = first_stage("kept")

    values = {**recipe.instruct, "adapter": str(folder.path / "whole" / "adapter")}
    second = instruct.train(instruct.InstructRecipe(**values), prepared("instruct", values))
    return {"whole": whole, "stopped": stopped, "resumed": resumed, "kept": kept, "instruct": second}


if __name__ == "__main__":
    torchrun.main(Trainings, work)
