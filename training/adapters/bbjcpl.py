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
from dataclasses import dataclass
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

        A file is blamed only when a small sound program is accepted at the same time: else the compiler is to
        blame, and asking about every file would only take long.
        """
        call = self._call(sources)
        alone = len(sources) == 1
        if call.in_doubt and (call.ended.timed_out or not alone) and self._is_sound():
            if not alone:
                half = len(sources) // 2
                return self._check_batch(sources[:half]) + self._check_batch(sources[half:])
            took = f"bbjcpl took longer than {self.timeout_s:g} s.\n{call.ended.text}"
            return [Verdict("compile_timeout", took, call.share_s)]
        return [self._verdict(file, call) for file in call.said.lines]

    def _is_sound(self) -> bool:
        call = self._call(['print "sound"\n'])
        return not call.in_doubt and not call.said.errors

    def _verdict(self, file: str, call: _Call) -> Verdict:
        said, share_s = call.said, call.share_s
        own = "\n".join(said.lines[file])
        hints = tuple(said.unresolved.get(file, ()))
        if error := said.errors.get(file):
            return Verdict("compile_error", own, share_s, (error, *hints))
        if call.ended.timed_out:
            return Verdict("infrastructure", f"bbjcpl did not answer within {self.timeout_s:g} s.", share_s)
        if fault := said.unclear.get(file) or said.fault:
            return Verdict("infrastructure", f"bbjcpl did something that is not understood: {fault}", share_s)
        return Verdict("compiled", own, share_s, hints)

    def _call(self, sources: Sequence[str]) -> _Call:
        with tempfile.TemporaryDirectory(prefix="bbjcpl-") as name:
            folder = Path(name).resolve()
            names = [f"s{index:05d}.bbj" for index in range(len(sources))]
            for file, source in zip(names, sources, strict=True):
                (folder / file).write_bytes(source.encode("utf-8", errors="replace"))
            listed = folder / "sources.list"
            listed.write_text("".join(f"{folder / file}\n" for file in names), encoding="utf-8")
            prefix = [f"-P{':'.join(map(str, self._prefix_folders))}"] if self.prefixes else []
            started = time.monotonic()
            ended = self._run([*self.flags, *prefix, f"-@{listed}"], folder, limit_s=self.timeout_s)
            share_s = (time.monotonic() - started) / len(sources)
        said = read(ended.text, names)
        said.fault = _fault(ended, said)
        return _Call(ended, said, share_s)

    @property
    def _prefix_folders(self) -> list[Path]:
        return [Path(prefix).resolve() for prefix in self.prefixes]

    def _run(self, arguments: Sequence[str], folder: Path, *, limit_s: float) -> Ended:
        return sandbox.run(
            [str(self._program), *arguments],
            work=folder,
            readable=[self._home, *self._prefix_folders],
            limit_s=limit_s,
            output_most_bytes=OUTPUT_MOST_BYTES,
            sandboxed=self.sandboxed,
        )


@dataclass(frozen=True)
class _Call:
    """One start of the compiler: how it ended, what it said, and a source's share of its wall-clock time."""

    ended: Ended
    said: Said
    share_s: float

    @property
    def in_doubt(self) -> bool:
        """It ended badly, and there is a file about which that leaves nothing known."""
        if self.ended.timed_out:
            return len(self.said.errors) < len(self.said.lines)
        return bool(self.said.fault) and len({*self.said.errors, *self.said.unclear}) < len(self.said.lines)


def _fault(ended: Ended, said: Said) -> str:
    """What makes the whole call doubtful, or ""."""
    if ended.flooded:
        return f"more than {OUTPUT_MOST_BYTES // 1024 // 1024} MB of output"
    if ended.exit_code and not ended.timed_out:
        return f"exit status {ended.exit_code}, where bbjcpl always has 0. {said.fault}".strip()
    return said.fault
