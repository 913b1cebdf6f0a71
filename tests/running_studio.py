"""A studio that really runs: `manage.py up` in processes of its own, on a folder of the test's own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 120  # generous: other tests share the machine
READY = re.compile(r"ready at (http://\S+?)/ ")


@dataclass
class Studio:
    """A running `up`, and what it has said."""

    process: subprocess.Popen[str]
    var: Path
    environment: dict[str, str]
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


def start(var: Path, *arguments: str, web_processes: int = 1) -> Studio:
    """Start `up` on this folder. The caller ends it with `end`.

    Args:
        web_processes: One is enough where several make no difference, and takes less of the machine.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("STUDIO_", "PYTEST_"))}
    environment |= {
        "STUDIO_VAR": str(var),
        "STUDIO_NO_BOOTSTRAP": "1",
        "STUDIO_WEB_PROCESSES": str(web_processes),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    studio = Studio(process, var, environment)
    threading.Thread(target=studio.listen, daemon=True).start()
    return studio


def end(studio: Studio) -> None:
    """Kill whatever this studio left behind."""
    for pid in studio.processes():
        os.kill(pid, signal.SIGKILL)
    studio.process.wait()
