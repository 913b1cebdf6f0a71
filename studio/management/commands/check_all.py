"""The one check command: style, types, architecture, templates, migrations. CI runs the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

# What is checked -> the command, and what to do about a failure.
CHECKS: dict[str, tuple[list[str], str]] = {
    "style": (["ruff", "check", "."], "ruff check --fix . repairs many of them"),
    "format": (["ruff", "format", "--check", "."], "ruff format . writes it"),
    "types": (["mypy"], "the annotation or the code is wrong; `# type: ignore[code]` needs a reason"),
    "imports": (["lint-imports"], "the rules stand in pyproject.toml and docs/style.md"),
    "templates": (["djlint", "--lint", "--quiet", "templates"], "the rule's code is in the line"),
    "migrations": (
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        "python3 manage.py makemigrations writes the missing one",
    ),
}


class Command(BaseCommand):
    help = "Run every static check, and list all that failed at the end (exit 1)."
    requires_system_checks: list[str] = []  # a broken module is reported by the checks themselves

    def handle(self, **_: Any) -> None:
        failed = []
        for name, (command, remedy) in CHECKS.items():
            self.stdout.write(self.style.MIGRATE_HEADING(f"{name}: {' '.join(command[-4:])}"))
            self.stdout.flush()
            if subprocess.call([program(command[0]), *command[1:]], cwd=settings.ROOT) != 0:
                failed.append(f"{name} failed: {remedy}")
        for line in failed:
            self.stdout.write(self.style.ERROR(line))
        if failed:
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS(f"All {len(CHECKS)} checks passed."))


def program(name: str) -> str:
    """The tool of this environment, which need not be on the PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name
