"""Programs that stand where bbjcpl would: the stub with its habits, and scripts that misbehave."""

from __future__ import annotations

import sys
from pathlib import Path

from training.adapters.checker import Checker

STUB = Path(__file__).resolve().parent / "stubs" / "bbjcpl"
GOOD = 'print "good"\n'
BAD = 'x=1\nprint "bad\n'


def script(folder: Path, body: str) -> str:
    """The path of a compiler that does what the test needs. Its `sources` are the files it is asked about."""
    file = folder / "bbjcpl"
    file.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "lists = [a[2:] for a in sys.argv if a.startswith('-@')]\n"
        "sources = [line for name in lists for line in open(name).read().split()]\n"
        f"say = sys.stderr.write\n{body}\n"
    )
    file.chmod(0o755)
    return str(file)


def outcomes(checker: Checker, *sources: str) -> list[str]:
    return [verdict.outcome for verdict in checker.check_many(sources)]
