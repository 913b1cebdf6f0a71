"""The whole loop in the foreground, on the tiny base: Markdown files in, a scored dataset version out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from studio import seeding
from training.models import Run
from training.services import launching, scoring, supervising


@dataclass
class Step:
    name: str
    result: str = ""
    seconds: float = 0.0
    ok: bool = False


@dataclass
class Report:
    """What each step did, in order; printed as a table or as JSON."""

    steps: list[Step] = field(default_factory=list)
    score: str = ""

    @contextmanager
    def step(self, name: str):
        step = Step(name)
        self.steps.append(step)
        began = time.monotonic()
        try:
            yield step
            step.ok = True
        finally:
            step.seconds = round(time.monotonic() - began, 1)

    @property
    def ok(self) -> bool:
        return bool(self.steps) and all(step.ok for step in self.steps)
