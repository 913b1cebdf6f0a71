"""General code beside BBj, and one of raw programs that are alike: what a version takes of them."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from curation.domain import snapshot
from curation.models import GeneralExample, SnapshotGeneral
from curation.services import (
    borrowing,
    exporting,
    gathering,
    importing,
    snapshotting,
    source_files,
    stocking,
    thinning,
)
from curation.services.deduplicating import Compared
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TERMS = gathering.Terms("MIT", "a public set")


def lines(*rows: dict | str) -> list[bytes]:
    return [(row if isinstance(row, str) else json.dumps(row)).encode() + b"\n" for row in rows]


def gate(plan: snapshotting.SnapshotPlan, code: str) -> dict:
    return next(gate.as_dict() for gate in plan.gates.gates if gate.code == code)


def asked(n: int) -> dict:
    return {"prompt": f"Question {n}: how is a list reversed?", "completion": f"values_{n}[::-1]"}


def test_good_lines_go_in_together_and_every_problem_is_told(maintainer):
    given = lines(asked(1), "{", {"messages": []}, asked(2), {**asked(1), "id": 4})

    added = borrowing.add(given, name="x.jsonl", on=TERMS, author=maintainer)
    again = borrowing.add(lines(asked(2)), name="x.jsonl", on=TERMS, author=maintainer)

    assert added.counts == {"new": 2, "same": 1, "refused": 2}
    assert [(p.line, p.code) for p in added.problems] == [(2, "json"), (3, "row-shape"), (5, "same-example")]
    assert again.counts == {"new": 0, "same": 1, "refused": 0}
    assert set(GeneralExample.objects.values_list("licence", "source", "author__username")) == {
        ("MIT", "a public set", maintainer.username)
    }


def test_a_line_close_to_a_test_task_is_not_let_in(maintainer, tmp_path):
    task = makers.example_text("Locked task")
    makers.put(tmp_path, "tasks/holdout/locked.md", task)
    importing.import_tasks(tmp_path)

    added = borrowing.add(
        lines({"prompt": "Locked task", "completion": task}), name="x.jsonl", on=TERMS, author=maintainer
    )

    assert added.counts["refused"] == 1
    assert "test task holdout/locked.md" in added.problems[0].message


def test_an_empty_file_is_one_sentence(maintainer):
    with pytest.raises(gathering.CorpusRefused, match="there is no line in it"):
        borrowing.add([b"\n \n"], name="x.jsonl", on=TERMS, author=maintainer)


def test_a_share_of_general_code_is_trained_on_and_named(maintainer, tmp_path):
    for _ in range(4):
        makers.approved()
    for n in range(9):
        makers.general_example(f"Question {n}?")

    plain = makers.freeze(name="plain", author=maintainer, validation_per_mille=0)
    mixed = makers.freeze(name="mixed", author=maintainer, validation_per_mille=0, general_per_mille=200)

    assert "general" not in snapshotting.manifest_of(plain)
    (entry,) = snapshotting.manifest_of(mixed)["general"]
    assert (entry["split"], entry["licence"], entry["source"]) == ("train", "MIT", "a public set")
    assert entry["path"] == SnapshotGeneral.objects.get().example.path
    assert snapshotting.manifest_of(mixed)["policy"]["general_per_mille"] == 200
    assert snapshot.licences(snapshotting.manifest_of(mixed)) == {"general": {"MIT": 1}}
    folder = exporting.export_snapshot(mixed, tmp_path / "out")
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    assert len(rows) == 5
    assert rows[-1]["prompt"][0]["content"] == "You are an expert programmer."
    assert "| general code | 1 | 0 |" in (folder / "README.md").read_text()


def test_more_bbj_adds_general_code_and_takes_none_away(maintainer):
    for n in range(12):
        makers.general_example(f"Question {n}?")
    held = []
    for _ in range(3):
        makers.approved()
        plan = snapshotting.plan_snapshot(validation_per_mille=0, general_per_mille=500)
        held.append({one.path for one in plan.general})

    assert [len(paths) for paths in held] == [1, 2, 3]
    assert held[0] < held[1] < held[2]


def test_too_little_general_code_is_a_note(maintainer):
    for _ in range(3):
        makers.approved()
    makers.general_example("The only question?")

    found = gate(snapshotting.plan_snapshot(validation_per_mille=0, general_per_mille=500), "general-share")

    assert (found["passed"], found["blocking"]) == (False, False)
    says = "500 in a thousand would be 3 rows of general code beside 3 others; there are 1."
    assert says in found["finding"]


def test_general_code_close_to_what_validates_blocks(maintainer):
    example = makers.approved()
    assert example.head
    makers.general_example("Copied?", example.head.text)
    makers.approved()

    for seed in range(40):  # the copied text validates, and the other one is trained on
        plan = snapshotting.plan_snapshot(seed=seed, validation_per_mille=500, general_per_mille=500)
        if plan.splits == ("validation", "train"):
            break

    assert not gate(plan, "leak")["passed"]
    assert example.path in gate(plan, "leak")["offenders"][0]


def test_a_source_that_is_taken_out_is_in_no_version_until_it_is_put_back(maintainer):
    makers.approved()
    makers.general_example("A question?", source="old set")

    def taken() -> int:
        return len(snapshotting.plan_snapshot(validation_per_mille=0, general_per_mille=500).general)

    borrowing.choose(source="old set", included=False, by=maintainer, reason="The licence was wrong.")
    (source,) = borrowing.sources()
    assert source.choice
    assert (taken(), source.included, source.choice.reason) == (0, False, "The licence was wrong.")
    borrowing.choose(source="old set", included=True, by=maintainer, reason="It was right.")
    assert taken() == 1

    for name, included, reason, says in (
        ("old set", True, "again", "is so already"),
        ("old set", False, " ", "Say why"),
        ("nowhere", False, "x", "No general code came from"),
    ):
        with pytest.raises(stocking.StockRefused, match=says):
            borrowing.choose(source=name, included=included, by=maintainer, reason=reason)


def test_the_command_brings_a_file_in(tmp_path, capsys):
    file = makers.put(tmp_path, "x.jsonl", b"".join(lines(asked(1), "{")))

    with pytest.raises(SystemExit):
        call_command("import_general", file, licence="mit", source="a set", dry_run=True)
    assert not GeneralExample.objects.exists()
    with pytest.raises(SystemExit):
        call_command("import_general", file, licence="mit", source="a set", json=True)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_general", tmp_path / "nothing.jsonl", licence="mit", source="a set")

    printed = capsys.readouterr().out
    assert "x.jsonl:2: error: Not JSON" in printed
    assert "2 lines: 1 would be added, 0 there already, 1 refused." in printed
    assert GeneralExample.objects.get().licence == "MIT"


def test_of_raw_programs_that_are_alike_the_longer_is_taken_and_named(maintainer):
    makers.approved()
    text = makers.program("Sales report by region")
    short, long = f"{text}rem one\n", f"{text}rem one and two\n"
    files = [source_files.SourceFile(name, t.encode()) for name, t in (("a.bbj", short), ("b.bbj", long))]
    gathering.add(files, TERMS, author=maintainer)
    makers.raw_program("c.bbj")

    plan = snapshotting.plan_snapshot()
    frozen = makers.freeze(name="v1", author=maintainer)

    assert [one.path for one in plan.chosen.corpus] == ["b.bbj", "c.bbj"]
    found = gate(plan, "corpus-duplicates")
    assert (found["passed"], found["offenders"]) == (True, ["corpus/a.bbj is left out for corpus/b.bbj"])
    assert [entry["path"] for entry in snapshotting.manifest_of(frozen)["corpus"]] == ["b.bbj", "c.bbj"]


def test_a_longer_program_that_replaces_one_keeps_its_side(maintainer):
    makers.approved()
    text = makers.program("Sales report by region")
    makers.raw_program("a.bbj", text)
    first = makers.freeze(name="v1", author=maintainer)
    for n in range(6):
        makers.raw_program(f"b{n}.bbj", text + "rem longer\n" * (n + 1))

    second = makers.freeze(name="v2", author=maintainer)

    (before,), (after,) = (snapshotting.manifest_of(one)["corpus"] for one in (first, second))
    assert (before["path"], after["path"]) == ("a.bbj", "b5.bbj")
    assert (before["cluster"], before["split"]) == (after["cluster"], after["split"])


def test_of_a_chain_those_that_are_not_alike_are_all_taken():
    words = [f"word{n:03d}" for n in range(100)]
    texts = [" ".join(words[start : start + 60]) for start in (0, 6, 12)]
    items = [Compared(f"{n}.bbj", str(n), text, ()) for n, text in enumerate(texts)]

    assert thinning.left_out(items, ["one"] * 3, {0: 0, 1: 1, 2: 2}) == {1: 0}
    assert thinning.left_out(items, ["one"] * 3, {0: 2, 1: 0, 2: 1}) == {0: 1, 2: 1}
    assert thinning.left_out(items, ["a", "b", "c"], {0: 0, 1: 1, 2: 2}) == {}
