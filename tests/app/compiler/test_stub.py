"""The stub agrees with what a real compiler (BBj 26.03) said, and has its habits.

The verdicts were recorded from `bbjcpl -t -N -X`. The stub is the one subject here: it is called by hand.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.compilers import STUB

CLEAN, ERROR, TYPE_ERROR = "clean", "error", "type check error"
IN_CLASS = "class public A\n  method public void doIt()\n    {}\n  methodend\nclassend\n"


def bbjcpl(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [STUB, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "X.bbj"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('print "a"   rem x', ERROR),
        ('print "a"; rem x', CLEAN),
        ("lbl: rem text", CLEAN),
        ("lbl: ; rem text", ERROR),
        ("print 4 ! text", ERROR),
        ("use java.util.HashSet ; print 1", ERROR),
        ("use java.util.HashSet ; rem x", CLEAN),
        ("foo(x)", ERROR),
        ("v!.get(0)", CLEAN),
        (IN_CLASS.format("#foo()"), CLEAN),
        (IN_CLASS.format("foo()"), ERROR),
        ("declare java.util.HashMap v!\nv!.nosuch()", TYPE_ERROR),
        ("v!.nosuch()", CLEAN),
        ('#name! = "x"', TYPE_ERROR),
        ("use ::missing.bbj::Foo", TYPE_ERROR),
        ("for i=0 to 3\nprint i", CLEAN),
        ("if 1 then", CLEAN),
        ("print 1\n10 print 2", ERROR),
        ("10 print 1\n20 print 2", CLEAN),
        ("method public void doIt()\nmethodend", ERROR),
        ('print "never closed', ERROR),
        ("print str(total", ERROR),
        ("x = a > b ? 1 : 2", ERROR),
        (r'print "\""', ERROR),
        ("list = 5", ERROR),
        ("class public A\nmethod public doTest()\nmethodend\nclassend", ERROR),
        ("class public A\nmethod public A()\nmethodend\nclassend", CLEAN),
        ("def identity(v)=v", ERROR),
        ("def fnidentity(v)=v", CLEAN),
        ("gosub nowhere", ERROR),
        ("let bytes$ = 9", ERROR),
        ("", CLEAN),
    ],
)
def test_the_stub_gives_the_verdict_of_a_real_compiler(source, text, verdict):
    source.write_text(text + "\n")

    said = bbjcpl("-t", "-N", "-X", source)
    only_syntax = bbjcpl("-N", source)

    first = said.stderr.partition("\n")[0]
    assert (said.returncode, said.stdout) == (0, "")
    if verdict == CLEAN:
        assert first == ""
    else:
        assert first.startswith(f"X.bbj: {verdict}")
    assert bool(only_syntax.stderr) == (verdict == ERROR)


def test_a_diagnostic_names_the_physical_line_and_ten_times_it(source):
    source.write_text('print "a",\n:  "b"\nprint "open\n')

    assert bbjcpl("-N", source).stderr == 'X.bbj: error at line 30 (3): print "open\n'


def test_an_undefined_label_has_a_form_of_its_own(source):
    source.write_text("print 1\ngosub nowhere\n")

    said = bbjcpl("-N", source).stderr

    assert said == "X.bbj: error: label NOWHERE used but not defined at line 20 (2): gosub nowhere\n"


def test_a_type_error_carries_its_message_in_brackets(source):
    source.write_text("use ::missing.bbj::Foo\n")

    said = bbjcpl("-t", "-N", "-X", source).stderr

    assert said.startswith("X.bbj: type check error [Cannot find program missing.bbj] at line 10 (1): use ")


def test_a_prefix_folder_resolves_a_use(source, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "there.bbj").touch()
    source.write_text("use ::there.bbj::Foo\n")

    assert bbjcpl("-t", "-N", "-X", f"-P/nowhere:{tmp_path}/lib", source).stderr == ""


def test_undeclared_variables_are_warned_about_only_when_asked(source):
    source.write_text("v!.nosuch()\n")

    assert bbjcpl("-t", "-N", "-W", source).stderr.startswith("X.bbj: type check warning")


def test_many_files_come_from_a_list(tmp_path):
    files = [tmp_path / f"{number}.bbj" for number in range(3)]
    for file in files:
        file.write_text('print "open\n')
    listed = tmp_path / "list"
    listed.write_text("".join(f"{file}\n" for file in files))

    said = bbjcpl("-N", f"-@{listed}").stderr.splitlines()

    assert [line.partition(":")[0] for line in said] == ["0.bbj", "1.bbj", "2.bbj"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-N", "/nowhere/X.bbj"], "Unable to open file"),
        (["-N", "-@/nowhere/list"], "Unable to open file"),
        (["-d/nowhere", "X.bbj"], "Directory /nowhere does not exist.  Exiting..."),
        (["-?"], "Usage: bbjcpl"),
        ([], "Usage: bbjcpl"),
    ],
)
def test_the_exit_status_is_0_even_when_nothing_was_done(arguments, said):
    done = bbjcpl(*arguments)

    assert done.returncode == 0
    assert said in done.stderr


def test_only_without_validating_is_something_written_beside_the_source(source, tmp_path):
    source.write_text("print 1\n")

    bbjcpl("-N", source)
    after_validating = list(tmp_path.iterdir())
    bbjcpl(source)

    assert after_validating == [source]
    assert len(list(tmp_path.iterdir())) == 2


def test_the_stub_says_that_it_is_one():
    assert bbjcpl("-?").stderr.startswith("STUB of bbjcpl for tests, not a compiler")


def test_a_start_takes_at_least_as_long_as_it_is_told(source):
    source.touch()
    started = time.monotonic()

    bbjcpl("-N", source, STUB_START_S="0.2")

    assert time.monotonic() - started > 0.2
