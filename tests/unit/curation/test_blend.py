from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import blend

HASHES = st.lists(st.text("0123456789abcdef", min_size=4, max_size=4), unique=True, max_size=30)


@given(st.integers(0, 100_000), st.integers(0, blend.MOST_PER_MILLE))
def test_the_share_is_that_of_all_rows_to_half_a_row(rows, per_mille):
    count = blend.needed(rows, per_mille)

    exact = rows * per_mille / (1000 - per_mille)
    assert abs(count - exact) <= 0.5


def test_a_tenth_beside_ninety_is_ten():
    assert [blend.needed(90, share) for share in (0, 100, 500)] == [0, 10, 90]


@pytest.mark.parametrize("per_mille", [-1, 501])
def test_a_share_outside_is_refused(per_mille):
    with pytest.raises(ValueError, match="outside"):
        blend.needed(10, per_mille)


@given(HASHES, st.integers(0, 30), st.integers(0, 30))
def test_a_larger_count_adds_to_the_smaller(hashes, few, many):
    few, many = sorted((few, many))

    assert set(blend.chosen(hashes, seed=7, count=few)) <= set(blend.chosen(hashes, seed=7, count=many))


@given(HASHES.filter(bool), st.integers(0, 30))
def test_a_text_that_comes_in_displaces_one_at_most(hashes, count):
    before = hashes[:-1]

    gone = set(blend.chosen(before, seed=7, count=count)) - set(blend.chosen(hashes, seed=7, count=count))

    assert len(gone) <= 1
    assert blend.chosen(hashes, seed=7, count=count) == blend.chosen(hashes[::-1], seed=7, count=count)
