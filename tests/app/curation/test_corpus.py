from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from curation.domain import snapshot
from curation.models import AuditEntry, CorpusFile, CorpusProgram
from curation.services import gathering, importing, selecting, snapshotting, source_files, stocking, verifying
from studio import seeding
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TERMS = gathering.Terms("MIT", "github.com/acme/tools")


def files(**programs: str | bytes) -> list[source_files.SourceFile | None]:
    """Programs by their names without the suffix."""
    return [
        source_files.SourceFile(f"{name}.bbj", text.encode() if isinstance(text, str) else text)
        for name, text in programs.items()
    ]


def changes(gathering_: gathering.Gathering) -> dict[str, str]:
    return {file.path.removesuffix(".bbj"): file.change for file in gathering_.files}


def codes(gathering_: gathering.Gathering) -> list[tuple[str, str]]:
    return [(problem.file, problem.code) for problem in gathering_.problems]


def packed(**members: str | bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def test_what_is_good_goes_in_together_and_every_problem_is_told(maintainer):
    added = gathering.add(
        files(a=makers.program("a"), b=b"\xff", c='key$="AKIA' + 'QW3RT7YU1OP5ASDF"\n', d=" "),
        TERMS,
        author=maintainer,
    )

    assert changes(added) == {"a": "new", "b": "refused", "c": "refused", "d": "refused"}
    assert codes(added) == [("b.bbj", "not-utf8"), ("c.bbj", "secret"), ("d.bbj", "empty")]
    row = CorpusFile.objects.get()
    assert (row.path, row.licence, row.source, row.author) == ("a.bbj", "MIT", TERMS.source, maintainer)
    entry = AuditEntry.objects.get(action="corpus.add")
    assert (entry.actor, entry.detail["files"], entry.detail["licence"]) == (maintainer, 1, "MIT")


def test_a_plan_writes_nothing(maintainer):
    planned = gathering.plan(files(a=makers.program("a")), TERMS)

    assert changes(planned) == {"a": "new"}
    assert not CorpusFile.objects.exists()


def test_another_text_or_other_terms_are_a_new_version_and_the_same_is_none(maintainer):
    one, two = makers.program("one"), makers.program("two")
    for text, licence in ((one, "MIT"), (one, "MIT"), (two, "MIT"), (two, "Apache-2.0")):
        gathering.add(files(a=text), gathering.Terms(licence, "acme"), author=maintainer)

    program = CorpusProgram.objects.get()
    said = [(row.number, row.text, row.licence) for row in stocking.versions_of(program)]
    assert said == [(3, two, "Apache-2.0"), (2, two, "MIT"), (1, one, "MIT")]
    assert (program.head.number, program.licence, program.lines) == (3, "Apache-2.0", two.count("\n"))


def test_the_same_program_under_another_path_is_told_and_not_stored(maintainer):
    makers.raw_program("first.bbj", "PRINT  1\n")

    added = gathering.add(
        files(again="print 1\n", twin="print 2", twins="Print 2\n"), TERMS, author=maintainer
    )

    assert changes(added) == {"again": "same", "twin": "new", "twins": "same"}
    assert codes(added) == [("again.bbj", "same-program"), ("twins.bbj", "same-program")]
    assert "The same program as first.bbj" in added.problems[0].message
    assert set(CorpusProgram.objects.values_list("path", flat=True)) == {"first.bbj", "twin.bbj"}


def test_a_path_of_another_source_is_not_taken_over(maintainer):
    makers.raw_program("util/print.bbj", source="the sales department")

    added = gathering.add(files(**{"util/print": makers.program("other")}), TERMS, author=maintainer)

    assert codes(added) == [("util/print.bbj", "path-taken")]
    assert 'another source, "the sales department"' in added.problems[0].message
    assert CorpusFile.objects.count() == 1


def test_a_program_close_to_a_test_task_is_not_let_in(maintainer, tmp_path):
    makers.put(tmp_path, "tasks/holdout/locked.md", makers.example_text("Locked task"))
    importing.import_tasks(tmp_path)

    added = gathering.add(files(solved=makers.program("Locked task")), TERMS, author=maintainer)

    assert codes(added) == [("solved.bbj", "near-task")]
    assert "holdout/locked.md" in added.problems[0].message
    assert not CorpusFile.objects.exists()


def test_two_files_of_one_path_are_refused_whatever_their_case(maintainer):
    added = gathering.add(files(A="print 1", a="print 2"), TERMS, author=maintainer)

    assert [file.change for file in added.files] == ["new", "refused"]
    assert codes(added) == [("a.bbj", "path-twice")]


def test_an_archive_is_read_with_its_limits_and_what_is_no_program_is_skipped(maintainer):
    data = packed(**{"src__a.bbj": "print 1", "README.md": "x", "src__b.SRC": "print 2", "deep.zip": "x"})

    read = gathering.read_uploads([("all.zip", [data]), ("c.txt", [b"print 3"])])
    added = gathering.add(read, gathering.Terms("own", "acme", "old"), author=maintainer)

    assert [(file.path, file.change) for file in added.files] == [
        ("old/c.txt", "new"),
        ("old/deep.zip", "refused"),
        ("old/src/a.bbj", "new"),
        ("old/src/b.SRC", "new"),
    ]
    assert added.skipped == 1
    assert "Skipped, since they are no programs: 1." in added.summary(dry_run=False)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.exe", b"MZ", "send files that end in .bbj"),
        ("a.zip", b"no zip", "broken"),
        ("a.zip", b"", "empty"),
    ],
)
def test_an_upload_of_another_kind_is_one_sentence(name, data, says):
    with pytest.raises(source_files.FolderRefused, match=says):
        gathering.read_uploads([(name, [data])])


def test_a_large_upload_is_refused_before_it_is_read_whole():
    given = []

    def chunks() -> Any:
        for _ in range(100):
            given.append(1)
            yield b"x" * 64 * 1024

    (file,) = gathering.read_uploads([("a.bbj", chunks())])

    assert file
    assert gathering.plan([file], TERMS).problems[0].code == "too-large"
    assert len(given) < 10


def test_an_upload_of_too_many_programs_names_the_command(monkeypatch):
    monkeypatch.setattr(gathering, "UPLOAD_MOST_FILES", 2)

    with pytest.raises(source_files.FolderRefused, match=r"more than 2 programs .* manage\.py import_corpus"):
        gathering.read_uploads([("a.zip", [packed(**{f"{n}.bbj": "x" for n in range(3)})])])


def test_terms_that_are_missing_are_told_together():
    with pytest.raises(gathering.CorpusRefused) as refused:
        gathering.terms(licence="", source=" ", folder="..")

    for says in ("The licence is missing", "The source is missing", '".." is no folder'):
        assert says in str(refused.value)


def test_what_is_taken_out_is_in_no_version_and_stays_out_until_it_is_put_back(maintainer):
    program = makers.raw_program("a.bbj", "print 1\n", licence="MIT", source="acme")
    stocking.take_out(program=program, by=maintainer, seen=1, reason="The customer asked.")
    gathering.add(files(a="print 2\n"), gathering.Terms("MIT", "acme"), author=maintainer)

    assert selecting.choose().corpus == ()

    program.refresh_from_db()
    stocking.put_back(program=program, by=maintainer, seen=program.versions, reason="They agreed.")

    (chosen,) = selecting.choose().corpus
    assert (chosen.path, chosen.licence, chosen.source) == ("a.bbj", "MIT", "acme")
    said = [(row.number, row.text, row.included, row.reason) for row in stocking.versions_of(program)]
    assert said == [
        (4, "print 2\n", True, "They agreed."),
        (3, "print 2\n", False, ""),
        (2, "print 1\n", False, "The customer asked."),
        (1, "print 1\n", True, ""),
    ]


def test_a_program_is_changed_as_it_was_seen_and_with_a_reason(maintainer):
    program = makers.raw_program("a.bbj")
    stocking.relicense(program=program, licence="mit", source="acme", by=maintainer, seen=1)

    with pytest.raises(stocking.StaleProgram):
        stocking.take_out(program=program, by=maintainer, seen=1, reason="late")
    with pytest.raises(stocking.StockRefused, match="Say why"):
        stocking.take_out(program=program, by=maintainer, seen=2, reason=" ")
    with pytest.raises(stocking.StockRefused, match="is so already"):
        stocking.relicense(program=program, licence="MIT", source="acme", by=maintainer, seen=2)
    with pytest.raises(stocking.StockRefused, match="not a licence"):
        stocking.relicense(program=program, licence="GPL", source="acme", by=maintainer, seen=2)

    assert CorpusFile.objects.count() == 2
    entry = AuditEntry.objects.get(action="corpus.relicense")
    assert entry.detail["before"] == {"licence": "own", "source": "the sales department"}


def test_the_shipped_programs_say_so_and_never_override_a_person(training_data, maintainer):
    makers.put(training_data, "corpus/a.bbj", "print 1\n")
    makers.put(training_data, "corpus/b.bbj", "print 2\n")
    seeding.import_shipped()
    program = CorpusProgram.objects.get(path="a.bbj")

    assert (program.licence, program.source) == ("Apache-2.0", "shipped with BBj Studio")
    assert program.head.author is None

    stocking.take_out(program=program, by=maintainer, seen=1, reason="not ours")
    makers.put(training_data, "corpus/a.bbj", "print 10\n")
    makers.put(training_data, "corpus/b.bbj", "print 20\n")
    seeding.import_shipped()

    assert dict(CorpusProgram.objects.values_list("path", "versions")) == {"a.bbj": 2, "b.bbj": 2}
    assert not CorpusProgram.objects.get(path="a.bbj").included


def test_programs_are_found_by_words_of_path_and_source_licence_and_state(maintainer):
    makers.raw_program("sales/order.bbj", licence="MIT", source="github.com/acme")
    out = makers.raw_program("sales/report.bbj")
    stocking.take_out(program=out, by=maintainer, seen=1, reason="old")

    def paths(**filters: str) -> list[str]:
        return [program.path for program in stocking.find_programs(stocking.Filters(**filters))]

    assert paths() == ["sales/order.bbj", "sales/report.bbj"]
    assert paths(q="ACME order") == paths(licence="MIT") == paths(state="in") == ["sales/order.bbj"]
    assert paths(state="out", q="department") == ["sales/report.bbj"]
    assert paths(licence=stocking.UNKNOWN) == []
    assert stocking.licence_counts() == {"MIT": 1, "own": 1}


def test_a_version_says_on_what_terms_its_programs_stand(maintainer: User):
    makers.approved()
    makers.raw_program("a.bbj", licence="MIT", source="acme")
    makers.raw_program("b.bbj", licence="own", source="sales")

    frozen = makers.freeze(name="v1", author=maintainer)

    terms = [(entry["licence"], entry["source"]) for entry in snapshotting.manifest_of(frozen)["corpus"]]
    assert terms == [("MIT", "acme"), ("own", "sales")]
    assert snapshot.licences(snapshotting.manifest_of(frozen)) == {"corpus": {"MIT": 1, "own": 1}}


def test_the_command_tells_every_problem_and_ends_with_1(tmp_path: Path, capsys):
    makers.put(tmp_path, "src/a.bbj", "print 1")
    makers.put(tmp_path, "src/b.src", b"\xff")
    makers.put(tmp_path, "src/notes.md", "x")

    with pytest.raises(SystemExit):
        call_command("import_corpus", tmp_path, licence="mit", source="acme", dry_run=True)
    assert not CorpusFile.objects.exists()
    with pytest.raises(SystemExit):
        call_command("import_corpus", tmp_path, licence="mit", source="acme", json=True)

    printed = capsys.readouterr().out
    assert "src/b.src:1: error: Byte 0xff is not UTF-8." in printed
    assert "2 programs: 1 would be added" in printed
    report = json.loads(printed[printed.index("{") :])
    assert (report["ok"], report["new"], report["refused"]) == (False, 1, 1)
    assert CorpusProgram.objects.get().licence == "MIT"


def test_the_command_refuses_what_it_cannot_keep_in_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="there is no such file or folder"):
        call_command("import_corpus", tmp_path / "nowhere", licence="MIT", source="acme")
    with pytest.raises(CommandError, match="is not a licence"):
        call_command("import_corpus", tmp_path, licence="free", source="acme")


def test_fsck_finds_a_list_that_is_wrong_and_reindex_mends_it(maintainer):
    makers.raw_program("a.bbj", licence="MIT")
    makers.raw_program("b.bbj")
    CorpusProgram.objects.filter(path="a.bbj").update(licence="own")
    CorpusProgram.objects.filter(path="b.bbj").delete()

    assert [trouble.place for trouble in verifying.programs()] == ["corpus/a.bbj", "corpus/b.bbj"]

    call_command("reindex", verbosity=0)

    assert list(verifying.programs()) == []
    assert dict(CorpusProgram.objects.values_list("path", "licence")) == {"a.bbj": "MIT", "b.bbj": "own"}


def test_a_program_stands_on_the_side_of_an_example_with_its_code(maintainer):
    for n in range(6):
        code = makers.program(f"Shared {n}")
        makers.approved(f"strings/shared-{n}.md", makers.example_text(f"Title {n}", code=code))
        makers.raw_program(f"shared-{n}.bbj", code)

    frozen = makers.freeze(name="v1", author=maintainer, validation_per_mille=500)

    manifest = snapshotting.manifest_of(frozen)
    sides = [[entry["split"] for entry in manifest[kind]] for kind in ("examples", "corpus")]
    assert sides[0] == sides[1]
    assert set(sides[0]) == {"train", "validation"}
