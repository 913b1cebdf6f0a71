"""`manage.py up` as a person starts it: real processes, a real broker, a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import running_studio
from tests.running_studio import Studio

pytestmark = [
    pytest.mark.slow(8),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@pytest.fixture
def start_studio(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Starts `up` on a folder of the test's own; whatever it leaves behind is killed afterwards."""
    started: list[Studio] = []

    def start(*arguments: str, web_processes: int = 1) -> Studio:
        studio = running_studio.start(
            tmp_path, "--no-rehearsal", *(arguments or ("--port", "0")), web_processes=web_processes
        )
        started.append(studio)
        return studio

    yield start
    for studio in started:
        running_studio.end(studio)


def get(address: str) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_first_start_gets_ready_and_ctrl_c_leaves_no_process(start_studio):
    studio = start_studio(web_processes=2)
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
    web = 1 + 2 + 1  # their parent, the two, and what Python starts to clean up behind them
    assert len(running) == 1 + 1 + web + 1 + 3 + 2, running  # up, broker, web, beat, workers with 2 and 1
    assert code == 0, studio.text()
    assert studio.processes() == {}
    assert not (studio.var / "broker-url").exists()


def test_a_second_start_is_refused_and_killing_the_launcher_leaves_no_process(start_studio):
    first = start_studio(web_processes=2)
    first.wait_until_ready()

    second = start_studio()
    code = second.process.wait(60)
    status, _ = get(f"{first.address()}/healthz")

    assert code == 1
    assert "another `manage.py up` is running on this folder" in second.text()
    assert status == 200

    first.process.kill()

    first.wait_until(lambda: not first.processes(), "the end of every process", 30)


def test_a_taken_port_is_replaced_and_when_one_process_dies_it_is_named_and_the_rest_stopped(start_studio):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        studio = start_studio("--port", str(port))
        studio.wait_until_ready()
    assert f"Port {port} is taken" in studio.text()
    assert f":{port}" not in studio.address()

    os.kill(studio.pid_of("-Q gpu"), signal.SIGKILL)
    code = studio.process.wait(60)

    assert code == 1
    assert "gpu-worker ended with code -9" in studio.text()
    assert studio.processes() == {}
