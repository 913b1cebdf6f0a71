from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.labels import GENERATIONS
from curation.domain.weights import weigh

LABELS = st.lists(st.sampled_from(GENERATIONS), min_size=0, max_size=4, unique=True)


def test_a_rare_label_weighs_more_by_the_square_root_of_how_rare_it_is():
    weights = weigh([["dwc"]] * 4 + [["vpro5"]] * 16)

    assert weights.rows_of == {"dwc": 4, "vpro5": 16}
    assert weights.of(["dwc"]) == pytest.approx(2 * weights.of(["vpro5"]), abs=2e-6)
    # By hand: raw 1/2 and 1/4, sum 4/2 + 16/4 = 6, so times 20/6.
    assert (weights.of(["dwc"]), weights.of(["vpro5"])) == (1.666667, 0.833333)


def test_a_row_with_two_labels_counts_for_both_and_weighs_their_mean():
    weights = weigh([["dwc"], ["bbj-gui", "dwc"], ["bbj-gui", "dwc"], ["bbj-gui"]])

    assert weights.rows_of == {"bbj-gui": 3, "dwc": 3}
    assert weights.of(["bbj-gui", "dwc"]) == weights.of(["dwc"]) == 1


def test_a_row_without_a_label_weighs_one_and_changes_nothing():
    rows = [["dwc"], ["vpro5"], ["vpro5"]]

    assert weigh([*rows, [], []]) == weigh(rows)
    assert weigh(rows).of([]) == 1
    assert weigh([]).of([]) == 1


@given(st.lists(LABELS, min_size=1, max_size=40))
def test_labelled_rows_weigh_one_on_average_whatever_their_order(rows):
    weights = weigh(rows)

    assert weights == weigh(reversed(rows))
    labelled = [weights.of(labels) for labels in rows if labels]
    if labelled:
        assert math.fsum(labelled) / len(labelled) == pytest.approx(1, abs=1e-6)
