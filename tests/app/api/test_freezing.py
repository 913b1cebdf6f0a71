"""Freezing by a program: look at the plan, waive what it warns of, freeze what was seen."""

from __future__ import annotations

import pytest

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
