"""A training stage as the studio runs it, with a clock on each step.

    python -m tests.gpu.measured runs/17/pretrain/recipe.json        the folder's name says which stage

Writes beside the recipe's own files timing.json:
    first_step_at     Unix time when the first step had ended
    step_s            seconds from the end of one step to the end of the next, first step first
    model_s           seconds of each step in the model's forward and backward pass (empty: not measured)
    tokens            tokens of each step, padding left out
    peak_allocated_bytes, peak_reserved_bytes    what torch used and what it held of the GPU
    device_used_bytes                            what the whole GPU holds, the driver's part included
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.recipes.frame import main


def clocked(trainer: Any, target: Path, *, model: bool) -> None:
    """Put a clock on a trainer; it writes `target` when the training ends.

    Args:
        model: Time the forward and backward pass too. Each then waits for the GPU, three times a step.
    """
    import torch
    from transformers import TrainerCallback

    cuda = torch.cuda.is_available()

    def now() -> float:
        if cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.step_s: list[float] = []
            self.model_s: list[float] = []
            self.tokens: list[int] = []
            self.first_step_at = self.at = self.in_model_s = self.entered = 0.0
            self.tokens_before = 0

        def enter(self, *_: Any) -> None:
            self.entered = now()

        def leave(self, *_: Any) -> None:
            self.in_model_s += now() - self.entered

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.at = now()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            at = now()
            self.step_s.append(at - self.at)
            self.tokens.append(state.num_input_tokens_seen - self.tokens_before)
            if self.in_model_s:
                self.model_s.append(self.in_model_s)
            self.at, self.in_model_s, self.tokens_before = at, 0.0, state.num_input_tokens_seen
            self.first_step_at = self.first_step_at or time.time()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            values = {
                "first_step_at": self.first_step_at,
                "step_s": self.step_s,
                "model_s": self.model_s,
                "tokens": self.tokens,
            }
            if cuda:
                free, total = torch.cuda.mem_get_info()
                values["peak_allocated_bytes"] = torch.cuda.max_memory_allocated()
                values["peak_reserved_bytes"] = torch.cuda.max_memory_reserved()
                values["device_used_bytes"] = total - free
            target.write_text(json.dumps(values), encoding="utf-8")

    clock = Clock()
    trainer.add_callback(clock)
    if model:
        trainer.model.register_forward_pre_hook(clock.enter)
        trainer.model.register_forward_hook(clock.leave)
        backward = trainer.accelerator.backward

        def clocked_backward(*args: Any, **options: Any) -> None:
            clock.enter()
            backward(*args, **options)
            clock.leave()

        trainer.accelerator.backward = clocked_backward


def with_clock(run_trainer: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def run(trainer: Any, stage: str, folder: Any) -> dict[str, Any]:
        clocked(trainer, folder.path / "timing.json", model=True)
        return run_trainer(trainer, stage, folder)

    return run


if __name__ == "__main__":
    name = Path(sys.argv[1]).parent.name
    stage: Any = importlib.import_module(f"training.recipes.{name}")
    stage.run_trainer = with_clock(stage.run_trainer)
    main(getattr(stage, f"{name.title()}Recipe"), stage.train)
