"""The compiler's text, read without a compiler."""

from __future__ import annotations

import pytest

from training.adapters.bbjcpl_output import parse, read


@pytest.mark.parametrize(
    ("line", "file", "kind", "number"),
    [
        ("X.bbj: error at line 30 (3):     method public void firstBroken())", "X.bbj", "error", 3),
        ("X.bbj: error: label NAME used but not defined at line 40 (4): gosub NAME", "X.bbj", "error", 4),
        ("X.bbj: type check error [No method: x] at line 50 (5): x!.y()", "X.bbj", "type check error", 5),
        ("X.bbj: type check warning [Undeclared] at line 60 (6): x!.y()", "X.bbj", "type check warning", 6),
        (r"C:\a: b\X.bbj: error at line 10 (1): print", "X.bbj", "error", 1),
        ("/tmp/a b/X.bbj: error at line 10 (1): at line 90 (9): x", "X.bbj", "error", 1),
        ("X.bbj: error at line 10 (1):", "X.bbj", "error", 1),
    ],
)
def test_every_recorded_form_is_read(line, file, kind, number):
    found = parse(line)

    assert found is not None
    assert (found.file, found.kind, found.line) == (file, kind, number)


@pytest.mark.parametrize(
    "line",
    [
        "Unable to open file X.bbj",
        "Directory /x does not exist.  Exiting...",
        "Usage: bbjcpl",
        "at line",
        "X.bbj: error at line three (3): x",
    ],
)
def test_other_lines_are_no_diagnostics(line):
    assert parse(line) is None


def test_of_a_cascade_the_first_error_counts_and_every_line_is_kept():
    text = "X.bbj: error at line 30 (3): method public void a())\nX.bbj: error at line 50 (5): methodend\n"

    said = read(text, ["X.bbj"])

    assert said.errors["X.bbj"].line == 3
    assert len(said.lines["X.bbj"]) == 2
    assert said.fault == ""


@pytest.mark.parametrize("path", ["X.bbj", "/sources/a/X.bbj", "/linked/X.bbj", r"Z:\sources\X.bbj"])
def test_a_file_is_known_by_its_name_however_its_path_is_written(path):
    said = read(f"{path}: error at line 10 (1): print\r\n", ["X.bbj"])

    assert list(said.errors) == ["X.bbj"]
    assert said.lines["X.bbj"] == [f"{path}: error at line 10 (1): print"]


def test_a_source_that_quotes_a_diagnostic_blames_no_other_file():
    quote = 'print "Y.bbj: error at line 90 (9): x'

    said = read(f"X.bbj: error at line 20 (2): {quote}\n", ["X.bbj", "Y.bbj"])

    assert said.errors["X.bbj"].line == 2
    assert "Y.bbj" not in said.errors


def test_a_refused_statement_may_go_on_in_the_next_line():
    said = read('X.bbj: error at line 10 (1): print "a",\n:  "b\n', ["X.bbj"])

    assert said.errors["X.bbj"].line == 1
    assert (said.unclear, said.fault) == ({}, "")


def test_a_program_that_is_not_found_is_told_apart_and_refuses_nothing():
    text = "X.bbj: type check error [Cannot find program a.bbj] at line 10 (1): use ::a.bbj::A\n"

    said = read(text, ["X.bbj"])

    assert said.errors == {}
    assert [(f.code, f.certain) for f in said.unresolved["X.bbj"]] == [("unresolved-use", False)]


def test_a_warning_refuses_nothing():
    said = read("X.bbj: type check warning [Undeclared] at line 60 (6): x!.y()\n", ["X.bbj"])

    assert (said.errors, said.unclear, said.fault) == ({}, {}, "")


def test_what_is_not_understood_is_kept_apart_from_errors():
    said = read("Unable to open file /tmp/X.bbj\nLicense manager: no\n", ["X.bbj", "Y.bbj"])

    assert said.errors == {}
    assert said.unclear == {"X.bbj": "Unable to open file /tmp/X.bbj"}
    assert said.fault == "License manager: no"
