"""An index over the words of the present texts, by what each database has for it.

SQLite: an FTS5 table over curation_examplewords, which triggers keep equal to it. PostgreSQL: a GIN index.
The words are made by curation.domain.search_words, so neither database takes a text apart by itself.
"""

from django.db import migrations

INDEX = "curation_examplewords_index"
WORDS = "curation_examplewords"
ADD = f"INSERT INTO {INDEX}(rowid, words) VALUES (new.example_id, new.words);"
REMOVE = f"INSERT INTO {INDEX}({INDEX}, rowid, words) VALUES ('delete', old.example_id, old.words);"
SQLITE = [
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5(words, content='{WORDS}', content_rowid='example_id', "
    "detail=none, columnsize=0, prefix='2 3')",
    f"CREATE TRIGGER {INDEX}_insert AFTER INSERT ON {WORDS} BEGIN {ADD} END",
    f"CREATE TRIGGER {INDEX}_delete AFTER DELETE ON {WORDS} BEGIN {REMOVE} END",
    f"CREATE TRIGGER {INDEX}_update AFTER UPDATE ON {WORDS} BEGIN {REMOVE} {ADD} END",
]
# The price tells the planner to ask the index: taking every text apart again costs 50 times what it expects.
POSTGRESQL = [
    f"CREATE FUNCTION {INDEX}_of(words text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 "
    "AS $$ BEGIN RETURN array_to_tsvector(string_to_array(words, ' ')); END $$",
    f"CREATE INDEX {INDEX} ON {WORDS} USING gin ({INDEX}_of(words))",
]


def make(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {INDEX}")
        schema_editor.execute(f"DROP FUNCTION {INDEX}_of")
        return
    for change in ("insert", "delete", "update"):
        schema_editor.execute(f"DROP TRIGGER {INDEX}_{change}")
    schema_editor.execute(f"DROP TABLE {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("curation", "0005_review_and_audit")]

    operations = [migrations.RunPython(make, drop)]
