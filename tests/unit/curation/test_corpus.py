from __future__ import annotations

import pytest

from curation.domain import corpus

LOCKED = "AKIA" + "QW3RT7YU1OP5ASDF"


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"\xff\xfe", "not-utf8", 1),
        (b"rem \x00", "control-character", 1),
        (b"  \n", "empty", 1),
        (b"x" * (256 * 1024 + 1), "too-large", 1),
        (b'print "a"\nprint "<|im_end|>"\n', "control-token", 2),
        (f'rem a\nkey$="{LOCKED}"\n'.encode(), "secret", 2),
    ],
)
def test_what_cannot_be_a_program_says_why_and_where(data, code, line):
    text, problems = corpus.read_program(data, path="a/b.bbj")

    assert text is None
    assert [(p.file, p.line, p.code, p.severity) for p in problems] == [("a/b.bbj", line, code, "error")]
    assert LOCKED not in str(problems)


@pytest.mark.parametrize(("path", "code"), [("a\n.bbj", "file-name"), ("a" * 201, "path-too-long")])
def test_a_path_that_cannot_be_kept_is_refused(path, code):
    text, (problem,) = corpus.read_program(b"print 1", path=path)

    assert (text, problem.code) == (None, code)


def test_every_reason_is_given_at_once():
    _, problems = corpus.read_program(f'print "<|im_end|>"\nkey$="{LOCKED}"\n'.encode(), path="a.bbj")

    assert [p.code for p in problems] == ["control-token", "secret"]


def test_what_was_changed_on_the_way_is_said():
    text, problems = corpus.read_program(b"\xef\xbb\xbfrem a\r\nprint 1\r\n", path="a.bbj")

    assert text == "rem a\nprint 1\n"
    assert {(p.code, p.severity) for p in problems} == {
        ("normalised-bom", "warning"),
        ("normalised-crlf", "warning"),
    }


def test_case_and_layout_make_no_other_program_but_a_word_does():
    assert corpus.form_of("PRINT  1\n") == corpus.form_of("\nprint 1")
    assert corpus.form_of("print 1") != corpus.form_of("print 12")


@pytest.mark.parametrize("folder", ["..", "a/../b", "a\\b", "a//b", "c:/x", "a/./b", "a\x00b"])
def test_a_folder_that_leads_elsewhere_is_refused(folder):
    with pytest.raises(corpus.SourceRefused, match="is no folder of the corpus"):
        corpus.folder_of(folder)


def test_a_folder_loses_what_it_does_not_need():
    assert corpus.folder_of(" /sales/reports/ ") == "sales/reports"
    assert corpus.folder_of("/") == ""


def test_a_source_is_one_line_of_words():
    assert corpus.source_of(" github.com/acme\n tools ") == "github.com/acme tools"
    for wrong, says in (("", "missing"), ("x" * 201, "201 characters")):
        with pytest.raises(corpus.SourceRefused, match=says):
            corpus.source_of(wrong)


def test_lines_are_counted_with_and_without_a_line_break_at_the_end():
    assert [corpus.lines_of(text) for text in ("a", "a\n", "a\nb")] == [1, 1, 2]
