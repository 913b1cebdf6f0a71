"""SQLite is told how its tables are filled; PostgreSQL looks by itself."""

from __future__ import annotations

import pytest
from django.db import connection

from curation.tasks import refresh_statistics
from tests import makers

pytestmark = pytest.mark.django_db


def test_the_database_knows_how_many_examples_there_are():
    makers.example()
    makers.example()

    refresh_statistics()

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'curation_example' LIMIT 1")
            assert cursor.fetchone()[0].startswith("2 ")
