"""A base model that is none, at the same place for every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.fake_recipes.pretending import pretend
from training.domain.run_folder import RunFolder
from training.recipes.frame import existing_folder, main
from training.recipes.tiny_base import TinyBaseRecipe


def build(recipe: TinyBaseRecipe, folder: RunFolder) -> dict[str, Any]:
    existing_folder(recipe.corpus_folder, "corpus_folder")
    result = pretend("tiny_base", folder)
    target = Path(recipe.out) / "pretended"
    target.mkdir(parents=True, exist_ok=True)
    (target / "config.json").write_text("{}\n")
    (target / "model.safetensors").write_text("no weights\n")
    return result | {"base_model": str(target)}


if __name__ == "__main__":
    main(TinyBaseRecipe, build)
