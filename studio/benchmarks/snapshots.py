"""How fast dataset versions are frozen, exported and compared, and how much memory that takes, by size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from studio.benchmarks.measuring import Table, growth

SIZES = (10_000, 30_000, 100_000)
QUIET_BROKER = "redis://127.0.0.1:1/0"  # nobody listens: no worker of a running studio is told
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
            row = {"examples": size, **_run(Path(folder), "fill", str(size))}
            for step in STEPS:
                if step == "diff":
                    say(f"{size:,} examples: the next version, to compare with")
                    _run(Path(folder), "next")
                say(f"{size:,} examples: {step}")
                row |= {f"{step}_{name}": value for name, value in _run(Path(folder), step).items()}
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


def _run(folder: Path, *words: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {
        "STUDIO_VAR": str(folder / "var"),
        "STUDIO_REDIS_URL": QUIET_BROKER,
        "DJANGO_SETTINGS_MODULE": "studio.settings",
    }
    command = [sys.executable, "-m", "studio.benchmarks.snapshots_studio", *words]
    told = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=settings.ROOT
    )
    report: dict[str, Any] = json.loads(told.stdout.strip().rpartition("\n")[2])
    return report
