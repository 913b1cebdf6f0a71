"""Runs one stage as a process of its own, and leaves none behind.

The process is `python -m training.recipes.NAME recipe.json` in its own session, so that one signal reaches
all of its children, and where bubblewrap works in a PID namespace too, so that a killed supervisor takes all
of them along. It never sees the database or the studio's settings: the folder is the whole contract
(training.domain.run_folder).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from training.adapters import pid_namespace
from training.domain.failure import Failure, classify
from training.domain.run_folder import RunFolder

_REPOSITORY = Path(__file__).resolve().parents[2]

Order = Literal["cancel", "kill"] | None

LOG_MOST_BYTES = 100 * 1024 * 1024
LINE_MOST_BYTES = 8 * 1024


@dataclass(frozen=True)
class StageOutcome:
    """How a stage's process ended.

    Attributes:
        exit_code: As subprocess reports it: negative is the signal that ended it.
        result: What the stage wrote to result.json; {} when it wrote none.
        failure: None when the stage succeeded.
        duration_s: Wall-clock seconds from start to end of the process.
    """

    exit_code: int
    result: dict[str, Any]
    failure: Failure | None
    duration_s: float

    @property
    def ok(self) -> bool:
        return self.failure is None


def run_stage(
    module: str,
    folder: Path,
    *,
    on_tick: Callable[[], Order] = lambda: None,
    env: Mapping[str, str] | None = None,
    limit_s: float | None = None,
    poll_s: float = 0.5,
    grace_s: float = 20.0,
    keep_open: tuple[int, ...] = (),
    patience_s: float | None = None,
) -> StageOutcome:
    """Run a recipe module on the recipe.json of `folder` until it ends, is cancelled or takes too long.

    Args:
        module: "pretrain", or in full "training.recipes.pretrain".
        on_tick: Called about every poll_s seconds. "cancel" sends SIGTERM (the stage saves a checkpoint) and,
            after grace_s, SIGKILL; "kill" sends SIGKILL at once; None goes on. When it raises, the stage is
            killed and the exception passed on: a supervisor that lost its lease leaves nothing running.
            SystemExit alone, by which a worker is stopped in order, gives it grace_s too.
        env: Added to the stage's environment; the inherited STUDIO_… variables are taken out.
        keep_open: File descriptors that it and its children inherit, such as a lock.
        limit_s: Seconds after which the stage is cancelled with the failure code "timeout".
        patience_s: The stage ends itself when on_tick has not come back for so long: we may be asleep.
    """
    if "." not in module:
        module = f"training.recipes.{module}"
    run_folder = RunFolder(folder)
    run_folder.clear_result()
    log_start = _begin_attempt(run_folder.log_file)
    started = time.monotonic()
    env = {**(env or {}), **({"STAGE_PATIENCE_S": str(patience_s)} if patience_s else {})}
    tree = _start([sys.executable, "-m", module, str(run_folder.recipe_file)], env, keep_open)
    log = threading.Thread(target=_keep_log, args=(tree.output, run_folder.log_file), daemon=True)
    log.start()
    try:
        sign = run_folder.watched_file
        why = _watch(tree, on_tick, sign, limit_s=limit_s, poll_s=poll_s, grace_s=grace_s)
    except SystemExit:  # the worker is being stopped in order, so the stage may save a checkpoint
        tree.ask_to_end()
        _has_ended(tree.process.pid, wait_s=grace_s)
        raise
    finally:
        exit_code = tree.kill()
        log.join(timeout=10)
    # Not when something was raised: the folder may be another worker's by then.
    run_folder.watched_file.unlink(missing_ok=True)
    duration_s = time.monotonic() - started
    result = run_folder.result() or {}
    return StageOutcome(
        exit_code, result, _failure(exit_code, result, why, run_folder, log_start), duration_s
    )


@dataclass(frozen=True)
class _Tree:
    """A stage's processes.

    Attributes:
        process: The first of them, or bubblewrap with a PID namespace around them.
        first: The namespace's first process; 0 where there is none.
        told: Where bubblewrap also says how it ended: closed earlier, it dies of that.
    """

    process: subprocess.Popen[bytes]
    first: int = 0
    told: IO[str] | None = None

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def ask_to_end(self) -> None:
        """Bubblewrap itself must not hear it: it would end at once, and take the stage along."""
        if not self.first:
            _signal_group(self.process.pid, signal.SIGTERM)
        for pid in pid_namespace.inside(self.first) if self.first else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def kill(self) -> int:
        """Kill what is left, then reap the first process: until then its number stays its own."""
        _signal_group(self.process.pid, signal.SIGKILL)
        exit_code = self.process.wait()
        if self.told:
            self.told.close()
        return exit_code


def _start(program: list[str], env: Mapping[str, str], keep_open: tuple[int, ...]) -> _Tree:
    def start(command: list[str], *inherited: int, **named: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=_REPOSITORY,
            env=_environment({**named, **env}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(*keep_open, *inherited),
        )

    if not pid_namespace.works():
        return _Tree(start(program, STAGE_PARENT=str(os.getpid())))
    reads, tells = os.pipe()
    told = os.fdopen(reads)
    try:
        process = start(pid_namespace.command(program, tells=tells), tells)
    except OSError:
        told.close()
        raise
    finally:
        os.close(tells)
    return _Tree(process, pid_namespace.first_process(told.readline()), told)


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    # Secrets and the database's address stay with the studio; STAGE_FAULT works only when handed over on
    # purpose.
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("STUDIO_", "DJANGO_")) and k != "STAGE_FAULT"
    }
    defaults = {
        # Two threads on two cores were 14 times slower than one when they spin while waiting.
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        # Else llama.cpp starts a debugger on its own process when it aborts, and fills the log with stack
        # frames.
        "GGML_NO_BACKTRACE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return {**defaults, **kept, **added}


def _watch(
    tree: _Tree,
    on_tick: Callable[[], Order],
    sign: Path,
    *,
    limit_s: float | None,
    poll_s: float,
    grace_s: float,
) -> str:
    """Wait for the end of the process. Returns why it was stopped: "", "cancel", "kill" or "timeout"."""
    why = ""
    started = time.monotonic()
    kill_at: float | None = None
    while not _has_ended(tree.process.pid, wait_s=poll_s):
        order = on_tick()
        sign.touch()
        now = time.monotonic()
        if not why and limit_s is not None and now - started > limit_s:
            why = "timeout"
        elif order == "kill":
            return "kill"
        elif not why and order == "cancel":
            why = "cancel"
        if why and kill_at is None:
            tree.ask_to_end()
            kill_at = now + grace_s
        if kill_at is not None and now >= kill_at:
            break
    return why


def _has_ended(pid: int, *, wait_s: float) -> bool:
    """True once the process has ended. It is not reaped, so that its number still names its group."""
    deadline = time.monotonic() + wait_s
    pause_s = 0.01
    while True:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return False
        time.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, 0.1)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(pid, number)


def _failure(
    exit_code: int, result: dict[str, Any], why: str, folder: RunFolder, log_start: int
) -> Failure | None:
    if exit_code == 0 and result.get("ok") is True:
        return None
    if why == "timeout":
        return Failure("timeout")
    if why in ("cancel", "kill"):
        return Failure(
            "cancelled", str(result.get("message", "")) if result.get("code") == "cancelled" else ""
        )
    if result.get("ok") is False:
        try:
            return Failure(str(result.get("code")), str(result.get("message", "")))
        except ValueError:
            return Failure("bug", f"result.json names the unknown failure code {result.get('code')!r}.")
    return classify(exit_code, folder.log_tail(since=log_start))


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with control characters written out (\\x1b), so that a log line cannot steer a terminal."""
    return _CONTROL.sub(lambda m: ascii(m.group())[1:-1], text)


def _begin_attempt(file: Path) -> int:
    """Say in the log where this attempt begins; returns the offset of its own first line."""
    with file.open("ab") as log:
        if log.tell() < LOG_MOST_BYTES:
            log.write(f"[started {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC]\n".encode())
        return log.tell()


def _keep_log(stream: IO[bytes], file: Path) -> None:
    """Append the stream to the log until it ends. Past the limits it reads on, but keeps nothing."""
    with file.open("ab") as log:
        room = LOG_MOST_BYTES - log.tell()
        for line in _lines(stream):
            if room <= 0:
                continue
            data = (visible(line.decode("utf-8", "replace")) + "\n").encode()
            room -= len(data)
            if room <= 0:
                data = b"[the log reached 100 MB; the rest is not kept]\n"
            with suppress(
                OSError
            ):  # a full disk stops the log, not the reading: the stage would hang on the pipe
                log.write(data)
                log.flush()


def _lines(stream: IO[bytes]) -> Any:
    """The stream's lines, cut at LINE_MOST_BYTES; a carriage return (a progress bar) ends a line too."""
    cut = False
    while line := stream.readline(LINE_MOST_BYTES):
        ended = line.endswith(b"\n")
        if not cut:
            for piece in re.split(rb"\r+", line.strip(b"\r\n")):
                yield piece if ended else piece + b" [cut: line over 8 kB]"
        cut = not ended
