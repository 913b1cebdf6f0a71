"""`manage.py bench bbj`, with texts small enough for a test. No figure is judged."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rich.console import Console

from curation.models import Example, ImportJob
from studio.benchmarks import bbj, imports, snapshots, web
from studio.benchmarks.measuring import Table
from studio.management.commands.bench import _show

pytestmark = pytest.mark.one_database


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(bbj, "LINES", (50, 100))
    monkeypatch.setattr(bbj, "LARGEST_CHARS", 5_000)
    monkeypatch.setattr(bbj, "HARD_CHARS", (500, 1_000))
    monkeypatch.setattr(bbj, "SNIPPETS", 4)
    monkeypatch.setattr(bbj, "SINGLE_CALLS", 2)
    monkeypatch.setattr(bbj, "JVM_START_S", 0)


@pytest.mark.usefixtures("small")
def test_the_json_holds_every_figure_under_its_name():
    out = io.StringIO()

    call_command("bench", "bbj", "--json", stdout=out)

    report = json.loads(out.getvalue())
    assert report["subject"] == "bbj"
    assert [row["lines"] for row in report["sizes"]["rows"]][:2] == [50, 100]
    assert report["sizes"]["growth_exponent"] is not None
    assert [row["function"] for row in report["functions"]["rows"]] == [
        "lex()",
        "check()",
        "suggest_generation()",
    ]
    assert {"text", "at_500", "at_1000"} == set(report["hard_texts"]["rows"][0])
    assert report["batches"]["rows"][0]["accepted"] == 4
    assert "STUB" in report["batches"]["title"]
    assert "simulated" in report["batches"]["note"]


@pytest.mark.usefixtures("small")
def test_the_same_is_shown_as_tables(capfd):
    call_command("bench", "bbj")

    shown = capfd.readouterr().out
    assert "check() against size" in shown
    assert "only quotes" in shown
    assert "STUB" in shown


@pytest.mark.parametrize("more", [0, 2, 8])
def test_no_figure_is_cut_on_a_narrow_terminal(more):
    row: dict[str, Any] = {
        "of": "stage 1: CPU seconds to the first step",
        "spread": "0.995 to 1.04",
        "limit": "at least 0.97",
    }
    row |= {f"c{n}": 12345.67 for n in range(more)}
    out = io.StringIO()

    _show(Table("t", "Title", {key: f"a {key}" for key in row}, [row]), Console(file=out, width=80))

    assert "0.995 to 1.04" in out.getvalue()
    assert "at least 0.97" in out.getvalue()
    assert out.getvalue().count("12,345.67") == more
    assert "…" not in out.getvalue()


@pytest.mark.slow(8)
def test_imports_are_measured_in_a_studio_of_their_own(monkeypatch, db):
    monkeypatch.setattr(imports, "CHATML_LINES", (10, 20))
    monkeypatch.setattr(imports, "MARKDOWN_FILES", (5, 10))
    out = io.StringIO()

    call_command("bench", "imports", "--json", stdout=out)

    report = json.loads(out.getvalue())
    assert [row["stored"] for row in report["chatml"]["rows"]] == [10, 20]
    assert [row["stored"] for row in report["markdown"]["rows"]] == [5, 10]
    assert report["chatml"]["rows"][0]["check_cpu_s"] > 0
    assert not ImportJob.objects.exists()


def test_another_subject_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'java'"):
        call_command("bench", "java")


@pytest.mark.slow(8)
def test_pages_are_measured_with_examples_of_their_own_and_reviewers_who_really_review(monkeypatch, db):
    monkeypatch.setattr(web, "EXAMPLES", 60)
    monkeypatch.setattr(web, "TIMES", 3)
    monkeypatch.setattr(web, "REVIEWERS", 2)
    monkeypatch.setattr(web, "VERDICTS_EACH", 2)
    monkeypatch.setattr(web, "PAUSES_S", (0,))
    monkeypatch.setattr(web, "_databases", lambda: [("SQLite", web._sqlite)])
    out = io.StringIO()

    call_command("bench", "web", "--json", stdout=out)

    report = json.loads(out.getvalue())
    assert {"dashboard", "editor", "review"} <= {row["page"] for row in report["pages_sqlite"]["rows"]}
    assert report["reviewers_sqlite_0s"]["verdicts"] == 4
    assert report["reviewers_sqlite_0s"]["errors"] == 0
    assert not Example.objects.exists()


@pytest.mark.slow(6)
def test_versions_are_frozen_exported_and_compared(monkeypatch, db):
    monkeypatch.setattr(snapshots, "SIZES", (60,))
    out = io.StringIO()

    call_command("bench", "snapshots", "--json", stdout=out)

    report = json.loads(out.getvalue())["versions"]
    (row,) = report["rows"]
    assert row["freeze_entries"] == 60
    assert row["diff_changed"] == 3 + 2 + 1  # edited, rejected, new
    assert all(row[f"{step}_peak_mb"] > 20 for step in ("freeze", "export", "diff"))
    assert not Example.objects.exists()
