"""`manage.py bench duplicates`, with few texts. No figure is judged."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from studio.benchmarks import duplicates, duplicates_million


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(duplicates, "ALL_PAIRS_TEXTS", 60)
    monkeypatch.setattr(duplicates, "SAMPLED_TEXTS", 80)
    monkeypatch.setattr(duplicates, "SAMPLED_ROWS", 20)
    monkeypatch.setattr(duplicates, "SIZES", (40, 80))
    monkeypatch.setattr(duplicates, "QUERIES", 5)
    monkeypatch.setattr(duplicates, "EDITED_TEXTS", 60)
    monkeypatch.setattr(duplicates, "EDITS", 20)
    monkeypatch.setattr(duplicates, "CLUSTER", 10)
    monkeypatch.setattr(duplicates, "SHARED_TEXTS", 60)
    monkeypatch.setattr(duplicates_million, "TEXTS", 80)


@pytest.mark.usefixtures("small")
def test_the_json_holds_every_figure_and_the_pairs_are_the_same():
    out = io.StringIO()

    call_command("bench", "duplicates", "--json", stdout=out)

    report = json.loads(out.getvalue())
    assert [row["same"] for row in report["all_pairs"]["rows"]] == ["yes"] * 5
    assert {row["way"] for row in report["sizes"]["rows"]} == {"exact", "likely"}
    assert report["sizes"]["growth_exact_0.9"] > 0
    assert [row["threshold"] for row in report["queries"]["rows"]] == [0.9, 0.85]
    assert report["edits"]["rows"][0]["same"] == "yes"
    assert [row["pairs"] for row in report["clusters"]["rows"]] == [9, 45, 9]
    assert report["processes"]["rows"][0]["pairs"] == report["processes"]["rows"][1]["pairs"]


@pytest.mark.usefixtures("small")
def test_a_million_texts_are_measured_by_themselves(capfd):
    call_command("bench", "duplicates_million")

    assert "find_likely_pairs() among 80 texts" in capfd.readouterr().out
