"""Timing a few steps of a training stage: the trainer of a run, ended early, which leaves no model.

The first step compiles and fills caches, so it is not among those that are told.
"""

from __future__ import annotations

import time
from typing import Any

from training.domain.run_folder import RunFolder
from training.recipes import ranks
from training.recipes.frame import since_start_s

QUICK_S = 5.0  # for so long quick steps are timed, however many that are: texts differ in length
ENOUGH_S = 60.0  # then no further step is begun
LEAST_STEPS = 2  # that are timed, however long they take
EVALUATED_BATCHES = 4


def time_steps(trainer: Any, stage: str, folder: RunFolder, *, steps: int) -> dict[str, Any]:
    """Train for `steps` steps after the first one, for some seconds where they are quick, at most a minute.

    Returns:
        steps_of        steps of the whole stage, as the trainer counts them
        step_s          seconds of each step but the first
        start_s         from the start of the process to the first step
        evaluation_s    one evaluation of all that is held back, reckoned from its first batches; 0 without
        gpu_used_bytes  what the fullest GPU holds in the end, the driver's part and others' included; None
                        without one. torch gives nothing back, so this is the peak.
    """
    clock = _clock(stage, folder, steps)
    trainer.add_callback(clock)
    trainer.train()
    return {
        "steps_of": trainer.state.max_steps,
        "step_s": [round(seconds, 4) for seconds in clock.step_s[1:] or clock.step_s],
        "start_s": round(clock.start_s, 2),
        "evaluation_s": round(_evaluation_s(trainer), 3),
        "gpu_used_bytes": _gpu_used_bytes(),
    }


def _gpu_used_bytes() -> int | None:
    import torch

    if not torch.cuda.is_available():
        return None
    free, total = torch.cuda.mem_get_info()
    return ranks.largest(int(total - free))


def _evaluation_s(trainer: Any) -> float:
    held_back = trainer.eval_dataset
    if held_back is None:
        return 0.0
    size = trainer.args.per_device_eval_batch_size * ranks.count()
    batches = -(-len(held_back) // size)
    some = min(batches, EVALUATED_BATCHES)
    began = time.monotonic()
    trainer.evaluate(held_back.select(range(min(len(held_back), some * size))))
    return (time.monotonic() - began) * batches / some


def _clock(stage: str, folder: RunFolder, steps: int) -> Any:
    import torch
    from transformers import TrainerCallback

    cuda = torch.cuda.is_available()

    def now() -> float:
        if cuda:
            torch.cuda.synchronize()
        return time.monotonic()

    class Clock(TrainerCallback):
        """Times each step, says where it is, and ends the training when it has seen enough."""

        def __init__(self) -> None:
            self.step_s: list[float] = []
            self.start_s = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._began = now()
            self.start_s = since_start_s()

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._step_began = now()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.step_s.append(now() - self._step_began)
            if ranks.is_first():
                step = state.global_step
                folder.append_metrics({"stage": stage, "step": step, "of": max(step, steps + 1)})
            timed, spent_s = len(self.step_s) - 1, now() - self._began
            several, few = timed >= steps, timed >= LEAST_STEPS
            (enough,) = ranks.agree((several and spent_s >= QUICK_S) or (few and spent_s >= ENOUGH_S))
            if enough:
                control.should_training_stop = True
            control.should_evaluate = control.should_save = False

    return Clock()
