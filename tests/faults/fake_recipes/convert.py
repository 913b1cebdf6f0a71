"""A GGUF by name only."""

from __future__ import annotations

from typing import Any

from tests.faults.fake_recipes.pretending import leave_file, pretend
from training.domain.run_folder import RunFolder
from training.recipes.convert import FILE_NAME, ConvertRecipe
from training.recipes.frame import existing_folder, main


def convert(recipe: ConvertRecipe, folder: RunFolder) -> dict[str, Any]:
    model = existing_folder(recipe.model_folder, "model_folder") / "model.safetensors"
    return leave_file(folder, pretend("convert", folder), FILE_NAME, f"F16 of {model.read_text()}")


if __name__ == "__main__":
    main(ConvertRecipe, convert)
