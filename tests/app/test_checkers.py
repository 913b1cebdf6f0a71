"""The compiler's adapter against a stub with its habits, as a real subprocess; the check commands."""

import io
import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command

from training.adapters import checker as checkers
from training.adapters.bbjcpl import BATCH_FILES, Bbjcpl, parse
from training.adapters.offline_check import OfflineCheck

STUB = Path(__file__).resolve().parents[1] / "stubs" / "bbjcpl"
GOOD = 'print "good"\n'
BAD = 'x=1\nprint "bad\n'


@pytest.fixture
def compiler() -> Bbjcpl:
    return Bbjcpl(str(STUB), timeout_s=30)


def script(folder: Path, body: str) -> str:
    """A compiler that does what the test needs."""
    file = folder / "bbjcpl"
    file.write_text(f"#!{sys.executable}\nimport os, sys\n{body}\n")
    file.chmod(0o755)
    return str(file)


def outcomes(checker: checkers.Checker, *sources: str) -> list[str]:
    return [verdict.outcome for verdict in checker.check_many(sources)]


def test_one_call_judges_many_files_each_for_itself(compiler, tmp_path):
    log = tmp_path / "calls"
    counting = Bbjcpl(
        script(
            tmp_path,
            f"open({str(log)!r}, 'a').write('x')\nos.execv({str(STUB)!r}, [{str(STUB)!r}, *sys.argv[1:]])",
        )
    )

    verdicts = counting.check_many([GOOD, BAD, "gosub nowhere\n", ""] * 3)

    assert [v.outcome for v in verdicts] == ["compiled", "compile_error", "compile_error", "compiled"] * 3
    assert log.read_text() == "x"
    assert [(f.line, f.code) for f in verdicts[1].findings] == [(2, "syntax")]
    assert [(f.line, f.code) for f in verdicts[2].findings] == [(1, "undefined-label")]
    assert 'error at line 20 (2): print "bad' in verdicts[1].output


def test_more_than_a_batch_is_judged_in_order(compiler):
    sources = [BAD if number % 7 == 0 else GOOD for number in range(BATCH_FILES + 5)]

    verdicts = compiler.check_many(sources)

    assert [v.outcome == "compile_error" for v in verdicts] == [source == BAD for source in sources]


def test_only_the_first_error_of_a_file_is_a_finding(compiler):
    (verdict,) = compiler.check_many([BAD + 'print "worse\n'])

    assert [f.line for f in verdict.findings] == [2]
    assert verdict.output.count("\n") == 1


def test_type_checking_is_a_matter_of_flags():
    source = "use ::missing.bbj::Foo\n"
    strict = Bbjcpl(str(STUB), flags=("-t", "-N", "-X"))

    (verdict,) = strict.check_many([source])

    assert outcomes(Bbjcpl(str(STUB)), source) == ["compiled"]
    assert verdict.outcome == "compile_error"
    assert [f.code for f in verdict.findings] == ["unresolved-use"]
    assert checkers.settings_of(strict)["flags"] == ["-t", "-N", "-X"]


@pytest.mark.parametrize(
    ("line", "file", "kind", "number"),
    [
        ("X.bbj: error at line 30 (3):     method public void firstBroken())", "X.bbj", "error", 3),
        ("X.bbj: error: label NAME used but not defined at line 40 (4): gosub NAME", "X.bbj", "error", 4),
        ("X.bbj: type check error [No method: x] at line 50 (5): x!.y()", "X.bbj", "type check error", 5),
        ("X.bbj: type check warning [Undeclared] at line 60 (6): x!.y()", "X.bbj", "type check warning", 6),
        (r"C:\a: b\X.bbj: error at line 10 (1): print", "X.bbj", "error", 1),
        ("/tmp/a b/X.bbj: error at line 10 (1): at line 90 (9): x", "X.bbj", "error", 1),
    ],
)
def test_every_recorded_form_is_read(line, file, kind, number):
    found = parse(line)

    assert found is not None
    assert (found.file, found.kind, found.line) == (file, kind, number)


@pytest.mark.parametrize(
    "line",
    ["Unable to open file X.bbj", "Directory /x does not exist.  Exiting...", "Usage: bbjcpl", "at line"],
)
def test_other_lines_are_no_diagnostics(line):
    assert parse(line) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "Set STUDIO_BBJCPL"),
        ("bbjcpl", "not an absolute path"),
        ("/nowhere/bbjcpl", "no such file"),
    ],
)
def test_without_a_compiler_nothing_is_judged(path, words):
    verdicts = Bbjcpl(path).check_many([GOOD, BAD])

    assert [v.outcome for v in verdicts] == ["infrastructure", "infrastructure"]
    assert "STUDIO_BBJCPL" in verdicts[0].output
    assert words in verdicts[0].output
    assert Bbjcpl(path).build() == "missing"


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_file_that_is_no_program_judges_nothing(tmp_path, mode):
    file = tmp_path / "bbjcpl"
    file.write_bytes(b"\x00not a program")
    file.chmod(mode)

    (verdict,) = Bbjcpl(str(file)).check_many([GOOD])

    assert verdict.outcome == "infrastructure"
    assert str(file) in verdict.output


def test_a_file_that_hangs_the_compiler_is_found_and_the_others_are_judged(tmp_path):
    compiler = Bbjcpl(str(STUB), timeout_s=3)

    found = outcomes(compiler, GOOD, "rem stub: hang\n", BAD)

    assert found == ["compiled", "compile_timeout", "compile_error"]


def test_a_compiler_that_always_hangs_is_asked_twice_only(tmp_path):
    compiler = Bbjcpl(script(tmp_path, "import time; time.sleep(600)"), timeout_s=0.5)
    started = time.monotonic()

    found = outcomes(compiler, *[GOOD] * 50)

    assert found == ["infrastructure"] * 50
    assert time.monotonic() - started < 5


def test_the_time_limit_ends_children_too(tmp_path, monkeypatch):
    note = tmp_path / "child"
    monkeypatch.setenv("STUB_CHILD_FILE", str(note))

    found = outcomes(Bbjcpl(str(STUB), timeout_s=3), "rem stub: hang with child\n")

    assert found == ["compile_timeout"]
    assert is_gone(int(note.read_text()))


def is_gone(process: int) -> bool:
    """Dead, or dead and not yet collected by its new parent."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("wish", ["garble", "crash", "flood"])
def test_what_is_not_understood_is_no_verdict_and_harms_no_other_file(compiler, wish):
    verdicts = compiler.check_many([GOOD, f"rem stub: {wish}\n", BAD])

    assert [v.outcome for v in verdicts] == ["compiled", "infrastructure", "compile_error"]
    assert "not understood" in verdicts[1].output


def test_an_unreadable_file_is_no_verdict_about_it(tmp_path):
    said = "sys.stderr.writelines('Unable to open file ' + f for f in sys.argv[2:] if f.endswith('1.bbj'))"

    found = outcomes(Bbjcpl(script(tmp_path, said)), GOOD, GOOD)

    assert found == ["compiled", "infrastructure"]


def test_usage_text_judges_nothing(tmp_path):
    found = outcomes(Bbjcpl(script(tmp_path, "print('Usage: bbjcpl')")), GOOD, BAD)

    assert found == ["infrastructure", "infrastructure"]


def test_secrets_and_noisy_java_options_stay_here(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_SECRET_KEY", "hush")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dx=y")
    body = "sys.stderr.write(''.join(k for k in os.environ if k.startswith(('STUDIO_', 'JAVA_TOOL'))))\n"
    body += "sys.stderr.write(sys.stdin.read())"

    assert outcomes(Bbjcpl(script(tmp_path, body)), GOOD) == ["compiled"]


def test_nothing_is_left_beside_the_sources(compiler, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    compiler.check_many([GOOD, BAD])

    assert list(tmp_path.iterdir()) == []


def test_the_build_tells_two_compilers_apart(compiler, tmp_path):
    other = Bbjcpl(script(tmp_path, "print('Usage 2')"))

    assert compiler.build().startswith("sha256 ")
    assert "STUB" in compiler.build()
    assert compiler.build() != other.build()
    assert len(compiler.build()) <= 120


def test_the_checker_is_chosen_by_setting_or_by_name(settings):
    settings.STUDIO_BBJCPL = ""

    assert checkers.choose().name == "offline check"
    assert checkers.choose("bbjcpl").name == "bbjcpl"

    settings.STUDIO_BBJCPL = str(STUB)

    assert checkers.choose().name == "bbjcpl"
    assert checkers.choose("offline").name == "offline check"
    with pytest.raises(ValueError, match="Choose bbjcpl or offline"):
        checkers.choose("javac")


@pytest.mark.parametrize("checker", [OfflineCheck(), Bbjcpl(str(STUB))], ids=lambda c: c.name)
def test_a_working_checker_passes_its_control_pair(checker):
    assert checkers.control_pair(checker).problems == []


def test_a_checker_that_accepts_everything_fails_its_control_pair(tmp_path):
    pair = checkers.control_pair(Bbjcpl(script(tmp_path, "")))

    assert not pair.ok
    assert pair.problems == [
        "bbjcpl answered compiled for the known bad control file, not compile_error. It said: nothing"
    ]


def test_hints_never_count_against_a_program():
    (verdict,) = OfflineCheck().check_many(["for i=1 to 3\n"])

    assert verdict.outcome == "compiled"
    assert verdict.output == "line 1, column 1: FOR has no NEXT: cut off? [unclosed-block, a hint]"


def check_bbj(*arguments: str) -> tuple[int, str]:
    out, code = io.StringIO(), 0
    try:
        call_command("check_bbj", *arguments, stdout=out)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue()


EXAMPLE = """---
title: Two programs
type: completion
generation: all
---
## Code

<!-- filename: first.bbj -->
```bbj
rem fine
print "fine"
```

<!-- filename: second.bbj -->
```bbj
rem broken
print "broken
```

## Expected Output

```
fine
```

## Explanation

One of the two is broken.
"""


def test_check_bbj_reads_sources_and_examples_and_names_their_lines(tmp_path):
    (tmp_path / "a.bbj").write_text(GOOD)
    (tmp_path / "b.src").write_bytes(b"print \xff")
    topic = tmp_path / "oop"
    topic.mkdir()
    (topic / "two-programs.md").write_text(EXAMPLE)
    (tmp_path / "README.md").write_text("# no example")

    code, printed = check_bbj(str(tmp_path), "--json", "--compiler", "offline")

    report = json.loads(printed)
    assert code == 1
    assert (report["ok"], report["files"], report["checker"]) == (False, 3, "offline check")
    assert [(Path(p["file"]).name, p["line"], p["code"]) for p in report["problems"]] == [
        ("b.src", 1, "not-utf-8"),
        ("two-programs.md", 17, "unclosed-string"),
    ]
    assert set(report["problems"][0]) == {"file", "line", "code", "severity", "message", "suggestion"}


def test_check_bbj_asks_the_configured_compiler(tmp_path, settings):
    settings.STUDIO_BBJCPL = str(STUB)
    (tmp_path / "a.bbj").write_text(BAD)

    code, printed = check_bbj(str(tmp_path))

    assert code == 1
    assert "a.bbj:2: bbjcpl refuses" in printed
    assert "0 accepted by bbjcpl" in printed


def test_check_bbj_without_its_compiler_exits_with_2(tmp_path, settings):
    settings.STUDIO_BBJCPL = ""
    (tmp_path / "a.bbj").write_text(GOOD)

    code, printed = check_bbj(str(tmp_path), "--compiler", "bbjcpl")

    assert code == 2
    assert "Set STUDIO_BBJCPL" in printed


def test_check_bbj_of_nothing_is_an_error(tmp_path):
    code, printed = check_bbj(str(tmp_path / "none"), "--compiler", "offline")

    assert code == 1
    assert "there is no such file" in printed


def test_label_generation_shows_its_evidence(tmp_path):
    (tmp_path / "a.bbj").write_text("x=1\nprint 'CS'\n")
    out = io.StringIO()

    call_command("label_generation", str(tmp_path), "--json", stdout=out)

    report = json.loads(out.getvalue())
    (row,) = report["suggestions"]
    assert (report["ok"], row["labels"], row["ask_a_person"]) == (True, ["character"], False)
    assert [(e["line"], e["column"], e["end_column"], e["text"]) for e in row["evidence"]] == [
        (2, 7, 11, "'CS'")
    ]


def test_the_stub_says_that_it_is_one():
    assert os.stat(STUB).st_mode & stat.S_IXUSR
    assert "not a compiler" in Bbjcpl(str(STUB)).build()
