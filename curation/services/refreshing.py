"""The database's own statistics, by which it chooses an index."""

from __future__ import annotations

from django.db import connection

# Rows of an index that are looked at: 30 ms at 100,000 examples, where reading all of them takes 600.
LOOKED_AT = 1000


def refresh_statistics() -> None:
    """Let SQLite look at its tables anew; PostgreSQL does that by itself (autovacuum).

    Without them SQLite takes the wrong one of two indexes: a list with three filters among 100,000 examples
    took 123 ms instead of 48.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA analysis_limit={LOOKED_AT}")
            cursor.execute("ANALYZE")
