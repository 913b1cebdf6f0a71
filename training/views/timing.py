"""What the check page shows of a probe: how far it is, or how long the training will take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.domain.budget import gigabytes
from training.domain.training_time import TimedStage
from training.models import Probe
from training.services import preflighting, scoring
from training.views import words

ACTIVE = ("queued", "running")
CHIPS = {"running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}
STAGES = {"pretrain": "Stage 1", "instruct": "Stage 2"}
NOW = {"": "starting", "export": "writing the dataset", **STAGES}


def timing(probe: Probe | None, recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What _probe.html needs.

    Args:
        recipe: The one that is checked: how often it evaluates decides with how long it takes.
    """
    if probe is None:
        return {"probe": None}
    shown: dict[str, Any] = {
        "probe": probe,
        "probe_active": probe.state in ACTIVE,
        "probe_chip": CHIPS.get(probe.state, ""),
        "probe_now": NOW.get(probe.stage, probe.stage),
    }
    if probe.state == "queued":
        shown["worker_problem"] = scoring.worker_problem()
    if probe.state == "done":
        shown |= _times(probe.result, recipe)
    return shown


def _times(result: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    estimated = {one.stage: one.total for one in preflighting.memory_needs(recipe)}
    rows, least, likely, most = [], 0.0, 0.0, 0.0
    for stage, title in STAGES.items():
        timed, every = TimedStage.from_result(result[stage]), recipe[stage]["eval_steps"]
        low, high = timed.between(every)
        least, likely, most = least + low, likely + timed.seconds(every), most + high
        used = timed.gpu_used_bytes
        rows.append(
            {
                "title": title,
                "timed": timed,
                "step": _seconds(timed.typical_s),
                "step_least": _seconds(min(timed.step_s)),
                "step_most": _seconds(max(timed.step_s)),
                "start": words.duration(timed.start_s),
                "evaluations": timed.evaluations(every),
                "evaluation": _seconds(timed.evaluation_s),
                "likely": words.duration(timed.seconds(every)),
                "used": gigabytes(used) if used else "",
                "estimated": gigabytes(estimated[stage]) if stage in estimated else "",
            }
        )
    return {
        "times": rows,
        "times_mask": _mask(result["instruct"], recipe),
        "times_likely": words.duration(likely),
        "times_least": words.duration(least),
        "times_most": words.duration(most),
        "times_gpu": any(row["used"] for row in rows),
    }


def _mask(result: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    """What the recipe found when it checked each row before its first step; it refuses a wrong mask."""
    if not (audit := result.get("loss_mask")):
        return ""
    limit = recipe["instruct"]["max_length"]
    return (
        f"Loss mask: {audit['trained_tokens']:,} tokens of {result['rows']:,} rows are learnt, and every "
        f"whole answer with its end; {audit['cut']:,} rows are cut at {limit:,} tokens."
    )


def _seconds(seconds: float) -> str:
    """Two digits that count: "0.15", "3.1", "32"."""
    return f"{seconds:.2f}" if seconds < 1 else f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
