"""Whatever somebody does lands in the audit log, by its service or by the middleware, and stays there."""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from curation.models import AuditEntry
from curation.models.immutable import ImmutableRowError
from curation.services import auditing
from studio import audit, audit_trail, celery, roles
from tests import makers
from tests.app import test_roles
from tests.app.api.conftest import program_of

pytestmark = pytest.mark.django_db

ACTIONS = sorted(name for name, (_, act) in roles.MATRIX.items() if act)
OPERATIONS = sorted(name for name in roles.OPERATIONS if not name.startswith("GET "))


def newest() -> AuditEntry:
    entry = AuditEntry.objects.order_by("-pk").first()
    assert entry
    return entry


# Every address


def answered(method: str, address: str, *, status: int = 302, entries: int = 0) -> None:
    """A request through the middleware to a view that answers `status` and writes `entries`."""
    request = getattr(RequestFactory(), method)(address)
    request.resolver_match = resolve(address)
    request.user = makers.user("maintainer")

    def view(_: object) -> HttpResponse:
        for _n in range(entries):
            auditing.record(actor=request.user, action="example.revise")
        return HttpResponse(status=status)

    audit.audit_middleware(view)(request)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_that_writes_no_entry_of_its_own_is_written_down(name):
    answered("post", test_roles.address(name))

    if name in audit.NO_ACTIONS | audit.BY_SIGNALS:
        assert not AuditEntry.objects.exists()
    else:
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.through) == (name, "page")
        if "<int:" in str(test_roles.PATTERNS[name].pattern):
            assert entry.subject_id == test_roles.VALUES["int"]


def test_the_addresses_that_are_no_actions_are_addresses():
    assert set(ACTIONS) >= audit.NO_ACTIONS | audit.BY_SIGNALS


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_of_the_api_is_written_down_unless_it_only_reads(operation):
    method, _, path = operation.partition(" ")
    address = "/api/v1" + path.replace("{", "").replace("}", "")
    address = address.replace("example_id", "17").replace("job_id", "17").replace("draft_id", "17")

    answered(method.lower(), address, status=200)

    if str(roles.OPERATIONS[operation][0]).endswith(":read"):
        assert not AuditEntry.objects.exists()
    else:
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.through) == (operation, "api")


@pytest.mark.parametrize(("status", "entries"), [(422, 0), (403, 0), (302, 1)])
def test_what_failed_or_wrote_its_own_entry_gets_no_second_one(status, entries):
    answered("post", reverse("example_new"), status=status, entries=entries)

    assert AuditEntry.objects.count() == entries


def test_looking_writes_nothing():
    client = makers.signed_in(makers.user("maintainer"))
    before = AuditEntry.objects.count()

    for name in ("dashboard", "example_list", "run_list", "audit_log"):
        assert client.get(reverse(name)).status_code == 200

    assert AuditEntry.objects.count() == before


def test_a_request_that_is_repeated_under_its_key_is_written_down_once():
    program = program_of(makers.user("author"))
    before = AuditEntry.objects.count()

    for _ in range(2):
        program.post("/drafts", {"text": "first words"}, idempotency_key="one")

    (entry,) = AuditEntry.objects.all()[before:]
    assert (entry.actor, entry.through) == (program.user, "api")


# What people do, through the pages


def test_saving_and_judging_a_text_say_which_text():
    author, reviewer = makers.user("author"), makers.user("reviewer")
    text = makers.example_text("Print a line")
    makers.signed_in(author).post(
        reverse("example_new"), {"path": "strings/a.md", "text": text, "note": "a first one"}
    )

    made = newest()
    assert (made.actor, made.action, made.subject) == (author, "example.create", "strings/a.md")
    assert (made.detail["revision"], made.detail["before"], made.detail["note"]) == (1, "", "a first one")

    content_hash = made.detail["content_hash"]
    makers.signed_in(reviewer).post(
        reverse("review_example", args=[made.subject_id]),
        {"verdict": "request_changes", "reason": "no end", "content_hash": content_hash},
    )

    judged = newest()
    assert (judged.actor, judged.action) == (reviewer, "review.request_changes")
    assert (judged.detail["content_hash"], judged.detail["reason"]) == (content_hash, "no end")


def test_the_way_from_examples_to_a_run_is_in_the_log(tmp_path):
    snapshot = makers.snapshot("v1", examples=2)

    frozen = newest()
    assert (frozen.action, frozen.subject, frozen.detail["digest"]) == (
        "snapshot.freeze",
        "v1",
        snapshot.digest,
    )
    assert frozen.detail["examples"] == 2
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "example.create",
        "review.approve",
        "example.create",
        "review.approve",
        "snapshot.freeze",
    ]


def test_a_worker_writes_as_a_worker():
    @celery.app.task(base=celery.StudioTask)
    def work() -> None:
        auditing.record(actor=None, action="import.store")

    work.apply()

    assert newest().through == "worker"


# Accounts


def test_signing_in_failing_to_and_signing_out():
    account = makers.user("author", "ann")
    client = Client()

    client.post(reverse("sign_in"), {"username": "ann\0" + "x" * 300, "password": "wrong"})
    client.post(reverse("sign_in"), {"username": "ann", "password": "wrong"})
    client.post(reverse("sign_in"), {"username": "ann", "password": "a long password"})
    client.post(reverse("sign_out"))

    failed, inside, out = AuditEntry.objects.all()
    assert (failed.action, failed.actor, failed.detail) == ("account.sign_in_failed", None, {"tried": "ann"})
    assert (inside.action, inside.actor, inside.subject) == ("account.sign_in", account, "ann")
    assert (out.action, out.actor) == ("account.sign_out", account)


def test_changing_ones_password_says_so_and_no_more():
    account = makers.user("author")
    makers.signed_in(account).post(
        reverse("password"),
        {
            "old_password": "a long password",
            "new_password1": "another long one",
            "new_password2": "another long one",
        },
    )

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.subject_id) == ("account.password", account, account.pk)
    assert entry.detail == {}


def test_roles_that_an_admin_gives_and_takes():
    admin, account = makers.user("admin"), makers.user("author", "ann")
    reviewer = Group.objects.get_or_create(name="reviewer")[0]
    address = reverse("admin:auth_user_change", args=[account.pk])

    response = makers.signed_in(admin).post(
        address,
        {
            "username": "ann",
            "email": "ann@example.org",
            "is_active": "on",
            "groups": [reviewer.pk],
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00",
        },
    )

    assert response.status_code == 302, response.context["errors"]
    entries = {(e.action, json.dumps(e.detail, sort_keys=True)): e for e in AuditEntry.objects.all()}
    assert set(entries) == {
        ("account.change", '{"also": ["email"], "changed": {}}'),
        ("account.roles", '{"added": ["reviewer"]}'),
        ("account.roles", '{"removed": ["author"]}'),
    }
    assert {entry.actor for entry in entries.values()} == {admin}
    assert {entry.subject for entry in entries.values()} == {"ann"}


# It stays


def test_an_entry_is_never_changed_or_deleted():
    entry = auditing.record(actor=None, action="import.tasks")

    entry.action = "import.corpus"
    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="x"),
    ):
        with pytest.raises(ImmutableRowError):
            attempt()


@pytest.mark.parametrize(
    "statement", ["UPDATE curation_auditentry SET action = 'x'", "DELETE FROM curation_auditentry"]
)
def test_the_database_itself_refuses(statement):
    auditing.record(actor=None, action="import.tasks")
    if connection.vendor == "sqlite":  # there the tests' own database goes without (tests/conftest.py)
        for trigger in import_module("curation.migrations.0014_audit_log").REFUSE["sqlite"]:
            connection.cursor().execute(trigger)

    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        connection.cursor().execute(statement)

    assert newest().action == "import.tasks"


def test_the_admin_site_only_shows_entries():
    entry = auditing.record(actor=None, action="import.tasks")
    client = makers.signed_in(makers.user("admin"))

    assert client.get(reverse("admin:curation_auditentry_changelist")).status_code == 200
    for name in ("add", "change", "delete"):
        arguments = [] if name == "add" else [entry.pk]
        address = reverse(f"admin:curation_auditentry_{name}", args=arguments)
        assert client.post(address, {"action": "x", "post": "yes"}).status_code == 403


# Words


def actions_in_the_code() -> set[str]:
    """The action of each call of auditing.record that gives it as a plain text."""
    found = set()
    for package in ("curation", "training", "studio"):
        for file in (Path(settings.ROOT) / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("auditing.record"):
                    given = next(k.value for k in node.keywords if k.arg == "action")
                    found |= {str(n.value) for n in ast.walk(given) if isinstance(n, ast.Constant)}
    return {action for action in found if re.fullmatch(r"[a-z_]+\.[a-z_]+", action)}


def test_each_action_has_words():
    found = actions_in_the_code()

    assert len(found) > 30
    assert found <= set(audit_trail.WORDS)
