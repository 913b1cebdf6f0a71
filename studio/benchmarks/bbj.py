"""How fast BBj source is read: the offline check, the lexer, the generation labels, and bbjcpl in batches."""

from __future__ import annotations

import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from curation.domain.bbj import CHECK_VERSION, check, lex, suggest_generation
from studio.benchmarks import bbj_texts
from studio.benchmarks.measuring import BUDGET_S, MOST_RUNS, Stopped, Table, at_most, growth, timed
from training.adapters import sandbox
from training.adapters.bbjcpl import Bbjcpl

LINES = (1_000, 10_000, 100_000)
LARGEST_CHARS = 10_000_000
HARD_CHARS = (100_000, 1_000_000)
HARD_LIMIT_S = 10.0  # by the clock, for one hard text
TYPED_LINES = 500
SNIPPETS = 200
SINGLE_CALLS = 10
JVM_START_S = 0.8  # as recorded of bbjcpl

# In a process of its own, since a peak is a process's. Not getrusage: its peak begins with the parent's.
_PEAK = """\
import sys
from curation.domain.bbj import check
def peak_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
text = sys.stdin.read()
before = peak_kb()
check(text)
print(peak_kb() - before)
"""


def measure(say: Callable[[str], None]) -> list[Table]:
    """All tables. Takes one to one and a half minutes.

    Args:
        say: Told what is measured next.
    """
    source = bbj_texts.programs(Path(settings.STUDIO_TRAINING_DATA) / "corpus")
    tables = []
    for what, part in (
        ("check() against size", sizes),
        ("each function alone", functions),
        ("hard texts", hard_texts),
        ("the stub compiler, in a batch and one by one", batches),
    ):
        say(what)
        tables.append(part(source))
    return tables


def sizes(source: Iterator[str]) -> Table:
    texts = [bbj_texts.of_lines(source, lines) for lines in LINES]
    texts.append(bbj_texts.of_chars(source, LARGEST_CHARS))
    rows = []
    for text in texts:
        seconds, findings = timed(check, text)
        rows.append(_speed(text, seconds) | {"certain": sum(finding.certain for finding in findings)})
    exponent = growth([row["chars"] for row in rows], [row["cpu_s"] for row in rows])
    peak_mb = _peak_mb(texts[-1])
    return Table(
        "sizes",
        f"check() against size ({CHECK_VERSION})",
        {
            "lines": "lines",
            "chars": "characters",
            "cpu_s": "CPU seconds",
            "lines_per_s": "lines a second",
            "certain": "certain findings",
        },
        rows,
        f"Medians of up to {MOST_RUNS} runs in {BUDGET_S:.0f} s, so of one run where a run takes longer. The "
        "programs are the shipped ones, each copy with other names, numbers and strings. Seconds grow "
        f"with the size to the power of {exponent:.2f}. "
        f"Beside the largest text its check takes {peak_mb or '–'} MB.",
        {"growth_exponent": round(exponent, 3), "peak_mb": peak_mb},
    )


def functions(source: Iterator[str]) -> Table:
    large = bbj_texts.of_chars(source, HARD_CHARS[-1])
    typed = bbj_texts.of_lines(source, TYPED_LINES)
    rows = []
    for function in (lex, check, suggest_generation):
        rows.append(
            {
                "function": f"{function.__name__}()",
                **_speed(large, timed(_through, function, large)[0]),
                "typed_ms": round(1000 * timed(_through, function, typed, most_runs=20)[0], 2),
            }
        )
    return Table(
        "functions",
        "Each function alone",
        {
            "function": "",
            "chars": "characters",
            "cpu_s": "CPU seconds",
            "lines_per_s": "lines a second",
            "typed_ms": f"ms for {TYPED_LINES} lines",
        },
        rows,
        f"The last column is what one key press costs in a program of {TYPED_LINES} lines.",
    )


def hard_texts(source: Iterator[str]) -> Table:
    ordinary = {chars: _per_char(bbj_texts.of_chars(source, chars)) for chars in HARD_CHARS}
    rows = []
    for name, make in bbj_texts.HARD.items():
        times = {chars: _per_char(make(chars)) for chars in HARD_CHARS}
        rows.append(
            {"text": name}
            | {f"at_{chars}": _ratio(seconds, ordinary[chars]) for chars, seconds in times.items()}
        )
    per_char_ns = 1e9 * (ordinary[HARD_CHARS[-1]] or math.nan)
    return Table(
        "hard_texts",
        "check() on hard texts: time a character, as a multiple of ordinary programs of the same size",
        {"text": "text"} | {f"at_{chars}": f"{chars:,} characters" for chars in HARD_CHARS},
        rows,
        f"Ordinary programs take {per_char_ns:.0f} ns a character. "
        f"A dash: stopped after {HARD_LIMIT_S:.0f} s.",
        {"ordinary_ns_per_char": round(per_char_ns, 1)},
    )


def batches(source: Iterator[str]) -> Table:
    snippets = [next(source) for _ in range(SNIPPETS)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        stub = _slow_stub(Path(folder))
        rows = [_calls("one call", Bbjcpl(stub, sandboxed=False), [snippets])]
        if not sandbox.problem():
            rows.append(_calls("one call, in the sandbox", Bbjcpl(stub), [snippets]))
        single = [[snippet] for snippet in snippets[:SINGLE_CALLS]]
        rows.append(_calls("a call each", Bbjcpl(stub, sandboxed=False), single))
    return Table(
        "batches",
        f"{SNIPPETS} snippets through the STUB compiler",
        {
            "way": "",
            "calls": "calls made",
            "accepted": "accepted",
            "call_s": "seconds a call",
            "all_s": f"seconds for {SNIPPETS}",
        },
        rows,
        f"Wall-clock seconds. The start of a JVM is simulated: the stub waits {JVM_START_S} s. It is no "
        "compiler, so this shows what a start costs, and nothing about BBj. Only "
        f"{SINGLE_CALLS} single calls are made, and their time is projected to {SNIPPETS}.",
        {"simulated_start_s": JVM_START_S},
    )


def _calls(way: str, compiler: Bbjcpl, calls: list[list[str]]) -> dict[str, Any]:
    taken, accepted = [], 0
    for sources in calls:
        started = time.perf_counter()
        verdicts = compiler.check_many(sources)
        taken.append(time.perf_counter() - started)
        accepted += sum(verdict.outcome == "compiled" for verdict in verdicts)
    call_s = statistics.median(taken)
    return {
        "way": way,
        "calls": len(calls),
        "accepted": accepted,
        "call_s": round(call_s, 3),
        "all_s": round(call_s * SNIPPETS / len(calls[0]), 2),
    }


def _slow_stub(folder: Path) -> str:
    """The tests' stub behind a script that makes its start slow, as bbjcpl is a script that starts Java."""
    shutil.copy(settings.ROOT / "tests" / "stubs" / "bbjcpl", folder / "stub")
    launcher = folder / "bbjcpl"
    launcher.write_text(
        "#!/bin/sh\n"
        "export PATH=/usr/local/bin:/usr/bin:/bin:$PATH\n"  # the same Python inside and outside the sandbox
        f'STUB_START_S={JVM_START_S} exec "$(dirname "$0")/stub" "$@"\n'
    )
    launcher.chmod(0o755)
    return str(launcher)


def _through(function: Callable[[str], Any], text: str) -> None:
    """Call it, and go through what it gives, should that be made only when it is asked for."""
    result = function(text)
    if isinstance(result, Iterator):
        for _ in result:
            pass


def _speed(text: str, seconds: float) -> dict[str, Any]:
    lines = text.count("\n")
    return {
        "lines": lines,
        "chars": len(text),
        "cpu_s": round(seconds, 4),
        "lines_per_s": round(lines / seconds),
    }


def _per_char(text: str) -> float | None:
    """CPU seconds a character; None when the limit was reached."""
    try:
        with at_most(HARD_LIMIT_S):
            return timed(check, text, budget_s=0.5)[0] / len(text)
    except Stopped:
        return None


def _ratio(seconds: float | None, ordinary: float | None) -> float | None:
    return None if seconds is None or ordinary is None else round(seconds / ordinary, 2)


def _peak_mb(text: str) -> int | None:
    """None where the system does not tell it as Linux does."""
    if not Path("/proc/self/status").exists():
        return None
    command = [sys.executable, "-c", _PEAK]
    told = subprocess.run(command, input=text, text=True, capture_output=True, check=True, cwd=settings.ROOT)
    return round(int(told.stdout) / 1000)
