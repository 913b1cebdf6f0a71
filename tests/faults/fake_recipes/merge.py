"""A merged model that is none, with the chat form that packaging reads."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.fake_recipes.pretending import leave, pretend
from training.domain.modelfile import CHATML
from training.domain.run_folder import RunFolder
from training.recipes.frame import main
from training.recipes.learning import adapter_folder, base_folder
from training.recipes.merge import MergeRecipe


def merge(recipe: MergeRecipe, folder: RunFolder) -> dict[str, Any]:
    base_folder(recipe.base_model, recipe.base_revision)
    adapter = adapter_folder(recipe.adapter) / "adapter_model.safetensors"
    result = pretend("merge", folder)
    files = {"model.safetensors": f"merged: {adapter.read_text()}", "chat_format.json": json.dumps(CHATML)}
    return leave(folder, result, "merged", files)


if __name__ == "__main__":
    main(MergeRecipe, merge)
