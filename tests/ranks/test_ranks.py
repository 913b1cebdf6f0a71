"""Both stages in two processes on this machine, started by torchrun: one result, whatever happens to one."""

import os
import signal
import sys
from ipaddress import ip_address
from pathlib import Path

import numpy
import psutil
import pytest
from safetensors.numpy import load_file

from tests.recipes.conftest import base, instruct_values, perform, pretrain_values, snapshot, succeed
from training.domain.run_folder import RunFolder

pytestmark = pytest.mark.slow(30)

REPOSITORY = Path(__file__).parents[2]
SHARED = "tests.ranks.shared_work"

__all__ = ["base", "snapshot"]  # fixtures


def adapter(folder: Path) -> dict[str, numpy.ndarray]:
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def one_a_step(values):
    """Blocks one by one, so that two processes take what one takes in two device steps."""
    return {**values, "batch_size": 1, "accumulate": 1, "processes": 2}


@pytest.fixture(scope="module")
def two(base, snapshot, tmp_path_factory):
    """The folder and the result of tests/ranks/trainings.py."""
    folder = tmp_path_factory.mktemp("two")
    values = {
        "pretrain": one_a_step(pretrain_values(base, snapshot)),
        "instruct": one_a_step(instruct_values(base, snapshot, Path("later"))),
    }
    return folder, succeed("tests.ranks.trainings", folder, **values, processes=2)


def test_both_stages_train_in_two_processes(two):
    folder, result = two
    points, _ = RunFolder(folder / "whole").metrics()

    assert (result["whole"]["processes"], result["instruct"]["processes"]) == (2, 2)
    assert [point["step"] for point in points if "loss" in point] == list(range(1, 9)), "one writes, once"
    assert points[-1]["eval_loss"] < points[0]["loss"]
    assert set(adapter(folder / "instruct")) == set(adapter(folder / "whole"))
    assert [file.name for file in (folder / "whole").iterdir() if file.name.startswith("result")] == []


def test_two_processes_learn_what_one_learns_in_twice_as_many_device_steps(two, base, snapshot, tmp_path):
    folder, result = two
    values = {**pretrain_values(base, snapshot), "batch_size": 1, "accumulate": 2}

    alone = succeed("pretrain", tmp_path / "alone", **values)

    assert alone["processes"] == 1
    assert result["whole"]["loss"] == pytest.approx(alone["loss"], abs=2e-3)
    one, shared = adapter(tmp_path / "alone"), adapter(folder / "whole")
    assert max(abs(one[name] - shared[name]).max() for name in one) < 1e-3


def test_who_stops_one_process_stops_both_after_the_same_step_and_both_go_on_from_there(two):
    folder, result = two
    whole, pieced = adapter(folder / "whole"), adapter(folder / "stopped")

    assert result["stopped"]["code"] == "cancelled"
    assert "Stopped at step 3. Its checkpoint is kept." in result["stopped"]["message"]
    assert result["resumed"]["resumed_from"] == "checkpoint-3"
    assert all((whole[name] == pieced[name]).all() for name in whole)


def test_a_file_ends_both_after_their_step_with_what_they_have_learnt(two):
    folder, result = two

    assert (result["kept"]["steps"], result["kept"]["kept_early"]) == (1, True)
    assert adapter(folder / "kept")


def test_a_cancel_reaches_both_through_torchrun(tmp_path):
    folder = RunFolder(tmp_path / "shared")

    def cancel():
        return "cancel" if folder.metrics()[0] else None

    outcome = perform(SHARED, folder.path, processes=2, process_on_tick=cancel)

    assert outcome.failure is not None
    assert outcome.failure.code == "cancelled"
    last = folder.metrics()[0][-1]["step"]
    assert outcome.failure.message == f"Stopped at step {last}."
    assert not running(folder.path)


def test_the_one_that_fails_names_the_cause_for_both(tmp_path):
    fault = {"STAGE_FAULT": "shared:step2:oom:1"}

    outcome = perform(SHARED, tmp_path / "shared", processes=2, process_env=fault)

    assert outcome.failure is not None
    assert outcome.failure.code == "host_oom"
    log = RunFolder(tmp_path / "shared").log_tail()
    assert "process 1: host_oom" in log
    assert "process 0: process_killed: Another process of this stage is gone" in log
    assert not running(tmp_path / "shared")


def test_one_that_is_killed_without_a_word_counts_as_killed(tmp_path):
    fault = {"STAGE_FAULT": "shared:step2:kill:1"}

    outcome = perform(SHARED, tmp_path / "shared", processes=2, process_env=fault)

    assert outcome.failure is not None
    assert outcome.failure.code == "process_killed"
    assert "was killed from outside" in outcome.failure.message
    assert outcome.exit_code == 128 + signal.SIGKILL
    assert outcome.result == {}
    assert not running(tmp_path / "shared")


def test_they_talk_to_this_machine_only_and_none_survives_its_supervisor(tmp_path):
    folder = RunFolder(tmp_path / "shared")
    folder.write_recipe({"processes": 2})
    code = f"from training.adapters.process import run_stage as run; run({SHARED!r}, {str(folder.path)!r})"
    without_bubblewrap = {**os.environ, "PATH": "", "TMPDIR": str(tmp_path)}
    supervisor = psutil.Popen([sys.executable, "-c", code], cwd=REPOSITORY, env=without_bubblewrap)
    while not folder.metrics()[0]:
        assert supervisor.poll() is None, folder.log_tail()
        with pytest.raises(psutil.TimeoutExpired):
            supervisor.wait(0.05)
    children = running(folder.path)
    listening = [ip_address(at.laddr.ip) for child in children for at in child.net_connections()]

    supervisor.kill()
    _, alive = psutil.wait_procs(children, timeout=10)

    assert len(children) == 3, "torchrun and its two"
    assert listening
    assert all(address.is_loopback for address in listening)
    assert not alive


def running(folder: Path) -> list[psutil.Process]:
    """Every process that was started for this folder."""
    recipe = str(folder / "recipe.json")
    return [one for one in psutil.process_iter(["cmdline"]) if recipe in (one.info["cmdline"] or ())]


@pytest.mark.parametrize(("processes", "world"), [(1, 2), (2, 1), (2, 3)])
@pytest.mark.parametrize("stage", ["pretrain", "instruct"])
def test_torchrun_by_hand_with_another_number_of_processes_is_refused(
    tmp_path, snapshot, stage, processes, world
):
    started = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": str(world)}
    values = {
        "pretrain": pretrain_values(snapshot, snapshot),
        "instruct": instruct_values(snapshot, snapshot, snapshot),
    }

    outcome = perform(stage, tmp_path / stage, **values[stage], processes=processes, process_env=started)

    assert outcome.failure is not None
    assert outcome.failure.code == "config_invalid"
    assert outcome.failure.message == (
        f"processes={processes}, but torchrun started {world}. Write processes={world}, or start it with "
        f"--nproc-per-node {processes}."
    )


def test_unsloth_is_refused_before_anything_starts(tmp_path, snapshot):
    values = {**pretrain_values(snapshot, snapshot), "processes": 2, "backend": "unsloth"}

    outcome = perform("pretrain", tmp_path / "pretrain", **values)

    assert outcome.failure is not None
    assert outcome.failure.code == "config_invalid"
    assert outcome.failure.message == (
        "processes=2 with backend=unsloth: it trains in one, write processes=1 or backend=plain."
    )
