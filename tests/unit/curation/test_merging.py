"""A merge takes what one side changed, never drops a line of a conflict, and takes no time on a hard text."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.merging import MOST_CONFLICTS, Choice, Piece, conflicts, merge, merged
from curation.domain.token_diff import MOST_MATCHED

SIDES: tuple[Choice, Choice] = ("theirs", "mine")
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "let x = 1"]), max_size=12).map("\n".join)


def kinds(pieces) -> list[str]:
    return [piece.kind for piece in pieces]


@given(TEXTS, TEXTS, TEXTS)
def test_the_lines_of_each_side_give_its_text_back(base, theirs, mine):
    pieces = merge(base, theirs, mine)

    for side, text in (("base", base), ("theirs", theirs), ("mine", mine)):
        assert "\n".join(line for piece in pieces for line in getattr(piece, side)) == text


@given(TEXTS, TEXTS)
def test_merging_with_an_unchanged_side_gives_the_other_side(base, changed):
    assert merged(merge(base, base, changed), []) == changed
    assert merged(merge(base, changed, base), []) == changed
    assert merged(merge(base, changed, changed), []) == changed


@given(TEXTS, TEXTS, TEXTS)
def test_choosing_a_side_everywhere_keeps_what_only_the_other_side_changed(base, theirs, mine):
    pieces = merge(base, theirs, mine)

    for side in SIDES:
        lines = merged(pieces, [side for _ in conflicts(pieces)])
        expected = [
            line
            for piece in pieces
            for line in getattr(piece, side if piece.kind == "conflict" else _changed_by(piece))
        ]
        assert lines == "\n".join(expected)


def _changed_by(piece: Piece) -> str:
    return "mine" if piece.kind == "mine" else "theirs"


@given(st.one_of(st.none(), TEXTS), TEXTS, TEXTS)
def test_a_conflict_keeps_every_line_of_both_sides_somewhere(base, theirs, mine):
    pieces = merge(base, theirs, mine)
    kept = Counter(merged(pieces, ["both" for _ in conflicts(pieces)]).split("\n"))

    for piece in conflicts(pieces):
        assert not Counter(piece.theirs) + Counter(piece.mine) - kept


@given(TEXTS, TEXTS, TEXTS)
def test_it_does_not_matter_who_is_who(base, theirs, mine):
    swapped = {"theirs": "mine", "mine": "theirs"}

    assert kinds(merge(base, mine, theirs)) == [swapped.get(k, k) for k in kinds(merge(base, theirs, mine))]


@given(TEXTS, TEXTS)
def test_without_a_base_nothing_is_decided_alone(theirs, mine):
    pieces = merge(None, theirs, mine)

    assert set(kinds(pieces)) <= {"unchanged", "alike", "conflict"}
    for side, text in zip(SIDES, (theirs, mine), strict=True):
        assert merged(pieces, [side for _ in conflicts(pieces)]) == text


def test_changes_of_different_lines_are_both_taken():
    pieces = merge("one\ntwo\nthree\nfour", "ONE\ntwo\nthree\nfour", "one\ntwo\nthree\nfour\nfive")

    assert kinds(pieces) == ["theirs", "unchanged", "mine"]
    assert merged(pieces, []) == "ONE\ntwo\nthree\nfour\nfive"


def test_changes_of_the_same_line_are_a_conflict_of_that_line_alone():
    pieces = merge("rem a\nx = 1\nend", "rem a\nnew\nx = 2\nend", "rem a\nnew\nx = 3\nend")

    assert conflicts(pieces) == [Piece("conflict", ("x = 1",), ("x = 2",), ("x = 3",))]
    assert merged(pieces, ["both"]) == "rem a\nnew\nx = 2\nx = 3\nend"


def test_deleting_what_the_other_side_changes_is_a_conflict():
    pieces = merge("a\nb\nc", "a\nc", "a\nB\nc")

    assert conflicts(pieces) == [Piece("conflict", ("b",), (), ("B",))]


@pytest.mark.parametrize("choices", [[], ["mine", "mine"]])
def test_each_conflict_has_one_choice(choices):
    with pytest.raises(ValueError):
        merged(merge("a", "b", "c"), choices)


def test_more_conflicts_than_anybody_chooses_are_one():
    def text(word: str) -> str:
        return "\n".join(f"line {n}\n{word}" for n in range(MOST_CONFLICTS + 1))

    pieces = merge(text("base"), text("theirs"), text("mine"))

    assert kinds(pieces) == ["unchanged", "conflict"]
    assert merged(pieces, ["mine"]) == text("mine")


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ("\n" * 1_000_000, "\n" * 999_999),
        ("a\nb\n" * 60_000, "b\na\n" * 60_000),
        ("x\n" * MOST_MATCHED, "y\nx\n" * (MOST_MATCHED // 2)),
    ],
)
def test_a_hard_text_takes_no_time(theirs, mine):
    started = time.monotonic()

    pieces = merge("a\nx\n" * 50_000, theirs, mine)

    assert merged(pieces, ["mine" for _ in conflicts(pieces)])
    assert time.monotonic() - started < 5
