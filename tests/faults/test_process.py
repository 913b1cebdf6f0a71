"""The stage process, against the fake trainer: a real process with the real contract, but no torch."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from training.adapters import pid_namespace
from training.adapters.process import LINE_MOST_BYTES, run_stage, visible
from training.domain.run_folder import RunFolder

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "pretrain")


def start(folder, values, **options):
    folder.write_recipe(values)
    return run_stage("fake", folder.path, poll_s=0.05, **options)


def after_step(folder, step, order):
    return lambda: order if any(point["step"] >= step for point in folder.metrics()[0]) else None


def test_a_stage_that_succeeds_reports_its_files(folder):
    outcome = start(folder, {"steps": 3, "step_s": 0.01})

    assert outcome.ok
    assert outcome.result["files"] == ["fake.txt"]
    assert outcome.result["peak_memory_bytes"] > 1_000_000
    assert "step 3 of 3" in folder.log_tail()


def test_a_stage_that_fails_says_why(folder):
    outcome = start(folder, {"steps": 1, "fail_with": "data_invalid"})

    assert outcome.exit_code == 1
    assert outcome.failure is not None
    assert outcome.failure.code == "data_invalid"


def test_every_wrong_value_of_a_recipe_is_named_at_once(folder):
    outcome = start(folder, {"step": 3, "steps": "many"})

    assert outcome.failure is not None
    assert outcome.failure.code == "config_invalid"
    assert "step: unknown, did you mean steps?; steps='many': write a int." in outcome.failure.message


def test_a_cancelled_stage_saves_a_checkpoint_and_goes_on_from_it(folder):
    values = {"steps": 30, "step_s": 0.05, "save_steps": 100}

    cancelled = start(folder, values, on_tick=after_step(folder, 3, "cancel"))
    resumed = start(folder, values)

    assert cancelled.failure is not None
    assert cancelled.failure.code == "cancelled"
    assert "Its checkpoint is kept" in cancelled.failure.message
    assert resumed.ok
    assert resumed.result["resumed_from"].startswith("checkpoint-")


def test_a_stage_that_does_not_listen_is_killed_after_the_grace(folder):
    def hanging():
        return "cancel" if "fault: hang" in folder.log_tail() else None

    outcome = start(folder, {}, env={"STAGE_FAULT": "fake:start:hang"}, on_tick=hanging, grace_s=0.3)

    assert outcome.exit_code == -signal.SIGKILL
    assert outcome.failure is not None
    assert outcome.failure.code == "cancelled"


def test_kill_does_not_wait_for_the_grace(folder):
    outcome = start(folder, {"steps": 10_000}, on_tick=after_step(folder, 1, "kill"), grace_s=60)

    assert outcome.exit_code == -signal.SIGKILL
    assert outcome.duration_s < 30


def test_a_stage_past_its_time_limit_is_stopped_as_timeout(folder):
    outcome = start(folder, {"steps": 10_000}, limit_s=0.5)

    assert outcome.failure is not None
    assert outcome.failure.code == "timeout"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("fake:step2:kill", "process_killed"),
        ("fake:step2:oom", "host_oom"),
        ("fake:save:enospc", "disk_full"),
        ("fake:start:exit75", "lost"),
    ],
)
def test_each_fault_has_its_code_and_leaves_no_half_written_file(folder, fault, code):
    outcome = start(folder, {"steps": 3, "step_s": 0.01}, env={"STAGE_FAULT": fault})

    assert outcome.failure is not None
    assert outcome.failure.code == code
    assert not list(folder.path.glob("*.part"))
    assert not (folder.path / "fake.txt").exists()


def test_a_checkpoint_that_a_kill_cut_off_is_not_resumed(folder):
    values = {"steps": 6, "step_s": 0.01, "save_steps": 5}
    killed = start(folder, values, env={"STAGE_FAULT": "fake:checkpoint:kill"})
    again = start(folder, values)

    assert not killed.ok
    assert again.ok
    assert again.result["resumed_from"] == ""


def test_the_studios_settings_do_not_reach_the_stage(folder, monkeypatch):
    monkeypatch.setenv("STUDIO_SECRET_KEY", "secret")
    monkeypatch.setenv("STAGE_FAULT", "fake:start:oom")

    assert start(folder, {"steps": 1}).ok


def test_an_earlier_result_is_never_taken_for_the_new_one(folder):
    start(folder, {"steps": 1})

    outcome = start(folder, {"steps": 1}, env={"STAGE_FAULT": "fake:start:kill"})

    assert outcome.result == {}
    assert not outcome.ok


def test_when_the_supervisor_fails_the_stage_is_killed_with_it(folder):
    class LeaseLost(Exception):
        pass

    def lose():
        if folder.metrics()[0]:
            raise LeaseLost

    with pytest.raises(LeaseLost):
        start(folder, {"steps": 10_000}, on_tick=lose)
    steps = len(folder.metrics()[0])
    time.sleep(0.3)

    assert len(folder.metrics()[0]) == steps


CHILD = """
import pathlib, subprocess, sys
from training.domain.run_folder import RunFolder

folder = RunFolder(pathlib.Path(sys.argv[1]).parent)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
folder.append_metrics({"step": 1})
child.wait()
"""


def alive(mark: str) -> list[int]:
    """The processes whose environment holds this."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdecimal() and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def gone(mark: str) -> bool:
    until = time.monotonic() + 10
    while alive(mark) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(mark)


@pytest.fixture(params=["alone", "in a PID namespace"])
def namespace(request, monkeypatch):
    """Run stages without, and with."""
    wanted = request.param != "alone"
    if wanted and not pid_namespace.works():
        pytest.skip("bubblewrap does not work here")
    monkeypatch.setenv("PATH", os.environ["PATH"] if wanted else str(Path(sys.executable).parent))
    pid_namespace.works.cache_clear()
    assert pid_namespace.works() is wanted
    yield wanted
    pid_namespace.works.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_when_the_supervisor_is_killed_the_stage_dies(folder, namespace):
    folder.write_recipe({"steps": 10_000})
    mark = f"MARK={folder.path}"
    program = f"from training.adapters.process import run_stage; run_stage('fake', {str(folder.path)!r})"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**os.environ, "MARK": str(folder.path)},
        start_new_session=True,
    )
    until = time.monotonic() + 30
    while not folder.metrics()[0] and time.monotonic() < until:
        time.sleep(0.05)
    assert len(alive(mark)) >= 2

    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()

    assert gone(mark)


def test_a_cancel_reaches_the_stage_and_nothing_of_it_is_left(folder, namespace):
    """What the stage has started, in a session of its own too, ends with it where there is a namespace."""
    values = {"steps": 10_000, "step_s": 0.05, "save_steps": 10_000}

    cancelled = start(folder, values, on_tick=after_step(folder, 3, "cancel"), env={"MARK": str(folder.path)})

    assert cancelled.failure is not None
    assert "Its checkpoint is kept" in cancelled.failure.message
    assert gone(f"MARK={folder.path}")


def test_a_process_that_a_stage_has_let_go_ends_with_it(folder, tmp_path):
    if not pid_namespace.works():
        pytest.skip("bubblewrap does not work here")
    (tmp_path / "parents").mkdir()
    (tmp_path / "parents" / "parent.py").write_text(CHILD)
    folder.write_recipe({})
    environment = {"PYTHONPATH": str(tmp_path), "MARK": str(folder.path)}

    run_stage(
        "parents.parent",
        folder.path,
        poll_s=0.05,
        env=environment,
        on_tick=lambda: "kill" if folder.metrics()[0] else None,
    )

    assert gone(f"MARK={folder.path}")


def test_control_characters_are_made_visible():
    assert visible("a\x1b[31mred\u202eb\tc") == r"a\x1b[31mred\u202eb" + "\tc"


NOISE = f"""
import json, pathlib, sys
print("x" * {3 * LINE_MOST_BYTES})
print("10%\\r90%\\r100%")
print("\\x1b]0;title")
pathlib.Path(sys.argv[1]).with_name("result.json").write_text(json.dumps({{"ok": True}}))
"""


def test_long_lines_are_cut_and_progress_bars_become_lines(folder, tmp_path):
    (tmp_path / "noises").mkdir()
    (tmp_path / "noises" / "noise.py").write_text(NOISE)
    folder.write_recipe({})

    outcome = run_stage("noises.noise", folder.path, env={"PYTHONPATH": str(tmp_path)})

    started, *lines = folder.log_file.read_text().splitlines()
    assert outcome.ok
    assert started.startswith("[started 20")
    assert len(lines[0]) <= LINE_MOST_BYTES + 40
    assert lines[0].endswith("[cut: line over 8 kB]")
    assert lines[1:] == ["10%", "90%", "100%", r"\x1b]0;title"]


def test_result_json_holds_the_failure_in_words(folder):
    start(folder, {"fail_with": "base_model_missing", "steps": 1})

    result = json.loads(folder.result_file.read_text())
    assert (result["ok"], result["code"]) == (False, "base_model_missing")
    assert "STUDIO_BASE_MODELS" in result["message"]
