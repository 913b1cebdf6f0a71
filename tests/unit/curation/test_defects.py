"""The planted set is found exactly, and each mend does what its name says."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.chat_rows import lines_of, prompt_key, read_row, repeated_prompts
from curation.domain.defects import DEFECTS, defects, mend, newline_places
from curation.domain.passages import passages
from tests.chatml_set import ROOT, chatml_set, shipped_programs

CODE = 'rem Say it\na$ = "hi"\nprint a$'


@pytest.fixture(scope="module")
def planted():
    return chatml_set()


@pytest.fixture(scope="module")
def rows(planted):
    read = [read_row(data, file="set", line=line).row for line, data in lines_of([planted.data])]
    assert all(read)
    return read


def test_the_set_has_the_known_shapes_in_the_known_numbers(planted, rows):
    shares = {shape: round(100 * n / len(rows), 1) for shape, n in planted.shapes.items()}

    assert len(rows) == 9_922
    assert shares == {"fenced": 85.2, "text": 10.2, "mixed": 4.4, "raw": 0.2}
    assert {row.system for row in rows} == {
        "You are an expert BBj programmer who helps users write and understand BBj code."
    }
    assert chatml_set().data == planted.data


def test_every_planted_defect_is_found_and_nothing_else(planted, rows):
    found = defaultdict(set)
    for row in rows:
        for code in defects(row.answer):
            found[code].add(row.line)

    assert {code: len(lines) for code, lines in found.items()} == {
        "escaped-newlines": 40,
        "mixed-newlines": 20,
        "code-without-fence": 257,
        "fence-without-tag": 31,
        "quoted-code": 18,
        "short-answer": 22,
    }
    assert found == planted.defects


def test_every_repeated_prompt_is_found_and_nothing_else(planted, rows):
    groups = repeated_prompts([(row.line, prompt_key(row.prompt), row.answer) for row in rows])

    sizes = Counter(len(group.lines) for group in groups)
    assert (len(groups), sizes[2], sizes[3], sum(len(group.lines) for group in groups)) == (375, 359, 16, 766)
    assert [(group.lines, group.conflicting) for group in groups] == planted.repeated


def test_mending_a_planted_defect_leaves_none(planted, rows):
    for code, lines in planted.defects.items():
        if code in ("short-answer", "mixed-newlines"):
            continue
        for line in lines:
            mended = mend(code, rows[line - 1].answer)

            assert mended
            assert defects(mended) == [], (code, mended)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (f"```bbj\n{CODE}\n```", []),
        (CODE, ["code-without-fence"]),
        ('print "a single statement"', ["code-without-fence"]),
        (f"Like this:\n\n{CODE}\n\nIt prints.", ["code-without-fence"]),
        ("Like this:\na$ = str(5)\n\nIt makes text.", ["code-without-fence"]),
        ("Like this.\n\na$ = str(5)\n\nIt makes text.", ["code-without-fence"]),
        ("Write it so\na$ = str(5)\nand it is text.", []),
        ("Use print to print.\nClose the channel first.\nReturn to the menu.", []),
        ("Call it:\nRun it\nwhen you like", []),
        (f"```\n{CODE}\n```", ["fence-without-tag"]),
        ("It prints:\n```\nHello there\nTotal due\n```\nand ends.", []),
        ("> " + CODE.replace("\n", "\n> "), ["quoted-code"]),
        ("> Read the manual first.\n> It says more.", []),
        (CODE.replace("\n", "\\n"), ["escaped-newlines"]),
        (f"{CODE}\\nprint b$", ["mixed-newlines", "code-without-fence"]),
        ('In BBj "\\n" inside a string is two characters and no line break.', ["mixed-newlines"]),
        ("The file lies in C:\\new\\notes.\nOpen it there.", []),
        ("1234567890", ["short-answer"]),
        ("12345678901", []),
    ],
)
def test_each_check_fires_on_its_defect_and_on_nothing_like_it(answer, found):
    assert defects(answer) == found


def test_every_shipped_program_that_stands_bare_gets_one_fence_around_all_of_it():
    for program in shipped_programs():
        mended = mend("code-without-fence", f"Like this.\n\n{program}\n\nThat is all there is to it.")

        assert mended == f"Like this.\n\n```bbj\n{program}\n```\n\nThat is all there is to it."


def test_no_shipped_prose_is_taken_for_code():
    pages = [*ROOT.parent.glob("docs/**/*.md"), *ROOT.glob("*.md")]

    for page in pages:
        assert [part.body for part in passages(page.read_text()) if part.kind == "code"] == [], page


def test_labels_that_the_code_names_stay_with_it_and_a_note_does_not():
    code = "menu:\nprint a$\ngosub work\ngoto menu\n\nwork:"

    assert mend("code-without-fence", f"Note:\n{code}\n\nRemarks:\nIt loops.") == (
        f"Note:\n```bbj\n{code}\n```\n\nRemarks:\nIt loops."
    )


def test_an_escaped_answer_is_unescaped_as_json_escaped_it():
    assert mend("escaped-newlines", 'rem x\\nprint \\"a\\"\\n\\tend') == 'rem x\nprint "a"\n\tend'


def test_where_other_backslashes_stand_only_line_breaks_are_undone():
    assert mend("escaped-newlines", 'open (1)"C:\\data\\x"\\nend') == 'open (1)"C:\\data\\x"\nend'


def test_a_person_says_which_literal_line_break_is_one():
    answer = 'print "a\\nb"\\nend\n'

    assert [quoted for _, quoted in newline_places(answer)] == [True, False]
    assert mend("mixed-newlines", answer) == 'print "a\\nb"\nend\n'
    assert mend("mixed-newlines", answer, places=[0]) == 'print "a\nb"\\nend\n'
    assert mend("mixed-newlines", answer, places=[]) is None


@given(st.text(alphabet="ab \n`>~\"'\\nr=$:()rem", max_size=200))
def test_passages_cover_a_text_in_order_and_mending_never_raises(text):
    parts = passages(text)

    assert all(before.last < after.first for before, after in pairwise(parts))
    for code in DEFECTS:
        mend(code, text)
    defects(text)


@given(st.text(max_size=200))
def test_a_mend_mends(text):
    for code in ("fence-without-tag", "quoted-code", "code-without-fence"):
        if code in defects(text) and (mended := mend(code, text)):
            assert code not in defects(mended)


@pytest.mark.parametrize(
    "piece", ['"\\n', "\\n", "a\n\\n", "> a\n", "```\n", "`", '"', "rem x\n", "a=1\n\n", "l:\n", "C:\\", "\n"]
)
def test_a_hostile_answer_takes_no_longer_than_its_length(piece):
    answer = piece * (300_000 // len(piece))
    started = time.process_time()

    for code in defects(answer):
        mend(code, answer)

    assert time.process_time() - started < 10
