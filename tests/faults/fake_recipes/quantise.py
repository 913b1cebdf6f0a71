"""A smaller GGUF by name only."""

from __future__ import annotations

from typing import Any

from tests.faults.fake_recipes.pretending import leave_file, pretend
from training.domain.run_folder import RunFolder
from training.recipes.frame import existing_file, main
from training.recipes.quantise import QuantiseRecipe


def quantise(recipe: QuantiseRecipe, folder: RunFolder) -> dict[str, Any]:
    source = existing_file(recipe.gguf, "gguf")
    text = f"{recipe.type} of {source.read_text()}"
    return leave_file(folder, pretend("quantise", folder), recipe.out, text)


if __name__ == "__main__":
    main(QuantiseRecipe, quantise)
