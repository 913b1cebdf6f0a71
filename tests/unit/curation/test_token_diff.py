"""A diff gives both texts back, marks what the other side lacks, and takes no time on a hard text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.token_diff import MOST_LINES, diff

TEXTS = st.text(alphabet="ab=1 \n$", max_size=80)


@given(TEXTS, TEXTS)
def test_the_lines_of_a_side_give_its_text_back(left, right):
    rows = diff(left, right).rows

    for side, text in (("left", left), ("right", right)):
        lines = [line for row in rows if (line := getattr(row, side))]
        assert "\n".join(line.text for line in lines) == text
        assert [line.number for line in lines] == list(range(1, len(lines) + 1))
        for line in lines:
            assert all(0 <= start < end <= len(line.text) for start, end in line.marks)


@given(TEXTS, TEXTS)
def test_without_its_marks_a_changed_line_is_the_same_on_both_sides(left, right):
    for row in diff(left, right).rows:
        if row.left and row.right:
            assert _unmarked(row.left) == _unmarked(row.right)
        assert row.left or row.right


def _unmarked(line) -> str:
    marked = {n for start, end in line.marks for n in range(start, end)}
    return "".join(sign for n, sign in enumerate(line.text) if n not in marked)


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text):
    assert all(row.same for row in diff(text, text).rows)


def test_only_the_changed_token_is_marked():
    same, changed = diff('print "a"\ntotal = total + 1', 'print "a"\nsum = sum + 1').rows

    assert same.same
    assert changed.left
    assert changed.right
    assert [changed.left.text[a:b] for a, b in changed.left.marks] == ["total", "total"]
    assert [changed.right.text[a:b] for a, b in changed.right.marks] == ["sum", "sum"]


def test_an_added_line_does_not_shift_those_below_it():
    rows = diff("let alpha = 1\nlet beta = 2", "rem new\nlet alpha = 10\nlet beta = 20").rows

    assert [(row.left and row.left.number, row.right and row.right.number) for row in rows] == [
        (None, 1),
        (1, 2),
        (2, 3),
    ]


def test_a_line_in_capitals_stands_beside_the_same_in_small_letters():
    (row, _) = diff("print total\nend", "PRINT TOTAL\nend").rows

    assert row.left
    assert row.right
    assert row.right.text == "PRINT TOTAL"


HARD = {
    "short lines": ("a\n" * 32_000, "b\n" * 32_000),
    "short lines, interleaved": ("a\nb\n" * 16_000, "b\na\n" * 16_000),
    "one long line": ("x " * 32_000, "y " * 32_000),
    "blocks": (
        "\n".join(f"let a{n} = {n}" for n in range(1900)),
        "\n".join(f"let b{n} = {n}" for n in range(1900)),
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_a_hard_text_of_64_kb_is_compared_at_once(name):
    start = time.process_time()
    found = diff(*HARD[name])

    assert time.process_time() - start < 1.0
    assert found.left_out == sum(max(0, text.count("\n") + 1 - MOST_LINES) for text in HARD[name])
