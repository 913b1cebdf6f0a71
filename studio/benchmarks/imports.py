"""How fast imports are checked and stored, and how much memory that takes, each in a studio of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from studio.benchmarks import import_texts
from studio.benchmarks.measuring import Table, growth

CHATML_LINES = (1_000, 10_000, 100_000)
MARKDOWN_FILES = (1_000, 10_000)
QUIET_BROKER = "redis://127.0.0.1:1/0"  # nobody listens: no worker of a running studio is told

# A process and a database of its own: a peak is a process's, and the studio's own data stays out of it.
_WORK = """\
import json, sys, time
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from pathlib import Path
from curation.services import queueing, reporting, uploading, working
from studio.benchmarks.measuring import peak_mb

call_command("migrate", verbosity=0)
source, kind = Path(sys.argv[1]), sys.argv[2]
author = User.objects.create_user("bench")
job = uploading.open_job(
    kind=kind,
    name=source.name,
    source=source,
    author=author,
    size_bytes=source.stat().st_size,
    wake_worker=False,
)
told = {"mb": round(source.stat().st_size / 1e6, 1)}
for step in ("check", "store"):
    claim = queueing.claim(job.pk, "bench")
    cpu, clock = time.process_time(), time.perf_counter()
    working.carry_out(claim)
    told[step + "_cpu_s"] = round(time.process_time() - cpu, 2)
    told[step + "_s"] = round(time.perf_counter() - clock, 2)
    told[step + "_peak_mb"] = peak_mb()
    queueing.confirm(job, wake_worker=False)
report = reporting.report_of(job)
told["stored"] = report.outcomes.get("created", 0)
print(json.dumps(told))
"""


def measure(say: Callable[[str], None]) -> list[Table]:
    """All tables. Takes three to four minutes.

    Args:
        say: Told what is measured next.
    """
    docs = import_texts.shipped(Path(settings.STUDIO_TRAINING_DATA))
    tables = []
    for name, title, kind, sizes, write, file in (
        ("chatml", "ChatML lines", "chatml", CHATML_LINES, import_texts.write_chatml, "set.jsonl"),
        (
            "markdown",
            "Markdown files in a .zip",
            "archive",
            MARKDOWN_FILES,
            import_texts.write_archive,
            "set.zip",
        ),
    ):
        rows = []
        for size in sizes:
            say(f"{size:,} {title}")
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                source = Path(folder) / file
                write(docs, size, source)
                rows.append({"items": size, **_worked(source, kind, Path(folder) / "var")})
        tables.append(_table(name, title, rows))
    return tables


def _worked(source: Path, kind: str, var: Path) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {"STUDIO_VAR": str(var), "STUDIO_REDIS_URL": QUIET_BROKER}
    environment["DJANGO_SETTINGS_MODULE"] = "studio.settings"
    command = [sys.executable, "-c", _WORK, str(source), kind]
    told = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, cwd=settings.ROOT
    )
    worked: dict[str, Any] = json.loads(told.stdout.strip().rpartition("\n")[2])
    return worked


def _table(name: str, title: str, rows: list[dict[str, Any]]) -> Table:
    exponent = growth([row["items"] for row in rows], [row["check_cpu_s"] for row in rows])
    return Table(
        name,
        f"Importing {title}",
        {
            "items": title.split(" in ")[0],
            "mb": "MB",
            "check_s": "seconds to check",
            "check_cpu_s": "of them CPU",
            "check_peak_mb": "peak MB",
            "store_s": "seconds to store",
            "store_peak_mb": "peak MB",
            "stored": "stored",
        },
        rows,
        "One process on an empty SQLite database of its own; a peak is that of the whole process. "
        f"CPU seconds of the check grow with the number to the power of {exponent:.2f}.",
        {"growth_exponent": round(exponent, 3)},
    )
