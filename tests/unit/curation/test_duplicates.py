from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from curation.domain import duplicates
from curation.domain.duplicates import Index, Pair, clusters, find_pairs


def brute_force(texts: list[str], threshold: float) -> list[Pair]:
    scores = {(i, j): Indel.normalized_similarity(texts[i], texts[j]) for j in range(len(texts)) for i in range(j)}
    return sorted(Pair(i, j, score) for (i, j), score in scores.items() if score >= threshold)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(alphabet="abcé\n", max_size=12), max_size=12),
    st.sampled_from([0.3, 0.5, 0.8, 0.85, 0.9, 0.95, 1.0]),
)
def test_pairs_are_those_of_brute_force(texts: list[str], threshold: float):
    assert find_pairs(texts, threshold) == brute_force(texts, threshold)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="ab", max_size=8), max_size=10), st.text(alphabet="ab", max_size=8))
def test_a_query_finds_what_a_scan_finds(texts: list[str], asked: str):
    found = {match.i: match.score for match in Index(texts).query(asked, 0.7)}

    scores = {i: Indel.normalized_similarity(asked, text) for i, text in enumerate(texts)}
    assert found == {i: score for i, score in scores.items() if score >= 0.7}


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_a_threshold_outside_its_range_is_refused(threshold: float):
    with pytest.raises(ValueError, match="outside"):
        find_pairs(["a"], threshold)


def test_a_chain_of_pairs_is_one_cluster():
    assert clusters(5, [Pair(3, 4, 1.0), Pair(0, 3, 1.0)]) == [0, 1, 2, 0, 0]


def test_comments_case_layout_and_line_numbers_do_not_make_code_different():
    numbered = '10 REM first\n20 PRINT "A";REM said\n'

    assert duplicates.normalise_code(numbered) == duplicates.normalise_code('print   "a";\n')
