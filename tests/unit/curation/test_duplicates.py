from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz import process
from rapidfuzz.distance import Indel

from curation.domain import duplicates
from curation.domain.duplicates import (
    Index,
    Pair,
    clusters,
    find_edges,
    find_likely_pairs,
    find_pairs,
    find_pairs_in_processes,
)
from studio.benchmarks import duplicate_texts


def brute_force(texts: list[str], threshold: float) -> list[Pair]:
    scores = {
        (i, j): Indel.normalized_similarity(texts[i], texts[j]) for i, j in combinations(range(len(texts)), 2)
    }
    return sorted(Pair(i, j, score) for (i, j), score in scores.items() if score >= threshold)


@pytest.fixture(scope="module")
def scored_examples() -> tuple[list[str], np.ndarray]:
    """Texts like the studio's, and the float64 [texts, texts] scores of all their pairs."""
    texts = list(duplicate_texts.texts(250))
    return texts, process.cdist(texts, texts, scorer=Indel.normalized_similarity, dtype=np.float64)


@settings(max_examples=50, deadline=None)
@example(["aa", "aaa"], 0.8)  # exactly at the threshold: rapidfuzz's own cutoff loses it
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


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.85, 0.9, 0.95])
def test_no_pair_of_programs_is_lost_on_the_way_to_the_judge(threshold: float):
    """Texts long enough for every step of the cascade, with planted relatives of all degrees."""
    random = Random(13)
    words = ["print", "name$", "window!.addButton(101)", "rem", "=", "for i=1 to 9", "ü", "\n", "if x then"]
    texts = [" ".join(random.choices(words, k=random.randint(4, 40))) for _ in range(20)]
    for _ in range(40):
        signs = list(random.choice(texts))
        for _ in range(random.randrange(len(signs) // 4 + 1)):
            signs[random.randrange(len(signs))] = random.choice("ab ")
        texts.append("".join(signs))

    found = find_pairs(texts, threshold)

    assert found == brute_force(texts, threshold)
    assert found


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.85, 0.9, 0.95])
def test_a_pair_exactly_at_the_threshold_is_a_pair(threshold: float):
    for length in (*range(1, 40), 2_000):
        for longer in {int(length * (2 - threshold) / threshold) + step for step in (-1, 0, 1)}:
            texts = ["a" * length, "a" * max(length + 1, longer)]

            assert find_pairs(texts, threshold) == brute_force(texts, threshold)


@pytest.mark.parametrize("threshold", [0.8, 0.85, 0.9, 0.95])
def test_pairs_of_examples_are_those_of_brute_force(scored_examples, threshold: float):
    texts, scores = scored_examples

    found = find_pairs(texts, threshold)

    rows, columns = np.nonzero(np.triu(scores >= threshold, k=1))
    expected = zip(rows.tolist(), columns.tolist(), scores[rows, columns].tolist(), strict=True)
    assert found == [Pair(i, j, score) for i, j, score in expected]
    assert found


@pytest.mark.parametrize("signs", ["привет мир", "日本語の文章", "😀😃😄", "\ud800ab", "\0\n\x7f"])
def test_texts_of_any_characters_are_compared(signs: str):
    random = Random(5)
    texts = ["".join(random.choices(signs, k=random.randint(1, 12))) for _ in range(40)]

    assert find_pairs(texts, 0.7) == brute_force(texts, 0.7)


def test_a_text_too_long_for_small_counts_is_compared():
    texts = ["a" * 40_000 + "b", "a" * 40_000 + "c", "b" * 40_001, "a" * 30_000]

    assert find_pairs(texts, 0.8) == brute_force(texts, 0.8)
    assert [match.i for match in Index(texts).query("a" * 30_000, 0.8)] == [3, 0, 1]
    assert [match.i for match in Index(texts[3:]).query(texts[0], 0.8)] == [0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(alphabet="abc", max_size=8), max_size=12),
    st.sampled_from([0.5, 0.7, 0.8, 1.0]),
)
def test_edges_make_the_clusters_of_all_pairs_with_the_fewest_pairs(texts: list[str], threshold: float):
    pairs, edges = find_pairs(texts, threshold), find_edges(texts, threshold)

    leaders = clusters(len(texts), edges)
    assert leaders == clusters(len(texts), pairs)
    assert len(edges) == len(texts) - len(set(leaders))
    assert set(edges) <= set(pairs)


@pytest.mark.parametrize("text", ["print {0}", "print name$; rem the same program, over and over: {0}"])
def test_two_thousand_texts_of_one_cluster_take_1999_edges(text: str):
    copies = [text] * 2_000
    variants = [text.format(number) for number in range(2_000)]

    for texts in (copies, variants):
        edges = find_edges(texts, 0.5)

        assert len(edges) == 1_999
        assert set(clusters(2_000, edges)) == {0}


def test_who_asks_is_told_how_far_the_search_for_edges_is():
    told: list[tuple[int, int]] = []

    find_edges([f"text {n}" for n in range(1_500)], 0.95, lambda *how_far: told.append(how_far))

    assert told == [(n, len(told)) for n in range(len(told))]
    assert len(told) > 1


@pytest.mark.parametrize("threshold", [0.8, 0.9])
def test_likely_pairs_are_true_and_the_share_of_found_ones_is_told(threshold: float):
    texts = list(duplicate_texts.texts(500))
    pairs = find_pairs(texts, threshold)

    likely = find_likely_pairs(texts, threshold, sample=len(texts))

    assert set(likely.pairs) <= set(pairs)
    assert likely.pairs == sorted(likely.pairs)
    different = len({(texts[pair.i], texts[pair.j]) for pair in pairs if texts[pair.i] != texts[pair.j]})
    assert (likely.sampled, likely.true_pairs) == (len(set(texts)), different)
    assert likely.found_pairs / likely.true_pairs > 0.95


@pytest.mark.parametrize("texts", [[], [""], ["", " ", "\n"], ["a", "a"], ["a b"]])
def test_few_and_empty_texts_are_no_trouble(texts: list[str]):
    expected = brute_force(texts, 0.5)

    assert find_pairs(texts, 0.5) == expected
    assert find_likely_pairs(texts, 0.5).pairs == expected
    assert Index(texts).query("", 0.5) == Index([""] * texts.count("")).query("", 0.5)


def test_several_processes_find_what_one_finds():
    texts = list(duplicate_texts.texts(300))

    assert find_pairs_in_processes(texts, 0.85) == find_pairs(texts, 0.85)


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold: float):
    with pytest.raises(ValueError, match="outside"):
        find_pairs(["a"], threshold)


def test_a_chain_of_pairs_is_one_cluster():
    assert clusters(5, [Pair(3, 4, 1.0), Pair(0, 3, 1.0)]) == [0, 1, 2, 0, 0]


def test_comments_case_layout_and_line_numbers_do_not_make_code_different():
    numbered = '10 REM first\n20 PRINT "A";REM said\n'

    assert duplicates.normalise_code(numbered) == duplicates.normalise_code('print   "a";\n')


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ('print "a; rem b"', ["print", '"a;·rem·b"']),
        ("if x then rem why\nfi", ["if", "x", "then", "fi"]),
        ("done: rem why", ["done", ":"]),
        ("rem15 = 1", ["rem15", "=", "1"]),
        ('name$ = "a"+\n:"b"', ["name$", "=", '"a"', "+", '"b"']),
        ("straße! = 1", ["strasse!", "=", "1"]),
        ("", []),
    ],
)
def test_code_is_compared_token_by_token(code: str, tokens: list[str]):
    assert duplicates.normalise_code(code).split() == tokens
