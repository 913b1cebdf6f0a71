"""An import from upload to revision: checked, then confirmed, and safe against double and lost work."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from curation import tasks
from curation.domain import markdown
from curation.domain.chat_rows import ChatRow
from curation.models import ChatRecord, Example, ImportItem, ImportJob, ImportProblem, Revision
from curation.services import (
    authoring,
    checking,
    converting,
    queueing,
    reporting,
    storing,
    uploading,
    working,
)
from tests import makers
from tests.chatml_set import SMALL, chatml_set, message_row
from tests.makers import worked

FENCE = '```bbj\nrem Say it\na$ = "hi"\nprint a$\n```'


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR = tmp_path


def lines(*rows: tuple[str, str]) -> bytes:
    return b"".join(json.dumps(message_row(*row)).encode() + b"\n" for row in rows)


def sent(author, data: bytes, name: str = "set.jsonl", **more) -> ImportJob:
    key = more.pop("idempotency_key", uuid.uuid4().hex)
    return uploading.upload(name=name, chunks=[data], author=author, idempotency_key=key, **more)


def checked(author, data: bytes, name: str = "set.jsonl", **more) -> ImportJob:
    job = worked(sent(author, data, name, **more))
    assert job.state == "ready", job.failure_message
    return job


def imported(job: ImportJob) -> ImportJob:
    queueing.confirm(job)
    return worked(job)


def test_a_check_writes_no_example(author):
    job = checked(author, lines(("How do I print?", FENCE)))

    assert reporting.report_of(job).good == 1
    assert not Example.objects.exists()


def test_an_import_makes_a_revision_that_names_its_line(author):
    job = imported(checked(author, lines(("How?", "So it is, by and large."), ("How do I print?", FENCE))))

    revision = Revision.objects.get(example__type="completion")
    assert (job.state, revision.origin) == ("done", f"import:{job.pk}:2")
    assert (revision.author, revision.note) == (author, "imported from set.jsonl")
    assert revision.example.head == revision
    assert (revision.example.import_job, revision.example.label_source) == (job, "import")


def test_importing_in_bulk_writes_what_saving_one_by_one_writes(author, db):
    text = makers.example_text("Both ways", code='rem x\nprint "\n')
    archive = makers_zip({"gui/bulk.md": text})
    imported(checked(author, archive, "set.zip"))
    doc = markdown.parse(text, path="gui/single.md").doc
    assert doc
    authoring.store(
        author=author,
        path="gui/single.md",
        doc=doc,
        text=text,
        note="imported from set.zip",
        labelled="import",
    )

    bulk, single = (
        Example.objects.select_related("head").get(path=f"gui/{n}.md") for n in ("bulk", "single")
    )
    for field in (
        "content_hash",
        "title",
        "type",
        "topic",
        "difficulty",
        "generations",
        "label_verdict",
        "label_source",
    ):
        assert getattr(bulk, field) == getattr(single, field), field
    for field in (
        "number",
        "parent",
        "text",
        "content_hash",
        "author",
        "note",
        "origin",
        "checker",
        "findings",
    ):
        assert getattr(bulk.head, field) == getattr(single.head, field), field


def makers_zip(files: dict[str, str | bytes]) -> bytes:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_changed_file_is_the_next_revision_and_an_unchanged_one_none(author):
    first, second = makers.example_text("First"), makers.example_text("Second")
    imported(checked(author, makers_zip({"gui/a.md": first, "gui/b.md": second}), "one.zip"))

    job = checked(author, makers_zip({"gui/a.md": first, "gui/b.md": first}), "two.zip")
    imported(job)

    head = Example.objects.select_related("head").get(path="gui/b.md").head
    assert head
    assert head.parent
    assert reporting.report_of(job).changes == {"changed": 1, "unchanged": 1}
    assert (head.number, head.parent.number, head.text) == (2, 1, first)
    assert Example.objects.get(path="gui/b.md").title == "First"


def test_a_line_whose_example_was_edited_since_does_not_bring_the_old_text_back(author):
    rows = lines(("How do I print?", FENCE))
    imported(checked(author, rows))
    example = Example.objects.get()
    makers.edited(example, makers.example_text("Edited by a person"))

    job = imported(checked(author, rows, "again.jsonl"))

    assert reporting.report_of(job).changes == {"older": 1}
    assert list(job.problems.values_list("code", flat=True)).count("older-text") == 1
    assert Example.objects.get().title == "Edited by a person"


def test_what_was_saved_since_the_check_is_left_alone(author):
    job = checked(author, makers_zip({"gui/a.md": makers.example_text("From the archive")}), "one.zip")
    mine = makers.example("gui/a.md", makers.example_text("Mine, saved meanwhile"))

    imported(job)

    mine.refresh_from_db()
    assert mine.title == "Mine, saved meanwhile"
    assert reporting.report_of(job).outcomes == {"stale": 1}


def test_what_fits_no_type_is_kept_as_a_conversation(author):
    job = imported(checked(author, lines((f"Mend this.\n\n{FENCE}", FENCE))))

    record = ChatRecord.objects.get()
    assert record.answer == FENCE
    assert record.origin == f"import:{job.pk}:1"
    assert "nothing asks to convert" in record.why
    again = checked(author, lines((f"Mend this.\n\n{FENCE}", FENCE)), "again.jsonl")
    assert reporting.report_of(again).changes == {"unchanged": 1}


def test_every_bad_line_is_listed_with_its_number_and_the_good_ones_are_imported(author):
    data = b"{nope\n" + lines(("How do I print?", FENCE)) + b'{"messages": NaN}\n\xff\n'

    job = imported(checked(author, data))

    found = set(job.problems.filter(severity="error").values_list("line", "code"))
    assert found == {(1, "json"), (3, "json-constant"), (4, "not-utf8")}
    assert Example.objects.count() == 1


def test_the_planted_defects_stand_in_the_report(author):
    planted = chatml_set(SMALL)

    job = checked(author, planted.data)

    counted = {code.code: code.found for code in reporting.report_of(job).codes if code.severity == "defect"}
    expected = {code: len(found) for code, found in planted.defects.items()} | {"repeated-prompt": 5}
    assert counted == expected
    lines, conflicting = planted.repeated[0]
    says = job.problems.get(code="repeated-prompt", item__position=lines[0]).message
    assert f"on lines {', '.join(map(str, lines))}, with {'different' if conflicting else 'the same'}" in says
    groups = ImportProblem.objects.filter(job=job, code="repeated-prompt", conflicting=True)
    assert len(set(groups.values_list("group", flat=True))) == sum(differ for _, differ in planted.repeated)


def test_what_waits_for_a_decision_is_not_imported(author):
    job = imported(checked(author, lines(("How?", "Yes."), ("How do I print?", FENCE))))

    assert Example.objects.count() == 1
    assert reporting.report_of(job).waiting == 1


def test_the_same_key_gives_the_same_import(author):
    first = sent(author, lines(("a", FENCE)), idempotency_key="k")

    assert sent(author, lines(("other", FENCE)), idempotency_key="k") == first
    assert ImportJob.objects.count() == 1


def test_the_same_file_again_gives_the_import_that_is_still_open(author):
    first = sent(author, lines(("a", FENCE)))

    assert sent(author, lines(("a", FENCE))) == first
    working.cancel(first)
    assert not list((uploading.settings.VAR / "imports").glob("*"))
    assert sent(author, lines(("a", FENCE))) != first


@pytest.mark.parametrize("name", ["set.csv", "../../etc/passwd", "set.jsonl.exe", ""])
def test_another_kind_of_file_is_refused(author, name):
    with pytest.raises(uploading.UploadRefused):
        sent(author, b"x", name)

    assert not (uploading.settings.VAR / "imports").exists() or not ImportJob.objects.exists()


def test_an_upload_lies_under_a_name_of_ours_and_is_gone_once_checked(author, settings):
    job = sent(author, lines(("a", FENCE)), "../../evil.jsonl")

    assert job.source_path.startswith(str(settings.VAR / "imports"))
    assert "evil" not in job.source_path
    worked(job)
    assert not list((settings.VAR / "imports").glob("*/upload"))


def test_a_file_over_the_limit_leaves_nothing(author, monkeypatch, settings):
    monkeypatch.setattr(uploading, "LARGEST_UPLOAD_BYTES", 10)

    with pytest.raises(uploading.UploadRefused, match="larger than"):
        sent(author, b"x" * 11)

    assert not list((settings.VAR / "imports").glob("*"))


def test_a_job_is_taken_by_one_worker_only(author):
    job = sent(author, lines(("a", FENCE)))

    assert [bool(queueing.claim(job.pk, f"host:{n}")) for n in range(3)] == [True, False, False]


def test_the_task_may_be_delivered_twice(author):
    job = sent(author, lines(("a", FENCE)))

    tasks.run_import(job.pk)
    tasks.run_import(job.pk)

    job.refresh_from_db()
    assert (job.state, job.items.count()) == ("ready", 1)


def test_a_check_whose_worker_was_lost_starts_anew(author):
    job = sent(author, lines(("a", FENCE), ("b", FENCE)))
    assert queueing.claim(job.pk, "dead:1")
    ImportItem.objects.create(job=job, position=1, name="half written", change="new")
    ImportJob.objects.update(lease_until=Now() - timedelta(seconds=1))

    assert queueing.reap() == [job.pk]
    worked(job)

    assert (job.state, job.items.count()) == ("ready", 2)


def test_after_three_lost_workers_the_job_says_so(author):
    job = sent(author, lines(("a", FENCE)))
    for _ in range(queueing.MOST_ATTEMPTS):
        assert queueing.claim(job.pk, "dead:1")
        ImportJob.objects.update(lease_until=Now() - timedelta(seconds=1))
        queueing.reap()

    job.refresh_from_db()
    assert job.state == "failed"
    assert "lost 3 times" in job.failure_message


def test_who_lost_the_claim_writes_nothing_more(author):
    job = sent(author, lines(("a", FENCE)))
    old = queueing.claim(job.pk, "slow:1")
    assert old
    ImportJob.objects.update(lease_until=Now() - timedelta(seconds=1))
    queueing.reap()
    worked(job)

    with pytest.raises(queueing.LostClaim):
        queueing.move(old, "failed")
    job.refresh_from_db()
    assert job.state == "ready"


def test_a_killed_import_leaves_nothing_half_written(author, monkeypatch):
    job = checked(author, lines(("a", FENCE), (f"Mend this.\n\n{FENCE}", FENCE)))

    def killed(*_):
        raise SystemExit(9)

    monkeypatch.setattr(storing, "_store_records", killed)
    queueing.confirm(job)
    claim = queueing.claim(job.pk, "dead:1")
    assert claim
    with pytest.raises(SystemExit):
        working.carry_out(claim)

    assert not Example.objects.exists()
    assert not ImportItem.objects.exclude(outcome="").exists()
    monkeypatch.undo()
    ImportJob.objects.update(lease_until=Now() - timedelta(seconds=1))
    queueing.reap()
    worked(job)
    assert (Example.objects.count(), ChatRecord.objects.count()) == (1, 1)


def test_a_check_can_be_cancelled_while_it_runs(author, monkeypatch, settings):
    monkeypatch.setattr(queueing, "BEAT_EVERY_S", 0)
    job = sent(author, lines(*((f"prompt {n}", FENCE) for n in range(20))))
    claim = queueing.claim(job.pk, "test:1")
    assert claim
    queueing.request_cancel(job)

    working.carry_out(claim)

    job.refresh_from_db()
    assert (job.state, job.items.count()) == ("cancelled", 0)
    assert not list((settings.VAR / "imports").glob("*/upload"))


def test_a_cancelled_import_writes_nothing_and_can_be_started_again(author, monkeypatch):
    monkeypatch.setattr(queueing, "BEAT_EVERY_S", 0)
    job = checked(author, lines(("a", FENCE)))
    queueing.confirm(job)
    claim = queueing.claim(job.pk, "test:1")
    assert claim
    queueing.request_cancel(job)

    working.carry_out(claim)

    job.refresh_from_db()
    assert job.state == "ready"
    assert not Example.objects.exists()
    assert imported(job).state == "done"


def test_a_mistake_of_ours_is_a_sentence_on_the_job(author, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(checking, "_write", broken)

    job = worked(sent(author, lines(("a", FENCE))))

    assert job.state == "failed"
    assert "The server's log" in job.failure_message


def test_a_lost_message_is_published_again(author, broker):
    job = sent(author, lines(("a", FENCE)))
    ImportJob.objects.update(published_at=timezone.now() - timedelta(minutes=5))

    assert queueing.publish_waiting() == [job.pk]
    assert queueing.publish_waiting() == []


def test_a_double_click_imports_once(author):
    job = checked(author, lines(("a", FENCE)))

    assert [queueing.confirm(job), queueing.confirm(job)] == [True, False]


def test_a_single_markdown_file_needs_a_topic(author):
    text = makers.example_text("Alone")

    with pytest.raises(uploading.UploadRefused, match="topic"):
        sent(author, text.encode(), "alone.md")
    imported(checked(author, text.encode(), "alone.md", topic="gui"))

    assert Example.objects.get().path == "gui/alone.md"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"PK\x05\x06" + b"\0" * 18])
def test_nothing_in_it_is_a_sentence(author, data):
    name = "set.zip" if data.startswith(b"PK") else "set.jsonl"
    if not data:
        with pytest.raises(uploading.UploadRefused, match="empty"):
            sent(author, data, name)
        return

    job = worked(sent(author, data, name))

    assert job.state == "failed"
    assert "nothing in it" in job.failure_message


def test_a_secret_is_a_warning_of_the_report(author):
    job = checked(author, lines(("How do I sign in?", '```bbj\nrem x\npassword$="kW9x-42pq"\n```')))

    assert ("secret", "warning") in job.problems.values_list("code", "severity")
    assert "kW9x" not in str(list(job.problems.values_list("message", "suggestion")))


@given(st.text(max_size=200), st.text(min_size=1, max_size=300))
@example('Convert "x"\n\n```bbj\nprint 1\n```', "```\n\x85\n```")
def test_no_conversation_makes_planning_raise(prompt, answer):
    planned = converting.plan_row(
        ChatRow(1, "", prompt, answer), file="set.jsonl", known=converting.Known({}, frozenset())
    )

    assert planned.kind in ("example", "record")
    assert planned.text or planned.why


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=80) | st.just(lines(("a", FENCE))), max_size=6).map(b"\n".join))
def test_no_file_makes_a_check_fail_by_a_mistake_of_ours(author, data):
    if not data:
        return

    job = worked(sent(author, data))

    assert "studio made a mistake" not in job.failure_message
    assert job.state == "ready" or "nothing in it" in job.failure_message
