from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from curation.domain import duplicates
from curation.domain.duplicates import Index, Pair, clusters, find_pairs


def brute_force(texts: list[str], threshold: float) -> list[Pair]:
    scores = {
        (i, j): Indel.normalized_similarity(texts[i], texts[j]) for i, j in combinations(range(len(texts)), 2)
    }
    return sorted(Pair(i, j, score) for (i, j), score in scores.items() if score >= threshold)


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
