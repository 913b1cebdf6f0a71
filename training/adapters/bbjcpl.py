"""Asks the real compiler, bbjcpl, whether sources are accepted.

bbjcpl always exits 0 and tells what it thinks on stderr, a line a problem:

    X.bbj: error at line 30 (3):     method public void firstBroken())
    X.bbj: error: label NAME used but not defined at line 40 (4): gosub NAME
    X.bbj: type check error [message] at line 50 (5): x!.nosuch()

Silence about a file means that it was accepted. What is not understood means that nothing was judged. One
start costs most of a second, so many files go into one call.

This compiles and never runs a program. The compiler starts without a shell, in its own process group, under a
time limit.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from curation.domain.bbj import Finding
from training.adapters.verdict import Verdict

BATCH_FILES = 200
OUTPUT_MOST_BYTES = 4 * 1024 * 1024
_POLL_S = 0.02
_HELLO_LIMIT_S = 10.0
# A JVM that sees these writes a line about them to stderr, which would be taken for a fault.
_NOISY = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")

# From the right, so that the colon of C:\… stays in the path. The number in parentheses is the physical line.
_DIAGNOSTIC = re.compile(
    r"(?P<file>.+?): (?P<kind>error|type check error|type check warning)\b(?P<message>.*?)"
    r" at line \d+ \((?P<line>\d+)\):(?P<source>.*)"
)


@dataclass(frozen=True)
class Diagnostic:
    """One line of the compiler.

    Attributes:
        file: The last part of the path.
        line: Physical, counted from 1.
        source: The refused line, as the compiler repeats it.
    """

    file: str
    kind: str
    message: str
    line: int
    source: str

    def finding(self) -> Finding:
        """The same with the codes of a finding. The compiler tells no column, so it is 1."""
        said = self.message.strip(" :")
        if said.startswith("[") and said.endswith("]"):
            said = said[1:-1]
        if "used but not defined" in said:
            return Finding(self.line, 1, "undefined-label", said)
        if self.kind == "error":
            return Finding(self.line, 1, "syntax", said or f"bbjcpl refuses: {self.source.strip()}"[:500])
        code = "unresolved-use" if "Cannot find program" in said else "type-check"
        return Finding(self.line, 1, code, said, certain=self.kind == "type check error")


@dataclass
class _Said:
    """What one call said about each file, by file name."""

    lines: dict[str, list[str]]  # everything that names the file
    errors: dict[str, Diagnostic] = field(default_factory=dict)  # the first error of a file
    unclear: dict[str, str] = field(default_factory=dict)  # names the file, and is not understood
    fault: str = ""  # not understood, and names no file


@dataclass(frozen=True)
class _Run:
    """How one call ended: its text, and a sentence when it came to no end of its own."""

    text: str
    timed_out: bool = False
    fault: str = ""


class Bbjcpl:
    """The compiler at an absolute path.

    Args:
        path: What STUDIO_BBJCPL says. It is looked at when a check starts, so that a missing compiler becomes
            a verdict with a sentence instead of an exception.
        flags: ("-N",) is the definition of compile@1; ("-t", "-N", "-X") the stricter figure.
        timeout_s: For one call, however many files it holds.
    """

    name = "bbjcpl"

    def __init__(self, path: str, *, flags: Sequence[str] = ("-N",), timeout_s: float = 30) -> None:
        self.path = path
        self.flags = tuple(flags)
        self.timeout_s = timeout_s
        self._build = ""

    def build(self) -> str:
        """Tell builds apart: "sha256 3f9c… · first line that it prints when it is asked nothing".

        Where bbjcpl is a script that starts Java, the digest is the script's. "missing" without a compiler.
        """
        if not self._build:
            if self._missing():
                return "missing"
            digest = hashlib.sha256(Path(self.path).read_bytes()).hexdigest()[:16]
            with tempfile.TemporaryDirectory(prefix="bbjcpl-") as folder:
                said = self._run([], Path(folder), limit_s=_HELLO_LIMIT_S).text.strip().partition("\n")[0]
            self._build = f"sha256 {digest}" + (f" · {said[:90]}" if said else "")
        return self._build

    def check_many(self, sources: Sequence[str]) -> list[Verdict]:
        if problem := self._missing():
            return [Verdict("infrastructure", problem, 0.0) for _ in sources]
        verdicts: list[Verdict] = []
        for start in range(0, len(sources), BATCH_FILES):
            verdicts += self._check_batch(sources[start : start + BATCH_FILES])
        return verdicts

    def _missing(self) -> str:
        """A sentence, or "" when there is something to start."""
        if not self.path:
            return "No compiler is configured. Set STUDIO_BBJCPL to the absolute path of bbjcpl."
        place = Path(self.path)
        if not place.is_absolute():
            return (
                f'STUDIO_BBJCPL="{self.path}" is not an absolute path. Write /opt/bbx/bin/bbjcpl or the like.'
            )
        if not place.is_file():
            return f"STUDIO_BBJCPL={self.path}: there is no such file. Set it to the absolute path of bbjcpl."
        if not os.access(place, os.X_OK):
            return f"STUDIO_BBJCPL={self.path} may not be executed by this user. Give it the x permission."
        return ""

    def _check_batch(self, sources: Sequence[str]) -> list[Verdict]:
        """One call; where that leaves more than one file in doubt, halves, to find the file that is to blame.

        Before the halves a small sound program is asked about: when even that fails, the compiler is to
        blame, and asking about every file would only take long.
        """
        with tempfile.TemporaryDirectory(prefix="bbjcpl-") as name:
            folder = Path(name).resolve()
            names = [f"s{index:05d}.bbj" for index in range(len(sources))]
            for file, source in zip(names, sources, strict=True):
                (folder / file).write_bytes(source.encode("utf-8", errors="replace"))
            started = time.monotonic()
            run = self._run([str(folder / file) for file in names], folder, limit_s=self.timeout_s)
            share_s = (time.monotonic() - started) / len(sources)
        said = _read(run.text, names)
        if run.fault:
            said.fault = run.fault
        doubtful = [file for file in names if file not in said.errors and file not in said.unclear]
        blamed = run.timed_out or said.fault
        if blamed and len(sources) > 1 and doubtful and self._is_sound():
            half = len(sources) // 2
            return self._check_batch(sources[:half]) + self._check_batch(sources[half:])
        return [self._verdict(file, said, run, share_s, alone=len(sources) == 1) for file in names]

    def _is_sound(self) -> bool:
        return self._check_batch(['print "sound"\n'])[0].outcome == "compiled"

    def _verdict(self, file: str, said: _Said, run: _Run, share_s: float, *, alone: bool) -> Verdict:
        own = "\n".join(said.lines[file])
        if run.timed_out:
            if alone:
                return Verdict(
                    "compile_timeout", f"bbjcpl took longer than {self.timeout_s:g} s.\n{own}", share_s
                )
            return Verdict("infrastructure", f"bbjcpl did not answer within {self.timeout_s:g} s.", share_s)
        if error := said.errors.get(file):
            return Verdict("compile_error", own, share_s, (error.finding(),))
        if fault := said.unclear.get(file) or said.fault:
            return Verdict("infrastructure", f"bbjcpl did something that is not understood: {fault}", share_s)
        return Verdict("compiled", own, share_s)

    def _run(self, files: list[str], folder: Path, *, limit_s: float) -> _Run:
        """Start the compiler and wait. Whatever happens, nothing of its process group is left afterwards."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STUDIO_") and k not in _NOISY}
        environment["LC_ALL"] = "C.UTF-8"
        with tempfile.TemporaryFile() as out:
            command = [self.path, *self.flags, *files] if files else [self.path]
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                return _Run(
                    "", fault=f"STUDIO_BBJCPL={self.path} could not be started: {error.strerror or error}"
                )
            timed_out = flooded = False
            try:
                give_up = time.monotonic() + limit_s
                while process.poll() is None and not (timed_out or flooded):
                    time.sleep(_POLL_S)
                    timed_out = time.monotonic() > give_up
                    flooded = os.fstat(out.fileno()).st_size > OUTPUT_MOST_BYTES
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # its children too, which may outlive it
                process.wait()
            flooded = flooded or os.fstat(out.fileno()).st_size > OUTPUT_MOST_BYTES
            out.seek(0)
            text = out.read(OUTPUT_MOST_BYTES).decode("utf-8", errors="replace")
        if flooded:
            return _Run(text, fault=f"more than {OUTPUT_MOST_BYTES // 1024 // 1024} MB of output")
        if process.returncode and not timed_out:
            return _Run(
                text, fault=f"it ended with exit status {process.returncode}, and bbjcpl always ends with 0"
            )
        return _Run(text, timed_out)


def _read(text: str, names: Sequence[str]) -> _Said:
    """Sort the compiler's lines by file. Only the first error of a file counts."""
    said = _Said({name: [] for name in names})
    for line in text.split("\n"):
        line = line.rstrip("\r")
        if not line.strip():
            continue
        diagnostic = parse(line)
        if diagnostic and diagnostic.file in said.lines:
            said.lines[diagnostic.file].append(line)
            if diagnostic.kind != "type check warning":
                said.errors.setdefault(diagnostic.file, diagnostic)
            continue
        named = [name for name in names if name in line]
        for name in named:
            said.lines[name].append(line)
            said.unclear.setdefault(name, line[:500])
        if not named and not said.fault:
            said.fault = line[:500]
    return said


def parse(line: str) -> Diagnostic | None:
    """Read one line of the compiler. None: it is not a diagnostic."""
    match = _DIAGNOSTIC.fullmatch(line)
    if not match:
        return None
    file = re.split(r"[/\\]", match["file"])[-1]
    return Diagnostic(file, match["kind"], match["message"], int(match["line"][:9]), match["source"])
