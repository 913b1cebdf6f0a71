"""Make what is read from texts, reviews and decisions true again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from curation.services import reindexing, standing, stocking


class Command(BaseCommand):
    help = (
        "Read the columns, tags and search words of every example from its text again, its status from its "
        "reviews, and the list of raw programs from their versions: after an update of the studio or a "
        "restored backup. Harmless to repeat."
    )

    def handle(self, **options: Any) -> None:
        described = reindexing.describe_all()
        moved = standing.refresh_all()
        programs = stocking.relist_all()
        self.stdout.write(
            f"{described} examples and {programs} raw programs read; the status of {moved} was mended."
        )
