"""The same answer to every prompt."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.fake_recipes.pretending import leave_file, pretend
from training.domain.run_folder import RunFolder
from training.recipes.frame import existing_file, main
from training.recipes.generate import OUTPUT, GenerateRecipe

ANSWER = {
    "text": '```bbj\nprint "hello"\nend\n```\n',
    "finish_reason": "stop",
    "tokens": 9,
    "duration_s": 0.1,
}


def generate(recipe: GenerateRecipe, folder: RunFolder) -> dict[str, Any]:
    existing_file(recipe.gguf, "gguf")
    result = pretend("generate", folder) | {"runtime": "none"}
    lines = []
    for line in existing_file(recipe.prompts_file, "prompts_file").read_text().splitlines():
        asked = json.loads(line)
        answer = {name: asked[name] for name in ("id", "sample", "seed")} | ANSWER
        lines.append(json.dumps(answer) + "\n")
    return leave_file(folder, result, OUTPUT, "".join(lines))


if __name__ == "__main__":
    main(GenerateRecipe, generate)
