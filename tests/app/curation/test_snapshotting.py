from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from curation.domain import chatml, markdown
from curation.domain.bbj import CHECK_VERSION
from curation.models import ImmutableRowError, Snapshot, SnapshotEntry
from curation.services import deduplicating, exporting, importing, snapshotting, writing_back
from curation.services.finding import Filters
from curation.services.selecting import Selection
from tests import makers

# What the examples of `golden` below give on every machine. A change means that old versions would export
# differently: give the templates or the manifest a new version first.
GOLDEN_DIGEST = "836796e669c21198883ab3a1ab6e3c9ee8be4850f1954c949e899f85ae077e5c"
GOLDEN_TRAIN = "4024934294cda3316b7b25e9ebdef56af59aa16cd7d1a2703788a32bda235a43"


def gate(name: str) -> dict:
    plan = snapshotting.plan_snapshot()
    return next(gate.as_dict() for gate in plan.gates.gates if gate.code == name)


@pytest.fixture
def golden(db, tmp_path: Path, maintainer: User) -> Snapshot:
    for n in range(6):
        makers.approved(f"strings/golden-{n}.md", makers.example_text(f"Golden {n}"))
    for n in range(3):
        makers.put(tmp_path, f"corpus/program-{n}.bbj", makers.program(f"Program {n}"))
    importing.import_corpus(tmp_path)
    return makers.freeze(name="golden", author=maintainer, seed=13, validation_per_mille=300)


def test_only_approved_texts_are_frozen(maintainer):
    approved = makers.approved()
    makers.example()
    makers.review(makers.example(), "reject")

    frozen = makers.freeze(name="v1", author=maintainer)

    assert list(frozen.entries.values_list("path", "content_hash")) == [
        (approved.path, approved.content_hash)
    ]


def test_nothing_approved_is_one_sentence_and_writes_nothing(maintainer):
    makers.example()

    with pytest.raises(snapshotting.EmptySnapshot, match="No example is approved, and 1 wait for review"):
        makers.freeze(name="v1", author=maintainer)

    assert not Snapshot.objects.exists()


def test_the_same_content_gives_the_version_that_holds_it(maintainer):
    first = makers.snapshot("v1")

    again = makers.freeze(name="v2", author=maintainer)

    assert again == first
    assert Snapshot.objects.count() == 1


def test_going_back_to_old_content_gives_the_old_version(maintainer):
    first = makers.snapshot("v1")
    extra = makers.approved()
    second = makers.freeze(name="v2", author=maintainer)
    makers.review(extra, "reject")

    assert second != first
    assert makers.freeze(name="v3", author=maintainer) == first


def test_a_name_stands_for_one_content(maintainer):
    makers.snapshot("v1")
    makers.approved()

    with pytest.raises(snapshotting.NameTaken):
        makers.freeze(name="v1", author=maintainer)


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 81, "a/b"])
def test_a_name_that_no_file_could_have_is_refused(maintainer, name):
    makers.approved()

    with pytest.raises(snapshotting.FreezeRefused, match="cannot be used"):
        makers.freeze(name=name, author=maintainer)


def test_near_duplicates_stand_on_one_side(maintainer):
    text = makers.example_text("Twin")
    paths = [f"strings/twin-{n}.md" for n in range(8)]
    for n, path in enumerate(paths):
        makers.approved(path, text.replace("## Explanation", f"## Explanation\n\nVariant {n}."))

    frozen = makers.freeze(name="v1", author=maintainer, validation_per_mille=500)

    assert len(set(frozen.entries.values_list("cluster", "split"))) == 1
    assert not gate("near-duplicates")["passed"]
    assert frozen.entries.count() == 8


def test_a_growing_or_edited_cluster_never_changes_sides(maintainer):
    examples = [makers.approved() for _ in range(12)]
    first = makers.freeze(name="v1", author=maintainer, validation_per_mille=500)
    for example in examples[:6]:
        assert example.head
        makers.approved(text=example.head.text.replace("basic", "advanced"))
        makers.review(makers.edited(example, example.head.text.replace("Why", "How") + "\nOne more line.\n"))

    second = makers.freeze(name="v2", author=maintainer, validation_per_mille=500)

    before = dict(first.entries.values_list("path", "split"))
    after = dict(second.entries.values_list("path", "split"))
    assert set(before.values()) == {"train", "validation"}
    assert {path: after[path] for path in before} == before
    assert second.entries.count() == 18


@pytest.fixture
def holdout(tmp_path: Path) -> str:
    task = makers.example_text("Locked task")
    makers.put(tmp_path, "tasks/holdout/locked.md", task)
    importing.import_tasks(tmp_path)
    return task


def test_an_example_close_to_a_test_task_blocks_and_names_both(maintainer, holdout):
    makers.approved("gui/leak.md", holdout.replace("Why", "How"))

    with pytest.raises(snapshotting.HoldoutLeak, match=r"gui/leak\.md and the test task holdout/locked\.md"):
        makers.freeze(name="v1", author=maintainer)

    assert not Snapshot.objects.exists()


def test_the_code_of_a_test_task_under_other_words_blocks(maintainer, holdout):
    copied = makers.example_text(
        "Quite another title", code=makers.program("Locked task").replace("rem ", "REM  ")
    )
    makers.approved("gui/leak.md", copied)

    assert [o.split(":")[0] for o in gate("holdout")["offenders"]] == [
        "gui/leak.md and the test task holdout/locked.md"
    ]


def test_a_raw_program_that_solves_a_test_task_blocks(maintainer, tmp_path):
    makers.approved()
    makers.raw_program("solved.bbj", makers.program("Locked task"))
    makers.put(tmp_path, "tasks/holdout/locked.md", makers.example_text("Locked task"))
    importing.import_tasks(tmp_path)

    with pytest.raises(snapshotting.HoldoutLeak, match=r"corpus/solved\.bbj"):
        makers.freeze(name="v1", author=maintainer)


def test_an_example_without_an_answer_blocks(maintainer):
    text = makers.example_text(type="comprehension").split("## Explanation")[0]
    makers.approved("gui/empty.md", text)

    with pytest.raises(snapshotting.FreezeRefused, match=r"gui/empty\.md"):
        makers.freeze(name="v1", author=maintainer)


def test_a_control_token_in_a_raw_program_blocks(maintainer, monkeypatch):
    makers.approved()
    monkeypatch.setattr(markdown, "check_characters", lambda text, path: [])  # as an older studio let it in
    makers.raw_program("bad.bbj", 'print "<|im_end|>"\n')

    with pytest.raises(
        snapshotting.FreezeRefused, match=r"corpus/bad\.bbj: holds the control token <\|im_end\|>"
    ):
        makers.freeze(name="v1", author=maintainer)


def test_the_report_says_how_close_the_two_sides_are(golden):
    counts = golden.report["counts"]

    assert sum(counts["examples"].values()) == 6
    assert sum(counts["corpus"].values()) == 3
    assert 0 < counts["largest_similarity"] < deduplicating.WHOLE
    assert next(g for g in golden.report["gates"] if g["code"] == "leak")["passed"]


def test_a_version_never_changes(golden):
    with pytest.raises(ImmutableRowError):
        golden.save()
    with pytest.raises(ImmutableRowError):
        SnapshotEntry.objects.all().delete()


def test_the_digest_is_the_hash_of_the_manifest(golden):
    assert snapshotting.recomputed_digest(golden) == golden.digest


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_an_export_is_the_same_every_time_and_on_every_machine(golden, tmp_path):
    first = contents(exporting.export_snapshot(golden, tmp_path / "one"))
    second = contents(exporting.export_snapshot(golden, tmp_path / "two"))
    exporting.export_snapshot(golden, tmp_path / "one")

    assert first == second == contents(tmp_path / "one")
    assert hashlib.sha256(first["manifest.json"]).hexdigest() == golden.digest == GOLDEN_DIGEST
    assert hashlib.sha256(first["train.jsonl"]).hexdigest() == GOLDEN_TRAIN


def test_an_export_holds_each_text_on_its_side(golden, tmp_path):
    folder = exporting.export_snapshot(golden, tmp_path / "out")

    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().split("\n") if line]
    assert len(rows) == golden.entries.filter(split="train").count()
    assert {tuple(row) for row in rows} == {("completion", "prompt")}
    assert {p.name for p in (folder / "corpus").rglob("*.bbj")} == {f"program-{n}.bbj" for n in range(3)}
    assert golden.digest in (folder / "README.md").read_text()


def test_an_export_keeps_the_files_of_others(golden, tmp_path):
    makers.put(tmp_path, "stage/recipe.json", "{}")
    exporting.export_snapshot(golden, tmp_path / "stage")
    makers.put(tmp_path, "mine/README.md", "mine")

    with pytest.raises(exporting.ExportRefused, match="is no part of an export"):
        exporting.export_snapshot(golden, tmp_path / "mine")

    assert (tmp_path / "mine/README.md").read_text() == "mine"
    assert (tmp_path / "stage/recipe.json").read_text() == "{}"


def test_an_export_with_other_templates_is_refused(golden, tmp_path, monkeypatch):
    monkeypatch.setattr(chatml, "TEMPLATE_VERSION", "chatml-99")

    with pytest.raises(exporting.ExportRefused, match="chatml-99"):
        exporting.export_snapshot(golden, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_examples_leave_byte_for_byte_as_they_came(training_data, author, tmp_path):
    importing.run_import(importing.plan_import(training_data), author=author)

    first = writing_back.export_tree(tmp_path / "out", Filters())
    again = writing_back.export_tree(tmp_path / "out", Filters())

    assert (first.written, again.written, again.unchanged) == (2, 0, 2)
    for path in ("gui/first.md", "strings/second.md"):
        assert (tmp_path / "out" / path).read_bytes() == (training_data / path).read_bytes()


def test_examples_are_never_written_through_a_link(db, tmp_path):
    makers.example("gui/a.md")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "gui").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(exporting.ExportRefused, match="leads through a link"):
        writing_back.export_tree(tmp_path / "out", Filters())

    assert not list((tmp_path / "elsewhere").iterdir())


def test_broken_code_is_a_note_that_names_file_and_line_and_does_not_block(maintainer):
    makers.approved("gui/a.md", makers.example_text("A", code='rem a\nprint "open\nfor i = 1 to 2\n'))
    makers.approved("gui/b.md")

    found = gate("code-check")

    assert (found["passed"], found["blocking"]) == (False, False)
    assert found["finding"].startswith(f"In 1 of 2 examples the {CHECK_VERSION} is certain")
    assert "(findings: 1)" in found["finding"]
    (offender,) = found["offenders"]
    assert offender.startswith("gui/a.md, line 13: ")
    assert offender.endswith("(unclosed-string)")
    assert makers.freeze(name="v1", author=maintainer)


def test_findings_of_an_older_check_are_not_trusted(db, monkeypatch):
    makers.approved("gui/a.md")
    monkeypatch.setattr(
        "curation.services.authoring.findings",
        lambda doc: [{"certain": True, "source_line": 1, "message": "looked again", "code": "new"}],
    )

    assert gate("code-check")["passed"]

    monkeypatch.setattr("curation.services.examining.CHECK_VERSION", "offline check 999")

    assert gate("code-check")["offenders"] == ["gui/a.md, line 1: looked again (new)"]


def test_a_label_that_the_code_contradicts_is_a_note_and_does_not_block(maintainer):
    screen = "rem screen\nprint 'CS'\n"
    makers.approved("gui/a.md", makers.example_text("A", code=screen, generation="dwc"))
    makers.approved("gui/b.md", makers.example_text("B", code=screen, generation="character"))
    makers.approved("gui/c.md", makers.example_text("C", generation="dwc"))

    found = gate("generation-labels")

    assert (found["passed"], found["blocking"]) == (False, False)
    assert found["finding"] == (
        "The code of 1 of 3 examples bears out the generation label. In 1 it speaks for another generation; "
        "look at both. In 1 it cannot tell."
    )
    assert found["offenders"] == [
        "gui/a.md: generation: The label says dwc, but 'CS' in line 13 speaks for character "
        "(screen-mnemonic)."
    ]
    assert makers.freeze(name="v1", author=maintainer)


def test_a_selection_narrows_what_is_frozen_and_stands_in_the_manifest(maintainer):
    makers.approved("gui/a.md", makers.example_text("A", generation="dwc"))
    makers.approved("gui/b.md", makers.example_text("B"))
    makers.approved("strings/c.md", makers.example_text("C", generation="dwc"))
    makers.example("gui/waits.md", makers.example_text("D", generation="dwc"))
    some = Selection(path="gui/", generation="dwc")

    frozen = makers.freeze(name="v1", author=maintainer, selection=some)
    everything = makers.freeze(name="v2", author=maintainer)

    assert list(frozen.entries.values_list("path", flat=True)) == ["gui/a.md"]
    assert snapshotting.manifest_of(frozen)["policy"]["selection"] == {
        "status": "approved",
        "path": "gui/",
        "generation": "dwc",
    }
    assert snapshotting.manifest_of(everything)["policy"]["selection"] == "approved"


def test_a_selection_that_nothing_matches_says_so(maintainer):
    makers.approved("gui/a.md")

    with pytest.raises(snapshotting.EmptySnapshot, match="matches the selection"):
        makers.freeze(name="v1", author=maintainer, selection=Selection(topic="dwc"))
