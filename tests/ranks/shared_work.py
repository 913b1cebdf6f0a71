"""A stage of steps that its ranks take together, without a model: it needs torch alone and starts quickly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes import ranks, torchrun
from training.recipes.frame import Stop, fault_point


@dataclass(frozen=True, kw_only=True)
class SharedWork:
    processes: int = 1
    steps: int = 1000


def work(recipe: SharedWork, folder: RunFolder) -> dict[str, Any]:
    Stop.wait_for_a_good_moment()
    for step in range(1, recipe.steps + 1):
        time.sleep(0.02)
        fault_point("shared", f"step{step}")
        stop, _ = ranks.agree(Stop.asked, False)
        if ranks.is_first():
            folder.append_metrics({"step": step})
        if stop:
            raise Failure("cancelled", f"Stopped at step {step}.")
    return {"steps": recipe.steps}


if __name__ == "__main__":
    torchrun.main(SharedWork, work)
