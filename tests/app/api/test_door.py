"""The door of the API: tokens, what may be sent, and the one form of every refusal."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from curation.models import AuditEntry
from curation.services import finding
from studio import tokens
from studio.models import ApiToken
from tests import makers
from tests.app.api.conftest import program_of


def test_a_token_says_what_it_may_do_now(program):
    me = program("author", "examples:read", "runs:write").get("/").json()

    assert (me["roles"], me["scopes"]) == (["author"], ["examples:read", "runs:write"])
    assert "GET /examples" in me["operations"]
    assert "POST /runs" not in me["operations"]


def test_a_token_never_does_more_than_its_owner_may_now(db):
    account = makers.user("maintainer")
    program = program_of(account)
    assert program.get("/imports").status_code == 200

    account.groups.set([Group.objects.get_or_create(name="author")[0]])
    demoted = program.get("/imports")
    account.is_active = False
    account.save()

    assert demoted.status_code == 403
    assert 'needs the role "maintainer"' in demoted.json()["detail"]
    assert program.get("/imports").status_code == 401


def test_a_missing_scope_is_named(program):
    answer = program("maintainer", "examples:read").post("/runs", {"snapshot": 1})

    assert answer.status_code == 403
    assert answer.json()["type"] == "/api/docs#problem-scope"
    assert '"runs:write"' in answer.json()["detail"]


def test_expired_and_revoked_tokens_are_unknown(db):
    account = makers.user()
    program = program_of(account)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expired = program.get("/")
    other = program_of(account)
    tokens.revoke(token=ApiToken.objects.get(start=other.secret[:16]), by=account)

    assert expired.status_code == other.get("/").status_code == 401
    assert expired["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer bbj_", "bearer \xff_a_b", "Bearer " + "_" * 9000]
)
def test_what_is_no_token_is_a_problem(shown, db):
    answer = Client().get("/api/v1/examples", headers={"Authorization": shown})

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_the_database_and_the_log_hold_no_secret(db, caplog):
    with caplog.at_level(logging.DEBUG):
        program = program_of(makers.user())
        program.get("/examples")
        program.get("/nowhere")

    row = ApiToken.objects.values().get()
    assert len(program.secret) > 50
    assert program.secret not in str(row) + caplog.text
    assert row["start"] == program.secret[:16]


def test_use_is_noted_to_the_hour(program):
    some = program("author")
    some.get("/")
    first = ApiToken.objects.get().last_used_at
    assert first
    some.get("/")
    again = ApiToken.objects.get().last_used_at
    ApiToken.objects.update(last_used_at=first - timedelta(hours=2))
    some.get("/")

    assert first == again
    assert ApiToken.objects.filter(last_used_at__gte=first).exists()


def test_an_unknown_address_and_an_unknown_method_are_problems(author):
    nowhere, wrong = author.get("/nothing/here"), author.delete("/examples")

    assert (nowhere.status_code, nowhere.json()["status"]) == (404, 404)
    assert (wrong.status_code, wrong["Allow"]) == (405, "GET, POST, HEAD")
    assert "DELETE" in wrong.json()["detail"]


def test_a_head_request_gets_the_headers_of_a_get(author):
    example = makers.example()

    head, get = (author.send(method, f"/examples/{example.pk}") for method in ("HEAD", "GET"))

    assert (head.status_code, head["ETag"], head.content) == (200, get["ETag"], b"")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "Cannot parse request body"),
        (b'{"text": NaN}', "NaN is no JSON value"),
        (b'{"text": "a", "text": "b"}', "a key stands there twice"),
        (b"\xff", "Cannot parse request body"),
        (b"[" * 100_000, "Cannot parse request body"),
    ],
)
def test_a_body_that_is_no_json_is_a_problem(author, body, says):
    shown = {"Authorization": f"Bearer {author.secret}"}
    answer = Client().post("/api/v1/texts/check", body, content_type="application/json", headers=shown)

    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_every_mistake_of_a_body_comes_at_once_with_its_place(maintainer):
    answer = maintainer.post("/runs", {"snapshot": "1", "recipe": "magic", "sead": 3})

    assert answer.status_code == 422
    found = {error["place"]: error["message"] for error in answer.json()["errors"]}
    assert set(found) == {"body.snapshot", "body.recipe", "body.sead"}
    assert found["body.sead"] == '"sead" is no field of this request.'


def test_another_content_type_and_too_large_a_body_are_refused(author):
    shown = {"Authorization": f"Bearer {author.secret}"}
    form = Client().post("/api/v1/texts/check", {"text": "a"}, headers=shown)
    huge = author.post("/texts/check", {"text": "a" * 3_000_000})

    assert (form.status_code, huge.status_code) == (415, 413)
    assert "Send application/json" in form.json()["detail"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_signs_that_no_database_stores_are_refused(author, text):
    by_body = author.post("/drafts", {"path": text, "text": ""})
    by_query = author.get("/examples?q=a%00b")

    assert (by_body.status_code, by_query.status_code) == (422, 422)


def test_ids_beyond_what_a_database_counts_are_refused(author):
    for number in (0, -1, 2**63, 10**30, "x"):
        assert author.get(f"/examples/{number}").status_code == 422


def test_a_mistake_of_ours_is_a_problem_and_logged(author, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError("as if by accident")

    monkeypatch.setattr(finding, "find_examples", broken)

    answer = author.get("/examples")

    assert (answer.status_code, answer.json()["title"]) == (500, "The studio made a mistake")
    assert "as if by accident" in caplog.text
    assert "accident" not in answer.content.decode()


def test_what_a_program_does_is_told_apart_in_the_audit_log(author):
    author.post("/views", {"name": "gui", "query": "topic=gui"})

    entry = AuditEntry.objects.get(action="view.save")
    assert (entry.through, entry.actor) == ("api", author.user)


def test_making_and_revoking_a_token_is_in_the_audit_log_without_its_secret(db):
    owner, admin = makers.user(), makers.user("admin")
    program = program_of(owner, "runs:read")
    for _ in range(2):
        tokens.revoke(token=ApiToken.objects.get(), by=admin)

    entries = AuditEntry.objects.order_by("pk")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("token.create", owner),
        ("token.revoke", admin),
    ]
    assert program.secret not in str(list(entries.values()))


def test_no_cache_between_keeps_an_answer(author):
    assert author.get("/examples")["Cache-Control"] == "private, no-cache"


def test_a_broken_upload_is_a_problem_also_with_a_key(maintainer):
    for headers in ({}, {"Idempotency-Key": "again"}):
        answer = Client().post(
            "/api/v1/imports",
            b"no boundary",
            content_type="multipart/form-data; boundary=x",
            headers={"Authorization": f"Bearer {maintainer.secret}", **headers},
        )

        assert answer.status_code in (400, 422)
        assert answer["Content-Type"] == "application/problem+json"
