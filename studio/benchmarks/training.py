"""What the launcher costs: both training stages as the studio runs them, beside a bare TRL script."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from studio.benchmarks.apart import told_by
from studio.benchmarks.measuring import Table

REPEATS = 5
STEPS = {"pretrain": 80, "instruct": 120}
TITLES = {"pretrain": "stage 1", "instruct": "stage 2"}
LEAST_SPEED = 0.97  # of the bare script's
MOST_START = 1.2  # times the bare script's
MOST_SUPERVISOR_PERCENT = 2.0  # of a core


def measure(say: Callable[[str], None]) -> list[Table]:
    """One table. Takes five to ten minutes.

    Args:
        say: Told what is measured next.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        say("a studio with one run: dataset, tiny base, both stages once")
        told_by("training_studio", Path(folder), "prepare", *(str(STEPS[stage]) for stage in TITLES))
        pairs: dict[str, list[dict[str, Any]]] = {stage: [] for stage in TITLES}
        for repeat in range(REPEATS):
            for stage, title in TITLES.items():
                say(f"{title}, {repeat + 1} of {REPEATS}: the studio's and the bare script's")
                pairs[stage].append(told_by("training_studio", Path(folder), stage))
    return [_table(pairs)]


def _table(pairs: dict[str, list[dict[str, Any]]]) -> Table:
    rows = [row for stage, measured in pairs.items() for row in _rows(stage, measured)]
    alike = all(pair["ours"]["loss"] == pair["bare"]["loss"] for each in pairs.values() for pair in each)
    return Table(
        "overhead",
        "Training stages of the studio, beside a bare TRL script with the same recipe",
        {
            "what": "what",
            "ours": "studio",
            "bare": "bare script",
            "ratio": "ratio",
            "spread": "least to most",
            "limit": "limit",
            "kept": "kept",
        },
        rows,
        f"Medians of {REPEATS} repeats (n {REPEATS}). In each both sides run at the same time, so that "
        "what else the machine does it does to both; a ratio is the median of the repeats' own. The tiny "
        f"base, the shipped examples and programs, {STEPS['pretrain']} and {STEPS['instruct']} steps, one "
        "thread. Steps a second count from the end of the first step to that of the last, with evaluations "
        "and checkpoints; to the first step counts from the start of the process. The clock tells the truth "
        "on a machine that does nothing else, CPU seconds on any, but nothing of waiting for a disk. "
        + (
            "Both sides ended with the same training loss each time."
            if alike
            else "THE TRAINING LOSSES DIFFER: the two did not do the same."
        ),
        {"same_loss": float(alike), "repeats": REPEATS},
    )


def _rows(stage: str, pairs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    def row(what: str, name: str, digits: int, **limits: float) -> dict[str, Any]:
        ours, bare = ([pair[side].get(name) for pair in pairs] for side in ("ours", "bare"))
        against_it = None not in bare
        judged = [a / b for a, b in zip(ours, bare, strict=True)] if against_it else ours
        value = median(judged)
        return {
            "what": f"{TITLES[stage]}: {what}",
            "ours": round(median(ours), digits),
            "bare": round(median(bare), digits) if against_it else None,
            "ratio": round(value, 3) if against_it else None,
            "spread": f"{min(judged):.3g} to {max(judged):.3g}",
            **_judged(value, **limits),
        }

    return [
        row("steps a second", "steps_per_s", 2, least=LEAST_SPEED),
        row("steps a CPU second", "steps_per_cpu_s", 2, least=LEAST_SPEED),
        row("seconds to the first step", "to_first_step_s", 2, most=MOST_START),
        row("CPU seconds to the first step", "first_step_cpu_s", 2, most=MOST_START),
        row("supervisor, % of a core", "supervisor_percent", 2, most=MOST_SUPERVISOR_PERCENT),
        row("peak MB of the process", "peak_mb", 0),
    ]


def _judged(value: float, *, least: float | None = None, most: float | None = None) -> dict[str, str | None]:
    if least is not None:
        return {"limit": f"at least {least}", "kept": "yes" if value >= least else "NO"}
    if most is not None:
        return {"limit": f"at most {most}", "kept": "yes" if value <= most else "NO"}
    return {"limit": None, "kept": None}
