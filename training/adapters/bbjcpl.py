"""Asks the real compiler, bbjcpl, whether sources are accepted.

One start costs most of a second, so many files go into one call, named in a list file (-@). This compiles and
never runs a program; all the same the compiler reads text that a model wrote, so it works in a sandbox.

How it is asked and what its verdicts mean: docs/compiler.md
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from training.adapters import sandbox
from training.adapters.bbjcpl_output import Said, read
from training.adapters.sandbox import Ended
from training.adapters.verdict import Verdict

SYNTAX = ("-N",)  # validate and write nothing: the definition of compile@1
TYPE_CHECK = ("-t", "-N", "-X")  # the stricter figure
BATCH_FILES = 200
OUTPUT_MOST_BYTES = 4 * 1024 * 1024
_USAGE_LIMIT_S = 10.0


class Bbjcpl:
    """The compiler at an absolute path.

    Args:
        path: What STUDIO_BBJCPL says. It is looked at when a check starts, so that a missing compiler becomes
            a verdict with a sentence instead of an exception.
        flags: SYNTAX or TYPE_CHECK.
        prefixes: Absolute folders in which a type check finds the program of `use ::program.bbj::Name`.
        timeout_s: For one call, however many files it holds.
        sandboxed: False only where an administrator said so (STUDIO_SANDBOX=0).
    """

    def __init__(
        self,
        path: str,
        *,
        flags: Sequence[str] = SYNTAX,
        prefixes: Sequence[str] = (),
        timeout_s: float = 30,
        sandboxed: bool = True,
    ) -> None:
        self.path = path
        self.flags = tuple(flags)
        self.prefixes = tuple(prefixes) if "-t" in flags else ()  # bbjcpl takes -P only with -t
        self.timeout_s = timeout_s
        self.sandboxed = sandboxed

    @property
    def name(self) -> str:
        """A type check has its own name, so that its figure is never taken for compile@1."""
        return "bbjcpl -t" if "-t" in self.flags else "bbjcpl"

    def build(self) -> str:
        """Tell builds apart: "sha256 3f9c… · first line of its usage"; "missing" where none can be asked."""
        return "missing" if self._problem() else self._build

    @cached_property
    def _build(self) -> str:
        # bbjcpl is a script that starts Java and tells no version; an update changes the jars of its home.
        digest = hashlib.sha256(self._program.read_bytes())
        for jar in sorted((self._home / "lib").glob("*.jar")):
            digest.update(f"{jar.name} {jar.stat().st_size}\n".encode())
        with tempfile.TemporaryDirectory(prefix="bbjcpl-") as folder:
            # Without any argument it would compile its standard input.
            usage = self._run(["-?"], Path(folder).resolve(), limit_s=_USAGE_LIMIT_S)
        first = usage.text.strip().partition("\n")[0]
        return f"sha256 {digest.hexdigest()[:16]}" + (f" · {first[:90]}" if first else "")

    def check_many(self, sources: Sequence[str]) -> list[Verdict]:
        if problem := self._problem():
            return [Verdict("infrastructure", problem, 0.0) for _ in sources]
        verdicts: list[Verdict] = []
        for start in range(0, len(sources), BATCH_FILES):
            verdicts += self._check_batch(sources[start : start + BATCH_FILES])
        return verdicts

    def _problem(self) -> str:
        """Why nothing can be asked, in a sentence; "" when there is a compiler to start."""
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
        for prefix in self.prefixes:
            if not (os.path.isabs(prefix) and os.path.isdir(prefix)):
                return (
                    f'STUDIO_BBJCPL_PREFIX: "{prefix}" is not the absolute path of a folder. '
                    "Write existing folders with : between them."
                )
        if self.sandboxed and (reason := sandbox.problem()):
            return (
                f"sandbox_unavailable: nothing was compiled, since the sandbox does not work here: {reason}. "
                "Install bubblewrap, or set STUDIO_SANDBOX=0 to compile without it."
            )
        return ""

    @property
    def _program(self) -> Path:
        """Without symlinks: the launcher finds its installation from its own path."""
        return Path(self.path).resolve()

    @property
    def _home(self) -> Path:
        """The installation: the folder above bin/, unless that would show a person's home to the sandbox."""
        folder = self._program.parent
        holds_people = Path.home().resolve().is_relative_to(folder.parent)
        return folder.parent if folder.name == "bin" and not holds_people else folder

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
            listed = folder / "sources.list"
            listed.write_text("".join(f"{folder / file}\n" for file in names), encoding="utf-8")
            arguments = [*self.flags, f"-@{listed}"]
            if self.prefixes:
                arguments.insert(-1, "-P" + ":".join(str(Path(prefix).resolve()) for prefix in self.prefixes))
            started = time.monotonic()
            run = self._run(arguments, folder, limit_s=self.timeout_s)
            share_s = (time.monotonic() - started) / len(sources)
        said = read(run.text, names)
        said.fault = _fault(run, said)
        doubtful = [file for file in names if file not in said.errors and file not in said.unclear]
        blamed = run.timed_out or said.fault
        if blamed and len(sources) > 1 and doubtful and self._is_sound():
            half = len(sources) // 2
            return self._check_batch(sources[:half]) + self._check_batch(sources[half:])
        return [self._verdict(file, said, run, share_s, alone=len(sources) == 1) for file in names]

    def _is_sound(self) -> bool:
        return self._check_batch(['print "sound"\n'])[0].outcome == "compiled"

    def _verdict(self, file: str, said: Said, run: Ended, share_s: float, *, alone: bool) -> Verdict:
        own = "\n".join(said.lines[file])
        hints = tuple(said.unresolved.get(file, ()))
        if run.timed_out:
            if alone:
                return Verdict(
                    "compile_timeout", f"bbjcpl took longer than {self.timeout_s:g} s.\n{own}", share_s
                )
            return Verdict("infrastructure", f"bbjcpl did not answer within {self.timeout_s:g} s.", share_s)
        if error := said.errors.get(file):
            return Verdict("compile_error", own, share_s, (error, *hints))
        if fault := said.unclear.get(file) or said.fault:
            return Verdict("infrastructure", f"bbjcpl did something that is not understood: {fault}", share_s)
        return Verdict("compiled", own, share_s, hints)

    def _run(self, arguments: Sequence[str], folder: Path, *, limit_s: float) -> Ended:
        readable = [self._home, *(Path(prefix).resolve() for prefix in self.prefixes)]
        return sandbox.run(
            [str(self._program), *arguments],
            work=folder,
            readable=readable,
            limit_s=limit_s,
            output_most_bytes=OUTPUT_MOST_BYTES,
            sandboxed=self.sandboxed,
        )


def _fault(run: Ended, said: Said) -> str:
    """What makes the whole call doubtful, or ""."""
    if run.flooded:
        return f"more than {OUTPUT_MOST_BYTES // 1024 // 1024} MB of output"
    if run.exit_code and not run.timed_out:
        return f"exit status {run.exit_code}, where bbjcpl always has 0. {said.fault}".strip()
    return said.fault
