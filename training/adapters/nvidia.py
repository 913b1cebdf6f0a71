"""Asks NVIDIA's driver which GPUs this machine has, without loading torch."""

from __future__ import annotations

import shutil
import subprocess


def gpu_memory_bytes() -> list[int]:
    """The memory of each GPU, in the driver's order; empty where there is no driver or it does not answer."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    if shutil.which(command[0]) is None:
        return []
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        return [int(line) * 2**20 for line in answer.split("\n") if line.strip()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
