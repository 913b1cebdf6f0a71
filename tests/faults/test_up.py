"""`manage.py up` as a person starts it: real processes, a real broker, a folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120  # generous: other tests share the machine
READY = re.compile(r"ready at (http://\S+?)/ ")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@dataclass
class Studio:
    """A running `up`, and what it has said."""

    process: subprocess.Popen[str]
    var: Path
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())

    def text(self) -> str:
        return "\n".join(self.said)

    def address(self) -> str:
        found = READY.search(self.text())
        assert found, self.text()
        return found[1]

    def processes(self) -> dict[int, str]:
        """Every living process that was started for this folder: pid -> command line.

        Known by its environment, or by its working folder: Valkey writes its title over its environment.
        """
        mark = f"STUDIO_VAR={self.var}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                inside = (folder / "cwd").readlink().is_relative_to(self.var)
                if inside or mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = command
            except OSError:  # it ended, or belongs to another account
                continue
        return found

    def wait_until(self, condition: Callable[[], object], what: str, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > until:
                pytest.fail(f"{what} not within {timeout_s} s.\n{self.processes()}\n{self.text()}")
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_until(
            lambda: READY.search(self.text()) or self.process.poll() is not None, "ready", START_TIMEOUT_S
        )
        assert self.process.poll() is None, self.text()

    def pid_of(self, words: str) -> int:
        return min(pid for pid, command in self.processes().items() if words in command)


@pytest.fixture
def start_studio(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Starts `up` on a folder of the test's own; whatever it leaves behind is killed afterwards."""
    started: list[Studio] = []

    def start(*arguments: str) -> Studio:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("STUDIO_", "PYTEST_"))}
        environment |= {"STUDIO_VAR": str(tmp_path), "STUDIO_NO_BOOTSTRAP": "1"}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-rehearsal", *(arguments or ("--port", "0"))],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(Studio(process, tmp_path))
        threading.Thread(target=started[-1].listen, daemon=True).start()
        return started[-1]

    yield start
    for studio in started:
        for pid in studio.processes():
            os.kill(pid, signal.SIGKILL)
        studio.process.wait()


def get(address: str) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_first_start_gets_ready_and_ctrl_c_leaves_no_process(start_studio):
    studio = start_studio()
    studio.wait_until_ready()

    status, health = get(f"{studio.address()}/readyz")
    first_login = studio.var / "first-login"
    running = studio.processes()
    studio.process.send_signal(signal.SIGINT)
    code = studio.process.wait(60)

    assert (status, health["ready"]) == (200, True)
    assert health["parts"]["cpu_worker"]["ok"]
    assert health["parts"]["gpu_worker"]["ok"]
    assert first_login.stat().st_mode & 0o777 == 0o600
    assert len(running) == 1 + 1 + 1 + 1 + 3 + 2, running  # up, broker, web, beat, workers with 2 and 1
    assert code == 0, studio.text()
    assert studio.processes() == {}
    assert not (studio.var / "broker-url").exists()


def test_killing_the_launcher_leaves_no_process(start_studio):
    studio = start_studio()
    studio.wait_until_ready()

    studio.process.kill()

    studio.wait_until(lambda: not studio.processes(), "the end of every process", 30)


def test_when_one_process_dies_the_rest_is_stopped_and_it_is_named(start_studio):
    studio = start_studio()
    studio.wait_until_ready()

    os.kill(studio.pid_of("-Q gpu"), signal.SIGKILL)
    code = studio.process.wait(60)

    assert code == 1
    assert "gpu-worker ended with code -9" in studio.text()
    assert studio.processes() == {}


def test_a_second_start_on_the_same_folder_is_refused_and_the_first_goes_on(start_studio):
    first = start_studio()
    first.wait_until_ready()

    second = start_studio()
    code = second.process.wait(60)
    status, _ = get(f"{first.address()}/healthz")

    assert code == 1
    assert "another `manage.py up` is running on this folder" in second.text()
    assert status == 200


def test_a_taken_port_is_replaced_by_a_free_one(start_studio):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        studio = start_studio("--port", str(port))
        studio.wait_until_ready()

    assert f"Port {port} is taken" in studio.text()
    assert f":{port}" not in studio.address()
