"""Examples by the words of their texts: asking the full-text index that each database has.

A word that very many texts hold is asked for in another way: gathering all its texts would take longer than
going through examples in the order of the page until it is full.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import BooleanField, F
from django.db.models.expressions import RawSQL

from curation.models.examples import ExampleQuerySet

MANY = 2_000  # texts; words that more of them hold are common


def is_common(words: list[str]) -> bool:
    """Whether more than MANY texts hold them all."""
    sql, asked = _ids(words)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql} LIMIT {MANY + 1}) AS found", [asked])
        found: int = cursor.fetchone()[0]
    return found > MANY


def with_words(rows: ExampleQuerySet, words: list[str], *, common: bool) -> ExampleQuerySet:
    """Those in whose text each word stands, or begins one; `common` is what `is_common` says of the words."""
    sql, asked = _ids(words)
    if not common:
        return rows.filter(pk__in=RawSQL(sql, [asked]))
    if connection.vendor == "postgresql":
        each = f"SELECT {_HOLDS} FROM {_TABLE} WHERE example_id = curation_example.id"
        return rows.alias(holds=RawSQL(f"({each})", [asked], BooleanField())).filter(holds=True)
    # The sum keeps SQLite from fetching each of the matches by its id and sorting them.
    return rows.alias(number=F("pk") + 0).filter(number__in=RawSQL(sql, [asked]))


_TABLE, _INDEX = "curation_examplewords", "curation_examplewords_index"
_HOLDS = f"{_INDEX}_of(words) @@ %s::tsquery"


def _ids(words: list[str]) -> tuple[str, str]:
    """A query for the ids of all matches, and its one argument.

    The words hold letters and digits only (curation.domain.search_words), so they need no quoting. One letter
    begins half of all words, so it is looked for as a word of its own.
    """
    if connection.vendor == "postgresql":
        asked = " & ".join(f"'{word}'{':*' if len(word) > 1 else ''}" for word in words)
        return f"SELECT example_id FROM {_TABLE} WHERE {_HOLDS}", asked
    asked = " ".join(f'"{word}"{"*" if len(word) > 1 else ""}' for word in words)
    return f"SELECT rowid FROM {_INDEX} WHERE {_INDEX} MATCH %s", asked
