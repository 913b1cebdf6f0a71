"""Asks NVIDIA's driver which GPUs this machine has and how busy they are, without loading torch."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

PROGRAM = "nvidia-smi"
TIMEOUT_S = 10


@dataclass(frozen=True)
class GpuLoad:
    """One GPU at one moment, whoever uses it."""

    used_bytes: int
    total_bytes: int
    busy_percent: int  # of the time, as the driver measures it


def gpu_memory_bytes() -> list[int]:
    """The memory of each GPU, in the driver's order; empty where there is no driver or it does not answer."""
    return [total * 2**20 for (total,) in _asked("memory.total")]


def gpu_loads() -> list[GpuLoad]:
    """How full and how busy each GPU is now; empty in the same cases."""
    return [
        GpuLoad(used * 2**20, total * 2**20, busy)
        for used, total, busy in _asked("memory.used", "memory.total", "utilization.gpu")
    ]


def _asked(*names: str) -> list[list[int]]:
    """A list of whole numbers for each GPU; the driver counts memory in MiB."""
    if shutil.which(PROGRAM) is None:
        return []
    command = [PROGRAM, f"--query-gpu={','.join(names)}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True).stdout
        rows = [[int(value) for value in line.split(",")] for line in answer.split("\n") if line.strip()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
    return [row for row in rows if len(row) == len(names)]
