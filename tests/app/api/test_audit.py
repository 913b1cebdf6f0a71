"""The audit log through the API, and what the API writes into it."""

from __future__ import annotations

import json

from curation.models import AuditEntry
from tests import makers
from tests.app.api.conftest import Program


def actions() -> list[str]:
    return list(AuditEntry.objects.exclude(action="token.create").values_list("action", flat=True))


def written(author: Program, **more: str) -> str:
    made = author.post("/examples", {"path": "gui/a.md", "text": makers.example_text()}, **more)
    return str(made["Location"])


def test_each_action_of_a_program_is_one_entry(author):
    place = written(author, Idempotency_Key="once")
    written(author, Idempotency_Key="once")
    author.put(place, {"text": "broken"}, If_Match=author.get(place)["ETag"])
    author.put(place, {"text": makers.example_text("New")}, If_Match=author.get(place)["ETag"])
    author.post("/texts/check", {"text": "rem"})
    draft = author.post("/drafts", {"text": "rem"}).json()["id"]
    author.delete(f"/drafts/{draft}")

    assert actions() == ["example.create", "example.revise", "POST /drafts", "DELETE /drafts/{draft_id}"]
    assert set(AuditEntry.objects.filter(actor=author.user).values_list("through", flat=True)) <= {
        "api",
        "command",  # where the test made the token
    }


def test_maintainers_and_admins_read_it_and_filter_it(program):
    author = program("author")
    written(author)

    for role in ("maintainer", "admin"):
        rows = program(role, "audit:read").get("/audit?action=example.create").json()["items"]
        assert [(row["actor"], row["subject"]) for row in rows] == [(author.user.get_username(), "gui/a.md")]
    assert author.get("/audit").status_code == 403


def test_what_one_person_did_is_found_and_nobody_is_told_apart_from_nothing(program):
    author, maintainer = program("author"), program("maintainer")
    written(author)
    name = author.user.get_username()

    found = maintainer.get(f"/audit?who={name}&action=example.create&kind=example").json()["items"]

    assert [row["actor"] for row in found] == [name]
    assert maintainer.get("/audit?who=nobody-at-all").status_code == 404
    assert maintainer.post("/audit/export", {"who": name}).status_code == 200


def test_an_export_holds_itself_as_its_newest_entry(program):
    written(program("author"))
    maintainer = program("maintainer")

    for format in ("jsonl", "csv"):
        answer = maintainer.post("/audit/export", {"format": format, "since": "2020-01-01"})
        text = b"".join(answer.streaming_content).decode()

        assert answer["Content-Disposition"].endswith(f'.{format}"')
        assert "gui/a.md" in text
        if format == "jsonl":
            assert json.loads(text.split("\n")[0])["action"] == "audit.export"
    assert actions().count("audit.export") == 2
