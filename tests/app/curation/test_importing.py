from __future__ import annotations

import os

import pytest

from curation.domain.bbj import CHECK_VERSION, Finding
from curation.models import CorpusFile, CorpusProgram, Example, Revision, TaskSet
from curation.services import gathering, importing, source_files
from tests import makers


def run(root, author, note=""):
    return importing.run_import(importing.plan_import(root), author=author, note=note)


def test_a_plan_writes_nothing(training_data, db):
    plan = importing.plan_import(training_data)

    assert [(f.path, f.change) for f in plan.files] == [("gui/first.md", "new"), ("strings/second.md", "new")]
    assert not Example.objects.exists()


def test_importing_makes_one_revision_a_file_and_notes_who(training_data, author):
    result = run(training_data, author, note="first batch")

    revision = Revision.objects.get(example__path="gui/first.md")
    assert (result.created, result.changed, result.unchanged, result.refused) == (2, 0, 0, 0)
    assert (revision.number, revision.author, revision.note) == (1, author, "first batch")
    assert revision.checker == CHECK_VERSION
    assert revision.text == (training_data / "gui/first.md").read_text()
    assert (revision.example.topic, revision.example.type) == ("gui", "completion")


def test_importing_again_makes_no_revision(training_data, author):
    run(training_data, author)

    result = run(training_data, author)

    assert (result.created, result.unchanged) == (0, 2)
    assert Revision.objects.count() == 2


def test_a_changed_file_becomes_the_next_revision(training_data, author):
    run(training_data, author)
    makers.put(training_data, "gui/first.md", makers.example_text("Another title"))

    result = run(training_data, author)

    head = Example.objects.get(path="gui/first.md").head
    assert head is not None
    assert head.parent is not None
    assert (result.changed, head.number, head.parent.number) == (1, 2, 1)
    assert head.example.title == "Another title"


def test_all_problems_of_all_files_come_at_once_and_the_good_ones_are_imported(training_data, author):
    bad = (
        makers.example_text("Bad")
        .replace("type: completion", "type: complete")
        .replace("generation: all", "generation: bbj_gui")
    )
    makers.put(training_data, "gui/bad.md", bad)
    makers.put(training_data, "gui/binary.md", b"\xff\xfe\x00")

    result = run(training_data, author)

    lines = {(p.file, p.line) for p in result.problems if p.severity == "error"}
    assert (result.created, result.refused) == (2, 2)
    assert {("gui/bad.md", 3), ("gui/bad.md", 4)} <= lines
    assert any(file == "gui/binary.md" for file, _ in lines)


def test_what_lies_outside_the_folder_is_never_read(training_data, author, tmp_path):
    makers.put(tmp_path, "outside.md", makers.example_text("Outside"))
    (training_data / "gui" / "link.md").symlink_to(tmp_path / "outside.md")
    (training_data / "oop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(training_data / "gui" / "pipe.md")

    plan = importing.plan_import(training_data)

    refused = {file.path: file.problems[0].code for file in plan.files if file.change == "refused"}
    assert refused == {"gui/link.md": "symlink", "oop": "symlink", "gui/pipe.md": "not-a-file"}


def test_a_huge_file_is_refused_unread(training_data, author):
    makers.put(training_data, "gui/huge.md", b"x" * (256 * 1024 + 1))

    plan = importing.plan_import(training_data)

    assert next(f for f in plan.files if f.path == "gui/huge.md").problems[0].code == "too-large"


@pytest.mark.parametrize("path", ["loose.md", "nowhere/a.md", "gui/deep/a.md", "gui/with blank.md"])
def test_a_file_outside_the_topic_folders_is_refused(training_data, db, path):
    makers.put(training_data, path, makers.example_text("Lost"))

    plan = importing.plan_import(training_data)

    assert [f.path for f in plan.files if f.change == "refused"] == [path]


def test_one_file_or_one_topic_may_be_imported(training_data, db):
    assert [f.path for f in importing.plan_import(training_data / "gui/first.md").files] == ["gui/first.md"]
    assert [f.path for f in importing.plan_import(training_data / "strings").files] == ["strings/second.md"]


def test_a_missing_folder_is_one_sentence(tmp_path, db):
    with pytest.raises(source_files.FolderRefused, match="there is no such file or folder"):
        importing.plan_import(tmp_path / "nowhere")


def test_crlf_and_byte_order_mark_change_nothing_but_are_said(training_data, author):
    run(training_data, author)
    text = (training_data / "gui/first.md").read_text()
    makers.put(training_data, "gui/first.md", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    result = run(training_data, author)

    assert result.unchanged == 2
    assert {p.code for p in result.problems} >= {"normalised-bom", "normalised-crlf"}


def test_the_corpus_keeps_the_newest_text_even_when_a_change_is_taken_back(training_data, db):
    for text in ("rem one\n", "rem two\n", "rem one\n"):
        makers.put(training_data, "corpus/a.bbj", text)
        importing.import_corpus(training_data)
    importing.import_corpus(training_data)

    program = CorpusProgram.objects.get()
    assert (program.head.text, program.versions) == ("rem one\n", 3)
    assert CorpusFile.objects.count() == 3


def test_a_broken_corpus_file_writes_nothing(training_data, db):
    makers.put(training_data, "corpus/a.bbj", "rem one\n")
    makers.put(training_data, "corpus/b.bbj", b"\xff")

    with pytest.raises(gathering.CorpusRefused, match=r"corpus/b\.bbj"):
        importing.import_corpus(training_data)

    assert not CorpusFile.objects.exists()


def test_the_same_tasks_give_the_same_set(training_data, db):
    makers.put(training_data, "tasks/holdout/one.md", makers.example_text("Task one"))
    makers.put(training_data, "tasks/triage/two.md", makers.example_text("Task two"))

    first, again = importing.import_tasks(training_data), importing.import_tasks(training_data)
    makers.put(training_data, "tasks/triage/two.md", makers.example_text("Task three"))
    changed = importing.import_tasks(training_data)

    assert first is not None
    assert changed is not None
    assert first == again
    assert (first.name, changed.name) == ("tasks-1", "tasks-2")
    assert list(first.tasks.values_list("path", "pool")) == [
        ("holdout/one.md", "holdout"),
        ("triage/two.md", "triage"),
    ]


def test_one_broken_task_refuses_the_whole_set(training_data, db):
    makers.put(training_data, "tasks/holdout/one.md", makers.example_text("Task one"))
    makers.put(training_data, "tasks/holdout/two.md", makers.example_text("Two", type="explanation"))

    with pytest.raises(importing.TasksRefused, match=r"holdout/two\.md"):
        importing.import_tasks(training_data)

    assert not TaskSet.objects.exists()


def test_a_folder_without_tasks_makes_no_set(training_data, db):
    assert importing.import_tasks(training_data) is None


SCREEN = "rem screen\nprint 'CS',@(5,3),\"Name\"\n"


def test_a_label_that_the_code_contradicts_is_a_warning_and_is_imported_as_it_is(training_data, author):
    makers.put(training_data, "dwc/odd.md", makers.example_text("Odd", code=SCREEN, generation="dwc"))

    result = run(training_data, author)

    (warning,) = [p for p in result.problems if p.code == "generation-differs"]
    assert (warning.file, warning.line, warning.severity) == ("dwc/odd.md", 4, "warning")
    assert warning.message == (
        "generation: dwc is written, but print 'CS',@(5,3),\"Name\" in line 13 speaks for character "
        "(screen-mnemonic)."
    )
    assert Example.objects.get(path="dwc/odd.md").generations == ["dwc"]


def test_what_the_offline_check_finds_is_a_warning_at_its_line_and_never_refuses(training_data, author):
    code = 'rem broken\nprint "never closed\nfor i = 1 to 3\n'
    makers.put(training_data, "gui/broken.md", makers.example_text("Broken", code=code))

    result = run(training_data, author)

    said = {p.code: p for p in result.problems if p.file == "gui/broken.md"}
    certain, hint = said["unclosed-string"], said["unclosed-block"]
    assert (certain.line, certain.severity, hint.line, hint.severity) == (13, "warning", 14, "warning")
    assert certain.message.startswith("The offline check: ")
    assert hint.message.startswith("A hint of the offline check: ")
    assert (result.created, result.refused) == (3, 0)


def test_an_import_checks_each_program_once(training_data, author, monkeypatch):
    checked = []

    def check(source: str) -> list[Finding]:
        checked.append(source)
        return []

    monkeypatch.setattr("curation.services.authoring.check", check)

    run(training_data, author)

    assert len(checked) == 2
