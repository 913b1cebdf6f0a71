"""Clusters follow from bonds and decisions; fewer edges than pairs connect the same examples."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from curation.domain.resolution import (
    STEPS,
    Bond,
    Candidate,
    by_worth,
    clusters_of,
    code_threshold,
    counts_by_step,
    edges_of,
    level_of_code,
    precision,
    wilson,
)

EXAMPLES = st.integers(1, 9)
SIDES = st.lists(EXAMPLES, min_size=1, max_size=5, unique=True).map(tuple)
LEVELS = st.sampled_from(STEPS)
BONDS = st.lists(
    st.one_of(
        st.builds(lambda side, level: Bond(side, side, level), SIDES, LEVELS),
        st.builds(Bond, SIDES, SIDES, LEVELS),
    ),
    max_size=6,
)
DISTINCT = st.frozensets(st.tuples(EXAMPLES, EXAMPLES).filter(lambda pair: pair[0] < pair[1]), max_size=12)


def _by_all_pairs(bonds, distinct, threshold) -> set[frozenset[int]]:
    near = {
        (min(a, b), max(a, b))
        for bond in bonds
        if bond.level >= threshold
        for a, b in product(bond.left, bond.right)
        if a != b
    } - distinct
    groups = {one: {one} for pair in near for one in pair}
    for a, b in near:
        joined = groups[a] | groups[b]
        for one in joined:
            groups[one] = joined
    return {frozenset(group) for group in groups.values()}


@given(BONDS, DISTINCT, LEVELS)
def test_the_few_edges_connect_what_all_pairs_would(bonds, distinct, threshold):
    found = clusters_of(edges_of(bonds, distinct), threshold)

    assert {frozenset(cluster.members) for cluster in found} == _by_all_pairs(bonds, distinct, threshold)


@given(BONDS, DISTINCT)
def test_the_counts_of_the_slider_are_those_of_the_clusters(bonds, distinct):
    edges = edges_of(bonds, distinct)

    for step, (clusters, examples) in counts_by_step(edges).items():
        found = clusters_of(edges, step)
        assert (clusters, examples) == (len(found), sum(len(cluster.members) for cluster in found))


@given(BONDS, DISTINCT)
def test_no_edge_joins_a_pair_that_was_judged_distinct(bonds, distinct):
    assert not {(edge.a, edge.b) for edge in edges_of(bonds, distinct)} & distinct


def test_two_thousand_identical_examples_are_no_two_million_edges():
    everybody = tuple(range(1, 2001))
    bond = Bond(everybody, everybody, 1.0)

    assert len(edges_of([bond], set())) < 4000
    assert len(edges_of([bond], {(1, 2), (1, 3)})) < 4000
    (cluster,) = clusters_of(edges_of([bond], {(1, 2)}), 0.85)
    assert cluster.members == everybody


def test_the_default_step_is_the_rule_of_the_split():
    assert code_threshold(0.85) == 0.95
    assert code_threshold(0.80) == 0.90
    assert level_of_code(0.95) == 0.85
    assert level_of_code(1.0) == 1.0


def test_the_one_worth_keeping_is_sound_then_approved_then_longer_then_older():
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    ranked = [
        Candidate(1, True, True, 500, old),
        Candidate(2, True, True, 500, new),
        Candidate(3, True, True, 400, old),
        Candidate(4, True, False, 900, old),
        Candidate(5, False, True, 900, old),
    ]

    assert by_worth(reversed(ranked)) == ranked


@pytest.mark.parametrize(("successes", "n"), [(k, n) for n in (1, 5, 40) for k in {0, 1, n // 2, n}])
def test_the_interval_is_wilsons(successes, n):
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")

    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_precision_speaks_of_the_pairs_judged_at_or_above_the_threshold():
    judged = [(0.99, True), (0.9, True), (0.86, False), (0.81, False)]

    assert [(p.duplicates, p.judged) for p in (precision(judged, t) for t in (0.8, 0.85, 0.9, 1.0))] == [
        (2, 4),
        (2, 3),
        (2, 2),
        (0, 0),
    ]
    assert precision(judged, 1.0).value is None
    assert (precision([], 0.8).low, precision([], 0.8).high) == (0.0, 1.0)
