"""A trainer that trains nothing: steps, metrics, checkpoints and ways to fail, for tests of the run engine.

    python -m training.recipes.fake runs/17/pretrain/recipe.json

It keeps the whole contract of a real stage (resume, SIGTERM, COMPLETE.json), without torch, so that a fault
test takes seconds. No named recipe uses it, and what it writes is no model.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder, mark_complete, newest_checkpoint, values_digest
from training.recipes.frame import Stop, fault_point, main


@dataclass(frozen=True, kw_only=True)
class FakeRecipe:
    steps: int = 20
    step_s: float = 0.05
    save_steps: int = 5
    stage: str = "fake"
    fail_with: str = ""  # a failure code
    output: str = "fake.txt"
    hold: str = ""  # a file: while it is there, the work stands still after its third step


def run(recipe: FakeRecipe, folder: RunFolder) -> dict[str, Any]:
    inputs = folder.recipe().get("inputs") or values_digest(folder.recipe())
    checkpoint = newest_checkpoint(folder.checkpoints, inputs=inputs)
    first = json.loads((checkpoint / "state.json").read_text())["step"] if checkpoint else 0
    Stop.wait_for_a_good_moment()
    fault_point(recipe.stage, "start")
    step = first
    for step in range(first + 1, recipe.steps + 1):
        time.sleep(recipe.step_s)
        folder.append_metrics(
            {
                "stage": recipe.stage,
                "step": step,
                "of": recipe.steps,
                "loss": 5.0 / step,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
        print(f"step {step} of {recipe.steps}", flush=True)
        fault_point(recipe.stage, f"step{step}")
        while step == 3 and recipe.hold and Path(recipe.hold).exists() and not Stop.asked:
            time.sleep(0.02)
        if step % recipe.save_steps == 0 or Stop.asked:
            made = folder.checkpoints / f"checkpoint-{step}"
            made.mkdir(parents=True, exist_ok=True)
            (made / "state.json").write_text(json.dumps({"step": step}))
            fault_point(recipe.stage, "checkpoint")
            mark_complete(made, inputs=inputs)
        if Stop.asked:
            raise Failure("cancelled", f"Stopped at step {step}. Its checkpoint is kept.")
        if folder.keep_file.exists():
            break
    if recipe.fail_with:
        raise Failure(recipe.fail_with)
    fault_point(recipe.stage, "save")
    part = folder.path / (recipe.output + ".part")
    part.write_text(f"{step} steps\n")
    part.replace(folder.path / recipe.output)
    return {
        "files": [recipe.output],
        "steps": step,
        "kept_early": step < recipe.steps,
        "resumed_from": checkpoint.name if checkpoint else "",
    }


if __name__ == "__main__":
    main(FakeRecipe, run)
