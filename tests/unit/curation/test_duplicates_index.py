"""An index that is edited answers like one that was built from the texts as they are now."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from rapidfuzz.distance import Indel

from curation.domain.duplicates import Index, Match, Pair, find_pairs
from curation.domain.duplicates import index as index_module

TEXTS = st.one_of(
    st.text(alphabet="ab ", max_size=6),
    st.text(alphabet="abcdefgü€\n", min_size=8, max_size=12),
    st.sampled_from(["print name$", "print names$", "print name$\n", ""]),
)
THRESHOLDS = st.sampled_from([0.5, 0.8, 0.9, 1.0])


class Edits(RuleBasedStateMachine):
    """Beside the index stands what it should hold: number -> text."""

    def __init__(self) -> None:
        super().__init__()
        self.index = Index(["print name$", "", "print name$"])
        self.texts = {0: "print name$", 1: "", 2: "print name$"}

    @rule(text=TEXTS)
    def add(self, text: str) -> None:
        i = self.index.add(text)

        assert i > max(self.texts, default=-1)
        self.texts[i] = text

    @precondition(lambda self: self.texts)
    @rule(data=st.data(), text=TEXTS)
    def replace(self, data: st.DataObject, text: str) -> None:
        i = data.draw(st.sampled_from(sorted(self.texts)))
        self.index.replace(i, text)
        self.texts[i] = text

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        i = data.draw(st.sampled_from(sorted(self.texts)))
        self.index.remove(i)
        del self.texts[i]

    @rule(text=TEXTS, threshold=THRESHOLDS)
    def query(self, text: str, threshold: float) -> None:
        scores = {i: Indel.normalized_similarity(text, other) for i, other in self.texts.items()}
        expected = [Match(i, score) for i, score in scores.items() if score >= threshold]

        assert self.index.query(text, threshold) == sorted(expected, key=lambda m: (-m.score, m.i))

    @rule(threshold=THRESHOLDS)
    def rebuild(self, threshold: float) -> None:
        numbers = sorted(self.texts)
        rebuilt = find_pairs([self.texts[i] for i in numbers], threshold)

        assert self.index.pairs(threshold) == [Pair(numbers[p.i], numbers[p.j], p.score) for p in rebuilt]

    @invariant()
    def holds_the_texts(self) -> None:
        assert len(self.index) == len(self.texts)


@pytest.fixture(autouse=True)
def short_tail(monkeypatch):
    """So that a few edits make a new base."""
    monkeypatch.setattr(index_module, "_SHORTEST_TAIL", 3)


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_text_is_not_near_to_itself():
    index = Index(["print name$", "print names$", "return"])

    assert [match.i for match in index.near(0, 0.8)] == [1]


def test_a_number_is_never_given_again():
    index = Index(["print"])
    index.remove(0)

    assert index.add("print") == 1
    with pytest.raises(KeyError):
        index.near(0, 0.8)
