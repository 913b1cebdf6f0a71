"""What must hold on every machine with an NVIDIA GPU, tried on a tiny base in two minutes."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow(40),
    pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="no NVIDIA GPU on this machine"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Both stages on a tiny base: with plain, and with Unsloth where it is installed."""
    out = tmp_path_factory.mktemp("benchmark")
    backends = ["plain"] + (["unsloth"] if importlib.util.find_spec("unsloth") else [])
    names = [f"{stage}:{backend}" for stage in ("pretrain", "instruct") for backend in backends]
    command = [sys.executable, "-m", "tests.gpu.benchmark", str(out), "--shape", "tiny", "--length", "256"]
    subprocess.run([*command, "--steps", "20", "--runs", *names], check=True, cwd=Path(__file__).parents[2])
    found: list[dict[str, Any]] = json.loads((out / "results-tiny.json").read_text())["runs"]
    return found


def test_both_stages_train_on_the_gpu_with_every_backend(runs):
    assert [run["failure"] for run in runs if "failure" in run] == []
    assert all(run["peak_allocated_bytes"] > 0 for run in runs)


def test_the_gpu_holds_no_more_than_was_estimated(runs):
    assert [run for run in runs if run["device_used_bytes"] > run["estimated_bytes"]] == []


def test_the_backends_agree_on_the_loss(runs):
    for stage in ("pretrain", "instruct"):
        losses = [run["loss"] for run in runs if run["stage"] == stage]
        assert max(losses) - min(losses) < 0.02 * max(losses)
