"""Runs a program that is not trusted: always under limits, and inside bubblewrap unless that is switched off.

Inside, the program sees /usr, the folders named readable, an empty /tmp and its work folder, and may write
only the last two. It has no network, sees no other process and holds no capability; when bubblewrap ends,
everything in it ends. Its environment is chosen here too, so that no secret of the studio reaches it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROCESSES_MOST = 512  # threads count too, and on a large machine a JVM starts more than a hundred
FILE_MOST_BYTES = 64 * 1024 * 1024
TMP_MOST_BYTES = 256 * 1024 * 1024
# No limit on address space: a JVM reserves gigabytes that it never touches.
_LIMITS = (f"--nproc={PROCESSES_MOST}", f"--fsize={FILE_MOST_BYTES}", "--core=0")
# What a dynamic linker, a JVM and a launcher script look up. The rest of /etc may hold passwords.
_ETC = ("alternatives", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf")
_KEPT_VARIABLES = ("PATH", "JAVA_HOME")
NOT_STARTED = 127  # as a shell reports it
_POLL_S = 0.02
_SELF_TEST_LIMIT_S = 10


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        text: Its standard output and error in their order, at most the bytes that were allowed.
        exit_code: As subprocess reports it, or NOT_STARTED and `text` says why. Inside the sandbox a program
            that signal N ended has 128 + N.
    """

    text: str
    exit_code: int
    timed_out: bool = False
    flooded: bool = False  # it wrote more than it was allowed


def run(
    command: Sequence[str],
    *,
    work: Path,
    readable: Sequence[Path] = (),
    limit_s: float,
    output_most_bytes: int,
    sandboxed: bool = True,
) -> Ended:
    """Run a command to its end. Whatever happens, nothing that it started is left afterwards.

    It starts without a shell, in `work`, with standard input closed and in a process group of its own. Its
    environment is PATH, JAVA_HOME, HOME (the work folder) and a UTF-8 locale.

    Args:
        command: The program's absolute path and its arguments.
        work: A folder without symlinks in its path. It is seen at the same path inside.
        readable: Folders it may read besides /usr. Only the sandbox makes use of it.
        limit_s: Wall-clock seconds.
        sandboxed: Ask `problem()` first. False leaves the limits on time and output, and nothing else.
    """
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment |= {"HOME": str(work), "LC_ALL": "C.UTF-8"}
    if sandboxed:
        command = [*_walls(work, readable), *command]
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=work,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            return Ended(f"{command[0]} could not be started: {error.strerror or error}", NOT_STARTED)
        give_up = time.monotonic() + limit_s
        timed_out = False
        try:
            while process.poll() is None and not timed_out and _size(output.fileno()) <= output_most_bytes:
                time.sleep(_POLL_S)
                timed_out = time.monotonic() > give_up
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its children too, which may outlive it
            process.wait()
        flooded = _size(output.fileno()) > output_most_bytes
        output.seek(0)
        text = output.read(output_most_bytes).decode("utf-8", errors="replace")
    return Ended(text, process.returncode, timed_out, flooded)


@cache
def problem() -> str:
    """Why the sandbox does not work on this machine, or "". Tried once a process, by running `true` in it."""
    for program, package in (("bwrap", "bubblewrap"), ("prlimit", "util-linux")):
        if not shutil.which(program):
            return f"{program} is not installed (package {package})"
    with tempfile.TemporaryDirectory(prefix="sandbox-") as name:
        ended = run(
            [shutil.which("true") or "true"],
            work=Path(name).resolve(),
            limit_s=_SELF_TEST_LIMIT_S,
            output_most_bytes=10_000,
        )
    if ended.timed_out:
        return f"bwrap did not answer within {_SELF_TEST_LIMIT_S} s"
    if ended.exit_code:
        return ended.text.strip().partition("\n")[0][:300] or f"bwrap ended with {ended.exit_code}"
    return ""


def _walls(work: Path, readable: Sequence[Path]) -> list[str]:
    """The command up to, and not including, the program that it holds."""
    walls = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--unshare-user"]
    if _knows("--disable-userns"):
        walls += ["--disable-userns"]
    walls += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    walls += ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            walls += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            walls += ["--ro-bind", name, name]
    for place in (*(Path("/etc", name) for name in _ETC), *Path("/etc").glob("java*")):
        walls += ["--ro-bind-try", str(place), str(place)]
    walls += ["--proc", "/proc", "--dev", "/dev"]
    walls += ["--size", str(TMP_MOST_BYTES)] if _knows("--size") else []
    walls += ["--tmpfs", "/tmp"]
    java = os.environ.get("JAVA_HOME", "")
    for folder in (*readable, *([Path(java)] if os.path.isabs(java) else [])):
        walls += ["--ro-bind-try", str(folder), str(folder)]
    walls += ["--bind", str(work), str(work), "--chdir", str(work), "--"]
    # Inside, so that processes are counted in the sandbox's own user namespace. The system's root is exempt.
    return [*walls, shutil.which("prlimit") or "prlimit", *_LIMITS, "--"]


@cache
def _knows(option: str) -> bool:
    """Whether this bubblewrap has the option: --size and --disable-userns are younger than it."""
    told = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return f" {option} " in told.stdout + told.stderr


def _size(descriptor: int) -> int:
    return os.fstat(descriptor).st_size
