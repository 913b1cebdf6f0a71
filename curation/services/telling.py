"""Saying how far long work is: services call it, and a page or a terminal shows it.

Who is told may write to the database. So call it outside transactions, and not while rows are still being
read: SQLite lets nobody write who reads what somebody else has changed since.
"""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, int, int], None]  # the stage in words, how much is done, of how much; 0 of 0: not known


def nobody(stage: str, done: int, of: int) -> None:
    """For who does not ask."""
