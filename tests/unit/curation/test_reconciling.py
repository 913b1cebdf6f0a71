"""A file never replaces a text of the studio that whoever edited it had not seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.reconciling import change_of

HASHES = st.sampled_from(["a", "b", "c", "d"])
HISTORY = st.lists(HASHES, max_size=5)


@pytest.mark.parametrize(
    ("file", "history", "base", "expected"),
    [
        ("x", "", None, "new"),
        ("x", "", "", "new"),
        ("a", "a", "a", "unchanged"),
        ("b", "ab", "a", "unchanged"),  # the same change on both sides
        ("x", "a", "a", "changed"),  # only the file
        ("a", "ab", "a", "older"),  # only the studio
        ("x", "ab", "a", "conflict"),
        ("b", "abc", "a", "older"),  # edited, imported, and then changed here
        ("a", "abc", "b", "conflict"),  # put back on disk to what it was before the export
        ("a", "ab", "b", "changed"),  # the same, and the studio did nothing since
        ("x", "a", "", "conflict"),  # made here and there at once
        ("a", "ab", "", "older"),
        ("x", "a", "q", "conflict"),  # exported by another studio
        ("q", "a", "q", "conflict"),
        ("a", "aba", "a", "unchanged"),
        ("x", "aba", "a", "changed"),  # what happened here was taken back
        ("x", "a", None, "changed"),
        ("a", "ab", None, "older"),
    ],
)
def test_who_changed_it_decides(file, history, base, expected):
    assert change_of(file, list(history), base=base) == expected


@given(HASHES, HISTORY, HASHES)
def test_with_a_known_base_only_the_text_that_was_exported_is_replaced(file, history, base):
    if change_of(file, history, base=base) == "changed":
        assert history[-1] == base


@given(HASHES, HISTORY, st.one_of(st.none(), HASHES))
def test_the_present_text_is_never_imported_again(file, history, base):
    assert (change_of(file, history, base=base) == "unchanged") == (history[-1:] == [file])


@given(HASHES, HISTORY)
def test_without_a_base_no_text_of_the_past_comes_back(file, history):
    if change_of(file, history, base=None) in ("new", "changed"):
        assert file not in history
