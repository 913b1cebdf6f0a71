"""The page of the audit log: in words, filtered by the address, taken along as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from curation.models import AuditEntry
from curation.services import auditing, undoing
from studio import audit_trail
from tests import makers

pytestmark = pytest.mark.django_db


@pytest.fixture
def maintainer() -> Client:
    return makers.signed_in(makers.user("maintainer"))


@pytest.fixture
def ann() -> User:
    return makers.user("reviewer", "ann")


def shown(client: Client, **filters: str) -> str:
    response = client.get(reverse("audit_log"), filters)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def ids(client: Client, **filters: str) -> list[int]:
    page = client.get(reverse("audit_log"), filters).content.decode()
    return [int(number) for number in re.findall(r'id="entry-(\d+)"', page)]


def test_an_entry_reads_like_a_sentence_and_leads_to_its_subject(maintainer, ann):
    example = makers.example("gui/a.md")
    makers.review(example, "request_changes", reviewer=ann, reason="no end")

    page = maintainer.get(reverse("audit_log")).content.decode()

    assert "ann asked for changes of gui/a.md" in shown(maintainer)
    assert f'<a href="{reverse("example_page", args=[example.pk])}">gui/a.md</a>' in page
    assert "<dd>no end</dd>" in page


def test_what_was_taken_back_leads_to_where_and_back(maintainer, ann):
    makers.review(makers.example("gui/a.md"), reviewer=ann)
    made = AuditEntry.objects.get(action="review.approve")
    taken_back = undoing.undo(made, by=ann)

    page = maintainer.get(reverse("audit_log")).content.decode()

    assert f'href="?after={taken_back.pk + 1}#entry-{taken_back.pk}">taken back by ann</a>' in page
    assert f'href="?after={made.pk + 1}#entry-{made.pk}"' in page
    assert ids(maintainer, after=str(made.pk + 1))[0] == made.pk


def test_the_filters_stand_in_the_address(maintainer, ann):
    example = makers.example("gui/a.md", author=makers.user("author", "bob"))
    makers.review(example, reviewer=ann)
    makers.example("strings/b.md", author=ann)
    auditing.record(actor=None, action="import.corpus", files=3)
    a, approved, b, corpus = AuditEntry.objects.values_list("pk", flat=True)
    today = timezone.now().date()

    assert ids(maintainer) == [corpus, b, approved, a]
    assert ids(maintainer, who="ann") == [b, approved]
    assert ids(maintainer, action="review.approve") == [approved]
    assert ids(maintainer, kind="example") == [b, approved, a]
    assert ids(maintainer, subject="gui/") == [approved, a]
    assert ids(maintainer, subject="strings/b.md", who="ann") == [b]
    assert ids(maintainer, since=str(today), until=str(today)) == [corpus, b, approved, a]
    assert ids(maintainer, until=str(today - timedelta(days=1))) == []
    assert "No entry is like this" in shown(maintainer, until=str(today - timedelta(days=1)))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("who", "nobody-here", "Nobody is called"),
        ("action", "review.aprove", "Select a valid choice"),
        ("since", "yesterday", "Enter a valid date"),
        ("after", "9" * 40, "imported"),
    ],
)
def test_a_filter_that_cannot_be_is_left_out_and_said_so(maintainer, name, value, says):
    auditing.record(actor=None, action="import.seed")

    response = shown(maintainer, **{name: value})

    assert ids(maintainer, **{name: value})
    assert says in response or name == "after"


def test_pages_follow_each_other_and_a_full_one_takes_no_more_queries(
    maintainer, ann, django_assert_max_num_queries
):
    for number in range(60):
        auditing.record(actor=ann, action="example.revise", subject=("example", number), before="x")

    with django_assert_max_num_queries(6):
        first = ids(maintainer)
    second = ids(maintainer, after=str(first[-1]))

    assert len(first) == 50
    assert [*first, *second] == sorted([*first, *second], reverse=True)
    assert len(second) == 10


def test_a_long_detail_is_cut_on_the_page():
    entry = auditing.record(
        actor=None, action="conversation.take", records=list(range(500)), reason="x" * 999
    )

    facts = dict(audit_trail.told(entry).facts)

    assert facts["records"].endswith("18, 19 and 480 more")
    assert len(facts["reason"]) < 310


# As a file


def exported(client: Client, format: str, **filters: str) -> bytes:
    response = client.post(reverse("audit_export"), {"format": format, **filters})
    assert response.status_code == 200
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_csv_holds_what_the_filters_show_and_no_formula(maintainer, ann):
    auditing.record(actor=ann, action="comment.add", text="=cmd()")
    hostile = makers.user("author", "+ann")
    auditing.record(actor=hostile, action="comment.add")
    auditing.record(actor=ann, action="example.revise")

    rows = list(csv.DictReader(io.StringIO(exported(maintainer, "csv", action="comment.add").decode())))

    assert [row["actor"] for row in rows] == ["'+ann", "ann"]
    assert json.loads(rows[1]["detail"]) == {"text": "=cmd()"}
    assert tuple(rows[0]) == audit_trail.COLUMNS


@pytest.mark.parametrize("risky", ["=1+1", "+1", "-1", "@sum", " =1", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_compute_is_text(risky):
    assert audit_trail._no_formula(risky) == "'" + risky


def test_json_lines_hold_every_entry_and_the_export_itself(maintainer, ann, monkeypatch):
    monkeypatch.setattr(audit_trail, "CHUNK", 2)
    for number in range(5):
        auditing.record(actor=ann, action="example.revise", subject=("example", number))

    rows = [json.loads(line) for line in exported(maintainer, "jsonl").splitlines()]

    assert [row["id"] for row in rows] == list(
        AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)
    )
    assert (rows[0]["action"], rows[0]["detail"]) == ("audit.export", {"format": "jsonl", "filters": {}})
    assert [row["subject_id"] for row in rows[1:]] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("sent", [{}, {"format": "xlsx"}, {"format": "csv", "since": "never"}])
def test_an_export_that_cannot_be_leads_back_to_the_page(maintainer, sent):
    response = maintainer.post(reverse("audit_export"), sent, follow=True)

    assert response.redirect_chain == [(reverse("audit_log"), 302)]
    assert "Nothing was exported" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_over_asgi_the_file_is_sent_chunk_by_chunk(ann, monkeypatch):
    monkeypatch.setattr(audit_trail, "CHUNK", 1)
    for number in range(3):
        auditing.record(actor=ann, action="example.revise", subject=("example", number))
    account = makers.user("maintainer")

    async def download() -> list[bytes]:
        client = AsyncClient()
        await sync_to_async(client.force_login)(account)
        response: Any = await client.post(reverse("audit_export"), {"format": "jsonl"})
        assert response.is_async
        return [block async for block in response.streaming_content]

    blocks = async_to_sync(download)()

    assert [json.loads(block)["action"] for block in blocks] == ["audit.export", *["example.revise"] * 3]
    entry = AuditEntry.objects.get(action="audit.export")
    assert (entry.actor, entry.through) == (account, "page")
