"""Make what is read from texts, reviews and decisions true again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from curation.services import reindexing, standing


class Command(BaseCommand):
    help = (
        "Read the columns, tags and search words of every example from its text again, and its status from "
        "its reviews: after an update of the studio or a restored backup. Harmless to repeat."
    )

    def handle(self, **options: Any) -> None:
        described = reindexing.describe_all()
        moved = standing.refresh_all()
        self.stdout.write(f"{described} examples read; the status of {moved} was mended.")
