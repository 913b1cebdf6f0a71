"""Freezing by a program: look at the plan, waive what it warns of, freeze what was seen."""

from __future__ import annotations

import pytest

from curation import tasks
from curation.models import FreezeJob, Snapshot
from curation.services import freezing
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_a_program_looks_at_a_selection_waives_its_warnings_and_freezes_it(program):
    makers.approved("gui/a.md")
    makers.approved("strings/b.md")
    client = program("maintainer", "snapshots:read", "snapshots:write")

    plan = client.get("/snapshot-plan?topic=gui&conversations=false").json()
    asked = {"name": "v1", "topic": "gui", "conversations": False, "seen": plan["digest"]}
    refused = client.post("/snapshots", asked)
    waivers = dict.fromkeys(plan["to_waive"], "a first version")
    frozen = client.post("/snapshots", {**asked, "waivers": waivers})
    again = client.post("/snapshots", asked)

    assert (plan["may_freeze"], plan["to_waive"]) == (True, ["coverage", "split"])
    assert refused.status_code == 409
    assert "Nobody has said why" in refused.json()["detail"]
    assert (frozen.status_code, again.status_code) == (201, 200)
    body = frozen.json()
    assert body["digest"] == plan["digest"]
    assert {one["code"]: one["waiver"]["reason"] for one in body["gates"] if one["waiver"]} == waivers
    assert body["leaks"]["task_set"] == ""
    assert [row["train"] + row["validation"] for row in body["strata"]] == [1]


def test_a_plan_that_is_old_and_a_gate_that_blocks_are_refused(program):
    makers.approved("gui/a.md")
    client = program("maintainer", "snapshots:read", "snapshots:write")
    old = client.get("/snapshot-plan").json()["digest"]
    makers.approved("gui/b.md")

    changed = client.post("/snapshots", {"name": "v1", "seen": old, "waivers": {"*": "fine"}})
    blocked = client.post("/snapshots", {"name": "v1", "waivers": {"leak": "fine"}})

    assert (changed.status_code, blocked.status_code) == (409, 409)
    assert "has changed since you looked" in changed.json()["detail"]
    assert "cannot be waived" in blocked.json()["detail"]


@pytest.fixture
def many(monkeypatch):
    """More than a program waits for."""
    monkeypatch.setattr(freezing, "AT_ONCE", 1)
    makers.approved("gui/a.md")
    makers.approved("gui/b.md")


def test_many_texts_are_frozen_by_a_worker_whose_job_is_the_answer(program, many):
    client = program("maintainer", "snapshots:read", "snapshots:write")
    asked = {"name": "v1", "waivers": {"*": "a first version"}}

    first = client.post("/snapshots", asked, idempotency_key="one")
    again = client.post("/snapshots", asked, idempotency_key="one")
    tasks.freeze_versions()
    done = client.get(first["Location"]).json()

    assert (first.status_code, first.json()["state"]) == (202, "queued")
    assert again.json()["id"] == first.json()["id"] == FreezeJob.objects.get().pk
    assert (done["state"], done["snapshot"]) == ("done", Snapshot.objects.get().pk)
    assert [job["id"] for job in client.get("/freeze-jobs").json()["items"]] == [done["id"]]


def test_a_program_has_a_worker_look_and_freezes_what_it_saw(program, many):
    client = program("maintainer", "snapshots:read", "snapshots:write")

    too_many = client.get("/snapshot-plan?topic=gui")
    looking = client.post("/freeze-jobs", {"topic": "gui"})
    tasks.freeze_versions()
    plan = client.get(looking["Location"]).json()["plan"]
    asked = {"name": "v1", "topic": "gui", "seen": plan["digest"]}
    frozen = client.post("/snapshots", {**asked, "waivers": dict.fromkeys(plan["to_waive"], "a first one")})
    tasks.freeze_versions()

    assert (too_many.status_code, "/freeze-jobs" in too_many.json()["detail"]) == (409, True)
    assert (looking.status_code, plan["may_freeze"], plan["to_waive"]) == (202, True, ["coverage", "split"])
    assert client.get(frozen["Location"]).json()["state"] == "done"
    assert Snapshot.objects.get().digest == plan["digest"]


def test_a_program_stops_a_job(program, many):
    client = program("maintainer", "snapshots:read", "snapshots:write")
    job = client.post("/snapshots", {"name": "v1"}).json()

    stopped = client.post(f"/freeze-jobs/{job['id']}/cancel").json()
    tasks.freeze_versions()

    assert (stopped["state"], Snapshot.objects.exists()) == ("cancelled", False)
