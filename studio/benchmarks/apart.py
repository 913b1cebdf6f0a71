"""A studio of its own for a benchmark: another process, another STUDIO_VAR, no broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

QUIET_BROKER = "redis://127.0.0.1:1/0"  # nobody listens: no worker of a running studio is told


def told_by(module: str, folder: Path, *words: str) -> dict[str, Any]:
    """Run a program of studio.benchmarks on the studio in `folder`: the JSON object that it prints last."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {
        "STUDIO_VAR": str(folder / "var"),
        "STUDIO_REDIS_URL": QUIET_BROKER,
        "DJANGO_SETTINGS_MODULE": "studio.settings",
    }
    command = [sys.executable, "-m", f"studio.benchmarks.{module}", *words]
    told = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=settings.ROOT
    )
    report: dict[str, Any] = json.loads(told.stdout.strip().rpartition("\n")[2])
    return report
