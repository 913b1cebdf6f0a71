from __future__ import annotations

import json
import shutil
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from curation.models import Example, Revision, Snapshot
from tests import makers
from tests.chatml_set import SMALL, chatml_set

pytestmark = pytest.mark.one_database


def call(*words: Any) -> tuple[int, str]:
    """Exit code and output, as in a shell; a CommandError is one sentence and exit code 1 there."""
    out = StringIO()
    try:
        call_command(*map(str, words), stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_importing_a_folder(training_data, db):
    code, said = call("import_examples", training_data)

    assert (code, Example.objects.count()) == (0, 2)
    assert "2 files: 2 created" in said
    assert set(Revision.objects.values_list("author__username", flat=True)) == {"command-line"}


def test_a_dry_run_writes_nothing(training_data, db):
    code, said = call("import_examples", training_data, "--dry-run", "--json")

    assert (code, json.loads(said)["created"]) == (0, 2)
    assert not Example.objects.exists()


def test_a_refused_file_is_reported_with_its_place_and_exit_code_1(training_data, db):
    makers.put(
        training_data, "gui/bad.md", makers.example_text().replace("generation: all", "generation: bbj_gui")
    )

    code, said = call("import_examples", training_data, "--json")

    report = json.loads(said)
    assert (code, report["ok"], report["files"], report["created"]) == (1, False, 3, 2)
    problem = next(p for p in report["problems"] if p["severity"] == "error")
    assert (problem["file"], problem["line"]) == ("gui/bad.md", 4)
    assert set(problem) == {"file", "line", "code", "severity", "message", "suggestion", "field"}


def test_importing_a_chatml_file_says_what_waits(tmp_path, db):
    planted = chatml_set(SMALL)
    file = makers.put(tmp_path, "bbjllm.jsonl", planted.data)

    code, said = call("import_examples", file, "--json")

    report = json.loads(said)
    waiting = 90 - report["created"]
    assert (code, report["files"], report["waiting"]) == (0, 90, waiting)
    assert report["created"] == Example.objects.count() == 63
    found = [problem["code"] for problem in report["problems"]]
    assert {code: found.count(code) for code in planted.defects} == {
        code: len(lines) for code, lines in planted.defects.items()
    }
    assert file.exists()
    assert f"{waiting} wait for a decision" in call("import_examples", file, "--dry-run")[1]


def test_a_dry_run_counts_what_an_import_would_write(tmp_path, db):
    file = makers.put(tmp_path, "bbjllm.jsonl", chatml_set(SMALL).data)

    dry = json.loads(call("import_examples", file, "--dry-run", "--json")[1])
    wet = json.loads(call("import_examples", file, "--json")[1])

    assert (dry["created"], dry["waiting"]) == (wet["created"], wet["waiting"]) == (63, 27)


@pytest.mark.parametrize("pack", ["zip", "gztar"])
def test_importing_an_archive(training_data, tmp_path, db, pack):
    archive = shutil.make_archive(str(tmp_path / "set"), pack, training_data.parent, training_data.name)

    code, said = call("import_examples", archive)

    assert (code, Example.objects.count()) == (0, 2)
    assert "2 files: 2 created" in said


def test_a_broken_archive_is_one_sentence(tmp_path, db):
    code, said = call("import_examples", makers.put(tmp_path, "set.zip", b"PK\x03\x04"))

    assert code == 1
    assert "archive" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("import_examples", "nowhere"),
        ("check_examples", "nowhere"),
        ("find_duplicates", "nowhere"),
        ("build_snapshot", "v1"),
        ("build_snapshot", "a b"),
        ("build_snapshot", "v1", "--seed", "-1"),
        ("export_snapshot", "v1", "--to", "nowhere"),
        ("import_examples", ".", "--author", "nobody"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_1(db, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)

    code, said = call(*words)

    assert code == 1
    assert said
    assert "\n" not in said
    assert not Snapshot.objects.exists()
    assert not list(tmp_path.iterdir())


def test_checking_needs_no_database(training_data):
    code, said = call("check_examples", training_data, "--json")

    assert (code, json.loads(said)["files"]) == (0, 2)


def test_checking_says_all_errors(training_data):
    makers.put(training_data, "gui/bad.md", makers.example_text().replace("type: completion", "type: none"))

    code, said = call("check_examples", training_data)

    assert code == 1
    assert "gui/bad.md:3: error: " in said


def test_checking_says_where_the_code_contradicts_the_label(training_data):
    makers.put(training_data, "dwc/odd.md", makers.example_text(code="rem x\nprint 'CS'\n", generation="dwc"))

    code, said = call("check_examples", training_data)

    assert code == 0
    assert "dwc/odd.md:4: warning: generation: dwc is written, but print 'CS' in line 13 speaks for" in said


def test_labelling_an_example_compares_the_code_with_the_persons_label(training_data):
    makers.put(training_data, "dwc/odd.md", makers.example_text(code="rem x\nprint 'CS'\n", generation="dwc"))

    code, said = call("label_generation", training_data, "--json")
    _, text = call("label_generation", training_data)

    report = json.loads(said)
    (example,) = [row for row in report["examples"] if row["file"].endswith("dwc/odd.md")]
    (program,) = [row for row in report["suggestions"] if row["file"].endswith("dwc/odd.md")]
    assert (code, example["verdict"]) == (0, "differs")
    assert example["parts"] == [
        {
            "field": "generation",
            "part": "",
            "label": ["dwc"],
            "suggested": ["character"],
            "verdict": "differs",
        }
    ]
    assert [(e["line"], e["column"], e["end_column"], e["text"]) for e in program["evidence"]] == [
        (13, 7, 11, "'CS'")
    ]
    assert "dwc/odd.md: generation: dwc: differs" in text


def test_labelling_says_nothing_about_the_label_of_a_plain_program(tmp_path):
    makers.put(tmp_path, "a.bbj", "print 'CS'\n")

    code, said = call("label_generation", tmp_path / "a.bbj", "--json")

    assert (code, json.loads(said)["examples"]) == (0, [])


def test_duplicates_of_a_folder_and_of_the_database(training_data, db):
    makers.put(training_data, "oop/copy.md", (training_data / "gui/first.md").read_text())
    call("import_examples", training_data)

    for words in ((training_data,), ()):
        code, said = call("find_duplicates", *words, "--json")

        pairs = json.loads(said)["pairs"]
        assert (code, [(p["a"], p["b"], p["score"]) for p in pairs]) == (
            0,
            [("gui/first.md", "oop/copy.md", 1.0)],
        )


def test_freezing_and_exporting(db, tmp_path):
    makers.approved()

    refused, warnings = call("build_snapshot", "v1")
    code, said = call("build_snapshot", "v1", "--json", "--waive", "*=a test", "--waive", "coverage=small")
    frozen = json.loads(said)
    again = json.loads(call("build_snapshot", "v2", "--json")[1])
    exported, _ = call("export_snapshot", frozen["digest"][:12], "--to", tmp_path / "out")

    assert refused == 1
    assert "Coverage (coverage): Of 16 kinds there are fewer than 5 examples" in warnings
    assert (code, frozen["ok"], frozen["new"]) == (0, True, True)
    assert {g["code"]: g["waiver"]["reason"] for g in frozen["gates"] if g["waiver"]} == {
        "coverage": "small",
        "split": "a test",
    }
    assert (again["name"], again["new"]) == ("v1", False)
    assert exported == 0
    assert (tmp_path / "out" / "train.jsonl").is_file()


def test_exporting_approved_examples_only(db, tmp_path):
    approved = makers.approved()
    makers.example()

    code, _ = call("export_examples", "--to", tmp_path / "out", "--status", "approved")

    files = [str(f.relative_to(tmp_path / "out")) for f in (tmp_path / "out").rglob("*.md")]
    assert (code, files) == (0, [approved.path])
