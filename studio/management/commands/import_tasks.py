"""Bring in the test tasks that the studio is shipped with: for a studio that an older version made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.services import importing
from studio import seeding


class Command(BaseCommand):
    help = (
        "Bring the shipped test tasks (training-data/tasks) in as tasks that people can review, edit and "
        "freeze into sets. A new studio has them; one of an older version has only the frozen set. A task "
        "that somebody edited stays as it is, so it is harmless to repeat."
    )

    def handle(self, **_: Any) -> None:
        try:
            written = seeding.import_tasks()
        except importing.TasksRefused as refused:
            raise CommandError(str(refused)) from refused
        approved = seeding.approve_shipped()
        self.stdout.write(f"{written} test tasks brought in, {approved} shipped texts approved.")
