"""How fast dataset versions are frozen, exported and compared, and how much memory that takes, by size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from studio.benchmarks.apart import told_by
from studio.benchmarks.measuring import Table, growth

SIZES = (10_000, 30_000, 100_000)
STEPS = ("freeze", "export", "diff")


def measure(say: Callable[[str], None]) -> list[Table]:
    """One table. Takes about twenty minutes, most of it for writing the examples.

    Args:
        say: Told what is measured next.
    """
    rows = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            say(f"{size:,} examples: writing them")
            row = {"examples": size, **told_by("snapshots_studio", Path(folder), "fill", str(size))}
            for step in STEPS:
                if step == "diff":
                    say(f"{size:,} examples: the next version, to compare with")
                    told_by("snapshots_studio", Path(folder), "next")
                say(f"{size:,} examples: {step}")
                row |= {
                    f"{step}_{name}": value
                    for name, value in told_by("snapshots_studio", Path(folder), step).items()
                }
            rows.append(row)
    grown = {
        step: growth([r["examples"] for r in rows], [r[f"{step}_s"] for r in rows])
        for step in (STEPS if len(rows) > 1 else ())
    }
    columns = {"examples": "examples", "fill_s": "seconds to write them"}
    for step in STEPS:
        columns |= {f"{step}_s": f"{step}, seconds", f"{step}_peak_mb": "peak MB"}
    return [
        Table(
            "versions",
            "Freezing a dataset version, exporting it as ChatML, comparing it with the next",
            {**columns, "export_mb": "exported MB", "diff_changed": "examples that differ"},
            rows,
            "By the clock, each step in a process of its own on SQLite, whose peak is that of the whole "
            "process. About one example in eight repeats another; near-duplicates are known, as after the "
            "comparing job. Seconds grow with the number to the power of "
            + ", ".join(f"{power:.2f} ({step})" for step, power in grown.items())
            + ".",
            {f"growth_{step}": round(power, 3) for step, power in grown.items()},
        )
    ]
