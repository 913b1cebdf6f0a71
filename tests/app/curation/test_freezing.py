"""Freezing by a worker: claimed once, told about, stopped without a trace, never frozen twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from curation import tasks
from curation.models import AuditEntry, FreezeJob, Snapshot
from curation.services import auditing, freezing, gating, planning, snapshotting
from curation.services.freezing import Wish
from curation.services.selecting import EVERYTHING, Selection
from tests import makers

pytestmark = pytest.mark.django_db
ANYHOW = {gating.ANY: "a test"}


@pytest.fixture(autouse=True)
def _much(monkeypatch):
    """Two examples are more than anybody waits for."""
    monkeypatch.setattr(freezing, "AT_ONCE", 1)
    makers.approved("gui/a.md")
    makers.approved("gui/b.md")


def asked(by, key: str = "", selection: Selection = EVERYTHING, **wish) -> FreezeJob:
    wish = {"name": "v1", "waivers": ANYHOW, **wish}
    return freezing.request(
        selection=selection, general_per_mille=0, wish=Wish(**wish), by=by, idempotency_key=key
    )


def looked(by, **wish) -> FreezeJob:
    return worked(asked(by, waivers={}, looks_only=True, **wish))


def worked(job: FreezeJob) -> FreezeJob:
    tasks.freeze_versions()
    job.refresh_from_db()
    return job


def test_few_texts_need_no_worker_and_many_or_a_large_studio_do(monkeypatch):
    assert freezing.is_quick(Selection(path="gui/a"))
    assert not freezing.is_quick(EVERYTHING)

    monkeypatch.setattr(freezing, "BESIDE", 1)

    assert not freezing.is_quick(Selection(path="gui/a"))


def test_a_worker_freezes_it_once_and_the_log_knows_for_whom(maintainer):
    job = asked(maintainer)
    assert (job.state, Snapshot.objects.count()) == ("queued", 0)

    with auditing.door("worker"):
        worked(worked(job))

    version = Snapshot.objects.get()
    assert (job.state, job.snapshot, job.is_new, job.attempt) == ("done", version, True, 1)
    assert (version.name, version.created_by, version.entries.count()) == ("v1", maintainer, 2)
    assert [gate["waiver"]["by"] for gate in version.report["gates"] if gate["waiver"]]
    entry = AuditEntry.objects.get(action="snapshot.freeze")
    assert (entry.actor, entry.through) == (maintainer, "worker")


def test_a_second_click_gives_the_first_job_and_another_wish_another_one(maintainer):
    first = asked(maintainer, "key")

    assert asked(maintainer, "key") == first
    assert asked(maintainer, "key", name="v2") != first
    assert asked(maintainer) != first
    assert AuditEntry.objects.filter(action="freezing.ask").count() == 3


def test_looking_freezes_nothing_and_what_was_seen_is_frozen_then(maintainer):
    job = looked(maintainer)

    assert (job.state, Snapshot.objects.count()) == ("checked", 0)
    assert [gate.code for gate in freezing.gates_of(job).open_warnings] == ["coverage", "split"]
    assert freezing.again(job, wish=Wish(name="v1", waivers=ANYHOW, seen=job.digest), by=maintainer)
    assert not freezing.again(job, wish=Wish(name="v1", waivers=ANYHOW, seen=job.digest), by=maintainer)
    worked(job)
    assert (job.state, Snapshot.objects.get().digest) == ("done", job.digest)


def test_what_is_known_to_be_in_the_way_is_said_at_once(maintainer):
    makers.snapshot("old", examples=0)
    makers.approved()
    job = looked(maintainer)

    with pytest.raises(snapshotting.WarningsOpen, match="coverage"):
        freezing.again(job, wish=wish_as_seen(job, waivers={}), by=maintainer)
    with pytest.raises(snapshotting.NameTaken):
        freezing.again(job, wish=wish_as_seen(job, name="old"), by=maintainer)

    assert FreezeJob.objects.get().state == "checked"


def wish_as_seen(job: FreezeJob, **wish) -> Wish:
    return Wish(**{"name": "v1", "waivers": ANYHOW, "seen": job.digest, **wish})


def test_what_blocks_is_told_with_its_offenders(maintainer):
    makers.approved("gui/empty.md", makers.example_text(type="comprehension").split("## Explanation")[0])

    job = worked(asked(maintainer))

    assert (job.state, job.failure_code, Snapshot.objects.count()) == ("checked", "refused", 0)
    assert "gui/empty.md" in freezing.gates_of(job).blocking[0].offenders[0]
    with pytest.raises(snapshotting.FreezeRefused, match=r"gui/empty\.md"):
        freezing.again(job, wish=wish_as_seen(job), by=maintainer)


def test_what_changed_since_somebody_looked_is_not_frozen_and_shown_anew(maintainer):
    job = looked(maintainer)
    before = job.digest
    makers.approved("gui/c.md")

    freezing.again(job, wish=wish_as_seen(job), by=maintainer)
    worked(job)

    assert (job.state, job.failure_code, Snapshot.objects.count()) == ("checked", "changed", 0)
    assert job.digest != before


def test_a_version_that_holds_the_same_is_the_answer(maintainer):
    version = makers.freeze(name="old", author=maintainer)

    job = worked(asked(maintainer))

    assert (job.state, job.snapshot, job.is_new) == ("done", version, False)


# Stopping, losing, trying again


@pytest.mark.parametrize("moment", ["plan_snapshot", "waived"])
def test_who_is_stopped_leaves_nothing(maintainer, monkeypatch, moment):
    job, real = asked(maintainer), getattr(snapshotting, moment)

    def stop_first(*arguments, **named):
        freezing.cancel(job, by=maintainer)
        return real(*arguments, **named)

    monkeypatch.setattr(snapshotting, moment, stop_first)
    worked(job)

    assert (job.state, Snapshot.objects.count()) == ("cancelled", 0)
    monkeypatch.undo()
    assert freezing.again(job, wish=Wish(name="v1", waivers=ANYHOW), by=maintainer)
    assert worked(job).state == "done"


def test_who_has_lost_the_claim_freezes_nothing_and_who_has_it_once(maintainer, monkeypatch):
    job, real = asked(maintainer), planning.is_present

    def fall_asleep(*arguments, **named):
        """Long enough for another process to take the job, and to end it."""
        monkeypatch.setattr(planning, "is_present", real)
        FreezeJob.objects.update(lease_until=Now() - timedelta(seconds=1))
        assert freezing.carry_out(job.pk)
        return real(*arguments, **named)

    monkeypatch.setattr(planning, "is_present", fall_asleep)
    assert not freezing.carry_out(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempt, job.fence, job.is_new) == ("done", 2, 2, True)
    assert Snapshot.objects.count() == 1


def test_a_claim_that_is_lost_while_the_rows_are_written_undoes_them(maintainer, monkeypatch):
    job, real = asked(maintainer), snapshotting._write

    def write(*arguments):
        version = real(*arguments)
        FreezeJob.objects.update(fence=F("fence") + 1)
        return version

    monkeypatch.setattr(snapshotting, "_write", write)
    assert not freezing.carry_out(job.pk)

    assert Snapshot.objects.count() == 0


def test_a_worker_that_is_lost_is_replaced_up_to_three_times(maintainer):
    job = asked(maintainer)
    assert not FreezeJob.objects.filter(state="running").exists()

    FreezeJob.objects.update(state="running", attempt=1, lease_until=Now() + timedelta(seconds=60))
    assert not freezing.carry_out(job.pk)
    FreezeJob.objects.update(attempt=freezing.MOST_ATTEMPTS, lease_until=Now() - timedelta(seconds=1))
    worked(job)

    assert (job.state, job.failure_code, Snapshot.objects.count()) == ("failed", "lost", 0)
    assert freezing.again(job, wish=Wish(name="v1", waivers=ANYHOW), by=maintainer)
    assert worked(job).state == "done"


@pytest.mark.parametrize(
    ("error", "left"), [(OperationalError("locked"), ("running", "")), (KeyError("x"), ("failed", "bug"))]
)
def test_a_busy_database_is_tried_again_and_a_mistake_of_ours_is_said(maintainer, monkeypatch, error, left):
    def fail(**_):
        raise error

    job = asked(maintainer)
    monkeypatch.setattr(snapshotting, "plan_snapshot", fail)
    worked(job)

    assert (job.state, job.failure_code, Snapshot.objects.count()) == (*left, 0)


# Telling


def test_planning_tells_each_stage_and_how_far_it_is():
    told: list[tuple[str, int, int]] = []
    makers.snapshot("old", examples=1)

    planning.plan_snapshot(tell=lambda *what: told.append(what))

    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "choosing the texts",
        "reading the texts",
        "comparing the text of what is new",
        "reading earlier versions",
        "looking for leaks",
        "checking who approved them",
        "writing down what would be in it",
    ]
    assert [what for what in told if what[0] == "reading the texts"] == [
        ("reading the texts", n, 3) for n in range(3)
    ]


def test_the_row_is_written_once_a_stage_and_second_and_not_for_each_text(maintainer):
    job = asked(maintainer)
    FreezeJob.objects.update(state="running")
    worker = freezing._Worker(job)

    with CaptureQueriesContext(connection) as queries:
        for stage in ("reading the texts", "looking for leaks"):
            for n in range(1000):
                worker.tell(stage, n, 1000)

    assert len(queries) == 2
    job.refresh_from_db()
    assert (job.stage, job.done, job.total) == ("looking for leaks", 0, 1000)
