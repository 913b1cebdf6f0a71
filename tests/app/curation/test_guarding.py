"""What dataset versions are made of stays as it is, whoever tries to change it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse

from curation.models import ChatRecord, ImmutableRowError, Snapshot
from curation.services import choosing, converting, guarding, importing, snapshotting
from tests import makers

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen(tmp_path: Path) -> Snapshot:
    """A version with a text of each kind, and a task set."""
    makers.put(tmp_path, "corpus/program.bbj", makers.program("Raw"))
    makers.put(tmp_path, "tasks/holdout/locked.md", makers.example_text("Locked task"))
    importing.import_corpus(tmp_path)
    importing.import_tasks(tmp_path)
    record = ChatRecord(prompt="What is BBj?", answer="A language of business.", author=makers.user())
    record.content_hash = converting.record_hash(record)
    record.save()
    choosing.choose(records=[record], by=makers.user("reviewer"), chosen=True)
    for _ in range(2):
        makers.approved()
    makers.general_example("Reverse a list in Python.")
    return makers.freeze(name="v1", author=makers.user("maintainer"), general_per_mille=500)


@pytest.fixture
def guarded() -> Iterator[None]:
    """The database as it is outside of tests: on SQLite the tests' own goes without (tests/conftest.py)."""
    guarding.guard()
    yield
    if connection.vendor == "sqlite":
        guarding.unguard()


def fsck() -> dict:
    out = io.StringIO()
    try:
        call_command("fsck", "--json", stdout=out)
    except CommandError:
        assert not json.loads(out.getvalue())["ok"]
    return json.loads(out.getvalue())


def test_the_database_itself_refuses(frozen, guarded):
    for model in guarding.GUARDED:
        table = model._meta.db_table
        row = model.objects.all()[0]

        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
                connection.cursor().execute(statement)
        with pytest.raises(ImmutableRowError):
            row.delete()


def test_a_migration_may_change_rows_and_the_guard_stands_again_after_it(guarded):
    guarding.before_migrating(using="default", plan=[])
    assert not guarding.missing()

    guarding.before_migrating(using="default", plan=["something"])
    assert guarding.missing() == sorted(guarding.trigger_names())

    call_command("migrate", verbosity=0)
    assert not guarding.missing()


def test_what_a_version_holds_cannot_be_deleted_with_its_example_or_its_people(frozen):
    revision = frozen.entries.select_related("revision__example", "revision__author")[0].revision

    for row in (revision.example, revision.author, frozen.created_by):
        with pytest.raises(ProtectedError):
            row.delete()

    assert frozen.entries.count() == 2


def test_the_admin_site_only_shows_versions(frozen):
    client = makers.signed_in(makers.user("admin"))

    for model in ("snapshot", "revision", "corpusfile", "taskset", "task"):
        assert client.get(reverse(f"admin:curation_{model}_changelist")).status_code == 200
        for name in ("change", "delete"):
            address = reverse(f"admin:curation_{model}_{name}", args=[1])
            assert client.post(address, {"name": "x", "post": "yes"}).status_code in (302, 403)
    assert fsck_without_triggers() == []
    assert Snapshot.objects.get().name == "v1"


def fsck_without_triggers() -> list[str]:
    """What is wrong, one a line; whether the triggers are there is another test's."""
    return [f"{one['place']}: {one['says']}" for one in fsck()["problems"] if one["check"] != "triggers"]


def test_fsck_finds_nothing_in_a_studio_that_is_in_order(frozen, guarded):
    assert fsck() == {"ok": True, "found": dict.fromkeys(fsck()["found"], 0), "problems": []}


def test_fsck_names_the_triggers_that_are_missing(guarded):
    guarding.unguard()

    assert {one["place"] for one in fsck()["problems"]} == set(guarding.trigger_names())


TAMPERED = {
    "UPDATE curation_revision SET text = 'x'": "revision 1: The text does not match",
    "UPDATE curation_corpusfile SET text = 'x'": "corpus/program.bbj, row",
    "UPDATE curation_chatrecord SET answer = 'x'": "conversation",
    "UPDATE curation_task SET text = 'x'": "task holdout/locked.md: The text does not match",
    "UPDATE curation_task SET pool = 'triage'": "tasks-1: Its tasks are not those of its digest",
    "UPDATE curation_snapshot SET manifest = '{}'": "v1: The manifest does not match the digest",
    "UPDATE curation_snapshot SET manifest = 'no JSON'": "v1: The manifest cannot be read",
    "UPDATE curation_snapshotentry SET split = 'x'": "Its row says something else",
    "UPDATE curation_snapshotentry SET path = 'x'||path": "Its row is not in the manifest",
    "DELETE FROM curation_snapshotcorpusfile": "program.bbj: The manifest names it, and it has no row",
    "DELETE FROM curation_snapshotconversation": "and it has no row",
    "UPDATE curation_generalexample SET answer = 'x'": "general example",
    "UPDATE curation_generalexample SET licence = 'x'": "general code, general/",
    "DELETE FROM curation_snapshotgeneral": "general code, general/",
}


def test_fsck_finds_what_was_changed_behind_the_studio(frozen, guarded):
    for statement, says in TAMPERED.items():
        with transaction.atomic():
            makers.tamper(statement)
            found = fsck_without_triggers()
            transaction.set_rollback(True)

        assert any(says in line for line in found), (statement, found)


def test_fsck_tells_all_problems_at_once(frozen, guarded):
    makers.tamper("UPDATE curation_revision SET text = 'x'")
    makers.tamper("UPDATE curation_task SET text = 'x'")
    makers.tamper("UPDATE curation_snapshot SET digest = 'x'")

    counts = fsck()["found"]

    assert (counts["revisions"], counts["test tasks"], counts["dataset versions"]) == (2, 1, 1)
    assert snapshotting.recomputed_digest(frozen) != Snapshot.objects.get().digest
