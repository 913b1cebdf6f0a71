"""How long a training stage will take, from a few of its steps that were timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class TimedStage:
    """What a probe measured of a stage (training.recipes.probing writes it).

    Attributes:
        steps: Optimizer steps of the whole stage, as its trainer counts them.
        step_s: Seconds of each step that was timed.
        start_s: From the start of the process to the first step: imports, loading, tokenising.
        evaluation_s: One evaluation of all that is held back; 0 where nothing is.
        gpu_used_bytes: What the whole GPU held in the end, CUDA's part included; None without one.
    """

    steps: int
    step_s: tuple[float, ...]
    start_s: float
    evaluation_s: float = 0.0
    gpu_used_bytes: int | None = None

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> TimedStage:
        return cls(
            steps=result["steps_of"],
            step_s=tuple(result["step_s"]),
            start_s=result["start_s"],
            evaluation_s=result["evaluation_s"],
            gpu_used_bytes=result.get("gpu_used_bytes"),
        )

    @property
    def typical_s(self) -> float:
        """The mean, since a sum is reckoned from it; the first step, which is slower, is not among them."""
        return fmean(self.step_s)

    def evaluations(self, every: int) -> int:
        """How often the stage evaluates: every so many steps, and at its end."""
        if not self.evaluation_s:
            return 0
        return self.steps // every + (self.steps % every > 0)

    def seconds(self, eval_steps: int, step_s: float | None = None) -> float:
        """The whole stage.

        Args:
            step_s: Of a step; what is typical where it is not said.
        """
        step_s = self.typical_s if step_s is None else step_s
        return self.start_s + self.steps * step_s + self.evaluations(eval_steps) * self.evaluation_s

    def between(self, eval_steps: int) -> tuple[float, float]:
        """The whole stage, if all its steps were like the quickest and like the slowest of those timed."""
        return self.seconds(eval_steps, min(self.step_s)), self.seconds(eval_steps, max(self.step_s))
