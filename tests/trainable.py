"""What a run needs before it can be queued: test tasks, and a dataset version with raw programs."""

from __future__ import annotations

from pathlib import Path

from curation.models import Snapshot, TaskSet
from curation.services import importing
from tests import makers

TASKS = [
    ("holdout", "Sum of a column"),
    ("holdout", "Name of a weekday"),
    ("triage", "Days until a date"),
    ("triage", "Longest word"),
]


def task_set(root: Path) -> TaskSet:
    """Two holdout and two triage tasks, whose right answers the offline check accepts."""
    for pool, title in TASKS:
        name = title.lower().replace(" ", "-")
        makers.put(root, f"tasks/{pool}/{name}.md", makers.example_text(title))
    tasks = importing.import_tasks(root)
    assert tasks is not None
    return tasks


def snapshot(root: Path) -> Snapshot:
    """A dataset version with examples and raw programs."""
    for name in ("invoice", "stock", "calendar", "payroll"):
        makers.put(root, f"corpus/{name}.bbj", makers.program(f"program {name}"))
    importing.import_corpus(root)
    return makers.snapshot(examples=6)
