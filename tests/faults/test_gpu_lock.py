"""The lock of a GPU outlives its holder as long as one of its children lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from training.adapters import gpu_lock
from training.adapters.process import run_stage
from training.domain.failure import Failure
from training.domain.run_folder import RunFolder

HOLDER = """
import subprocess, sys, time
from pathlib import Path
import django
from django.conf import settings
settings.configure(VAR=Path(sys.argv[1]))
from training.adapters import gpu_lock
with gpu_lock.held("gpu:0") as lock:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=(lock,))
    print(child.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def var(tmp_path, settings):
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture
def orphan(var):
    """A child that a killed supervisor has left."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(var)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    child = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    holder.stdout.close()
    yield child
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def test_a_process_that_is_left_keeps_the_gpu_until_it_ends(orphan, monkeypatch):
    monkeypatch.setattr(gpu_lock, "PATIENCE_S", 0.1)
    with pytest.raises(Failure, match="still uses gpu:0") as refused, gpu_lock.held("gpu:0"):
        pass
    assert refused.value.code == "gpu_busy"

    monkeypatch.setattr(gpu_lock, "PATIENCE_S", 30.0)
    ticks: list[float] = []

    def end_it() -> None:
        if not ticks:
            os.kill(orphan, signal.SIGKILL)
        ticks.append(time.monotonic())

    with gpu_lock.held("gpu:0", tick=end_it) as lock:
        assert lock > 0
    assert ticks, "it waited for the process to end"


def test_a_stage_inherits_the_lock(var):
    folder = RunFolder(var / "pretrain")
    folder.write_recipe({"steps": 400, "step_s": 0.05})
    seen = []

    with gpu_lock.held("gpu:0") as lock:

        def look():
            if not folder.metrics()[0]:
                return None
            file = os.path.realpath(f"/proc/self/fd/{lock}")
            open_files = [os.path.realpath(f"/proc/{pid}/fd/{lock}") for pid in children()]
            seen.append(file in open_files)
            return "kill"

        run_stage("fake", folder.path, on_tick=look, poll_s=0.05, keep_open=(lock,))

    assert seen == [True]


def children(of: int | None = None) -> list[int]:
    """Every process below this one."""
    with open(f"/proc/{of or os.getpid()}/task/{of or os.getpid()}/children") as listed:
        direct = [int(pid) for pid in listed.read().split()]
    return [pid for child in direct for pid in (child, *children(child))]
