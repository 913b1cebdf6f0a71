"""Start several processes, show what they say, and stop them all: the supervisor behind `manage.py up`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

NAME_WIDTH = 10  # columns before the bar in the output
PR_SET_PDEATHSIG = 1
# Loaded here, because nothing may be imported between fork and exec.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with(launcher_pid: int, by: signal.Signals) -> Callable[[], None]:
    """What a child runs before its program: the signal `by` to it when the launcher dies, however it dies.

    Linux only. Elsewhere a launcher killed by force leaves its children, and Ctrl-C still stops them.
    """

    def prepare() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, by)
            if os.getppid() != launcher_pid:  # it died before the line above
                os._exit(1)

    return prepare


@dataclass
class Child:
    """One process, in a session of its own: a Ctrl-C in the terminal reaches the launcher alone.

    Attributes:
        grace_s: How long it may take to stop after SIGTERM, before SIGKILL to its whole group.
        orphan_signal: What it gets when the launcher was killed and cannot stop it in order.
        keep_open: File descriptors it inherits, so that a lock lives as long as it does.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    grace_s: float = 5
    orphan_signal: signal.Signals = signal.SIGTERM
    keep_open: tuple[int, ...] = ()
    process: subprocess.Popen[str] | None = field(default=None, init=False)

    def start(self) -> None:
        """Call from the main thread: the death signal is bound to the thread that forked."""
        self.process = subprocess.Popen(
            list(self.command),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
            pass_fds=self.keep_open,
            preexec_fn=_die_with(os.getpid(), self.orphan_signal),
        )
        threading.Thread(target=self._show_output, args=(self.process,), daemon=True).start()

    def _show_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            # When nobody reads our output any more, the child must still be able to write.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.write(f"{self.name:{NAME_WIDTH}}| {line.rstrip()}\n")
                sys.stdout.flush()

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self.process.poll() if self.process else None

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait_or_kill(self, until: float) -> None:
        """Wait until the monotonic time `until`; then, and in any case, leave nothing of its group behind."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.05, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Launcher:
    """Children in the order of their start; groups in the order in which they are stopped."""

    children: list[Child] = field(default_factory=list)
    stop_requested: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)

    def take_signals(self) -> None:
        """The first Ctrl-C or SIGTERM asks everything to stop; a second one stops it by force."""

        def on_signal(*_: object) -> None:
            if self.stop_requested.is_set():
                self.hurry.set()
                for child in self.children:
                    if child.process and child.exit_code() is None:
                        os.killpg(child.process.pid, signal.SIGKILL)
            self.stop_requested.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, on_signal)

    def start(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def first_dead(self) -> Child | None:
        return next((c for c in self.children if c.exit_code() is not None), None)

    def stop_all(self, order: Sequence[Sequence[str]]) -> None:
        """Stop the named children group by group; those of one group at the same time, unnamed ones last."""
        for group in self._groups(order):
            for child in group:
                child.ask_to_stop()
            now = time.monotonic()
            for child in group:
                child.wait_or_kill(now + (0 if self.hurry.is_set() else child.grace_s))

    def _groups(self, order: Sequence[Sequence[str]]) -> Iterator[list[Child]]:
        named = {name for names in order for name in names}
        for names in order:
            yield [c for c in self.children if c.name in names]
        yield [c for c in self.children if c.name not in named]
