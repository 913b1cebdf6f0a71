"""Stage 1: an adapter that says what it was trained from."""

from __future__ import annotations

from typing import Any

from tests.faults.fake_recipes.pretending import leave, pretend
from training.domain.run_folder import RunFolder
from training.recipes.frame import main
from training.recipes.pretrain import PretrainRecipe


def train(recipe: PretrainRecipe, folder: RunFolder) -> dict[str, Any]:
    result = pretend("pretrain", folder, steps=recipe.max_steps)
    files = {"adapter_config.json": "{}\n", "adapter_model.safetensors": f"stage 1 of {recipe.inputs}\n"}
    return leave(folder, result, "adapter", files)


if __name__ == "__main__":
    main(PretrainRecipe, train)
