"""A decision holds for the texts that were judged, takes the loser out, and can be taken back."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from curation.models import Example, PairJudgement
from curation.services import (
    comparing,
    finding,
    reserving,
    resolving,
    reviewing,
    snapshotting,
    standing,
    surveying,
)
from tests import makers

BASE = makers.example_text("Add up orders", description="Add up all orders")


def variant(n: int) -> str:
    """Near to BASE and to every other variant."""
    return BASE.replace("## Explanation\n\n", f"## Explanation\n\nNumber {n}. ")


def near_examples(n: int) -> list[Example]:
    made = [makers.example(text=variant(k)) for k in range(n)]
    comparing.compare()
    return made


def texts(*examples: Example) -> dict[int, str]:
    return {example.pk: example.content_hash for example in examples}


def keep(kept: Example, *others: Example, judge=None) -> uuid.UUID:
    return resolving.keep(
        kept=kept, others=others, texts=texts(kept, *others), judge=judge or makers.user("reviewer")
    )


def distinct(a: Example, b: Example, judge=None, reason="") -> uuid.UUID:
    return resolving.mark_distinct(
        pair=(a, b), texts=texts(a, b), judge=judge or makers.user("reviewer"), reason=reason
    )


def clusters() -> list[tuple[int, ...]]:
    return [cluster.members for cluster in surveying.landscape().clusters(surveying.DEFAULT)]


def test_near_examples_are_one_cluster_until_one_is_kept(db):
    a, b, c = near_examples(3)
    assert clusters() == [(a.pk, b.pk, c.pk)]

    keep(b, a, c)

    assert clusters() == []
    assert [reviewing.status_of(one) for one in (a, b, c)] == ["set_aside", "needs_review", "set_aside"]


def test_what_was_set_aside_leaves_the_queue_and_the_dataset_version(db):
    a, b = near_examples(2)
    for one in (a, b):
        makers.review(one)
    assert len(snapshotting.plan_snapshot().chosen.examples) == 2

    action = keep(a, b)

    assert [one.example for one in snapshotting.plan_snapshot().chosen.examples] == [a.pk]
    assert not reserving.waiting_for(makers.user("reviewer")).filter(pk=b.pk).exists()

    resolving.undo(action=action, judge=makers.user("reviewer"))
    assert reviewing.status_of(b) == "approved"
    assert clusters() == [(a.pk, b.pk)]


def test_an_example_comes_back_when_the_one_that_was_kept_is_rejected(db):
    a, b = near_examples(2)
    keep(a, b)

    makers.review(a, "reject")

    assert reviewing.status_of(b) == "needs_review"


def test_an_example_comes_back_when_the_kept_one_is_given_up_for_a_third(db):
    a, b, c = near_examples(3)
    keep(a, b)
    keep(c, a)

    assert [reviewing.status_of(one) for one in (a, b, c)] == ["set_aside", "needs_review", "needs_review"]
    assert clusters() == [(b.pk, c.pk)]


def test_what_was_set_aside_cannot_be_kept_over_another(db):
    a, b, c = near_examples(3)
    keep(a, b)

    with pytest.raises(resolving.Refused, match="itself set aside"):
        keep(b, c)
    assert PairJudgement.objects.count() == 1


def test_a_circle_of_decisions_loses_nobody(db):
    a, b, c = near_examples(3)
    keep(a, b)
    makers.edited(a, variant(8))
    keep(b, c)
    makers.edited(a, variant(0))  # while c is being kept over it in another window
    PairJudgement.objects.bulk_create(
        [
            PairJudgement(
                first=a,
                second=c,
                first_hash=a.content_hash,
                second_hash=c.content_hash,
                verdict="keep_second",
                judge=makers.user("reviewer"),
                action=uuid.uuid4(),
            )
        ]
    )
    standing.refresh([a.pk, c.pk])

    assert {reviewing.status_of(one) for one in (a, b, c)} == {"needs_review"}


def test_a_pair_judged_distinct_is_no_cluster_any_more_and_stays_on_one_side_of_the_split(db):
    a, b = near_examples(2)
    for one in (a, b):
        makers.review(one)

    distinct(a, b, reason="they show two ways")

    assert clusters() == []
    assert surveying.landscape().near(a.pk, 0.8) == []
    plan = snapshotting.plan_snapshot()
    assert len(set(plan.clusters)) == 1
    assert len(set(plan.splits)) == 1


def test_an_edit_lifts_a_decision_and_taking_it_back_restores_it(db):
    a, b = near_examples(2)
    distinct(a, b)

    makers.edited(b, variant(7))
    comparing.compare()
    assert clusters() == [(a.pk, b.pk)]

    makers.edited(b, variant(1))
    comparing.compare()
    assert clusters() == []


def test_an_example_that_was_set_aside_comes_back_with_a_new_text(db):
    a, b = near_examples(2)
    keep(a, b)

    makers.edited(b, variant(9))

    assert reviewing.status_of(b) == "needs_review"


def test_a_decision_about_a_text_that_was_not_on_the_screen_is_refused(db):
    a, b = near_examples(2)
    seen = texts(a, b)
    makers.edited(b, variant(5))

    with pytest.raises(resolving.StaleTexts, match=f"{b.path} changed"):
        resolving.mark_distinct(pair=(a, b), texts=seen, judge=makers.user("reviewer"))
    with pytest.raises(resolving.StaleTexts):
        resolving.keep(kept=a, others=[b], texts=seen, judge=makers.user("reviewer"))
    assert not PairJudgement.objects.exists()


def test_who_decided_and_why_is_remembered(db):
    a, b = near_examples(2)
    judge = makers.user("reviewer")

    action = distinct(a, b, judge, "  two dialects  ")
    resolving.undo(action=action, judge=makers.user("maintainer"))

    said = PairJudgement.objects.order_by("pk")
    assert [(row.verdict, row.reason) for row in said] == [("distinct", "two dialects"), ("withdrawn", "")]
    assert said[0].judge == judge != said[1].judge
    assert resolving.decisions(10) == []


def test_one_decision_about_many_pairs_is_listed_whole_and_hides_no_older_one(db):
    *copies, a, b = near_examples(15)
    judge = makers.user("reviewer")
    first = distinct(a, b, judge)
    second = keep(*copies, judge=judge)

    listed = resolving.decisions(2)

    assert [rows[0].action for rows in listed] == [second, first]
    assert [len(rows) for rows in listed] == [12, 1]
    assert [len(rows) for rows in resolving.decisions(1)] == [12]


def test_undo_takes_back_ones_own_last_decision_and_only_what_still_stands(db):
    a, b, c = near_examples(3)
    judge = makers.user("reviewer")
    first, second = distinct(a, b, judge), keep(a, c, judge=judge)

    assert resolving.last_action(judge) == second
    assert len(resolving.undo(action=second, judge=judge)) == 1
    assert resolving.last_action(judge) == first
    assert resolving.undo(action=second, judge=judge) == []
    assert resolving.last_action(makers.user("reviewer")) is None


def test_a_newer_decision_about_a_pair_replaces_an_older_one(db):
    a, b = near_examples(2)
    older = keep(a, b)
    distinct(a, b)

    assert reviewing.status_of(b) == "needs_review"
    assert clusters() == []
    assert resolving.undo(action=older, judge=makers.user("reviewer")) == []


def test_judged_pairs_tell_the_precision(db):
    a, b, c = near_examples(3)
    keep(a, b)
    distinct(a, c)

    step = next(s for s in surveying.steps(surveying.landscape()) if s.threshold == surveying.DEFAULT)

    assert (step.precision.duplicates, step.precision.judged) == (1, 2)


def test_one_prompt_with_other_answers_is_a_cluster_though_little_else_is_alike(db):
    a, b = (
        makers.example(text=makers.example_text(f"Answer {n}", description="Count the lines of a file"))
        for n in range(2)
    )
    comparing.compare()

    assert clusters() == [(a.pk, b.pk)]
    assert surveying.landscape().kind(a.pk, b.pk) == "same-prompt"
    assert surveying.steps(surveying.landscape())[-1].clusters == 1


def test_a_rejected_example_waits_for_no_decision(db):
    a, _ = near_examples(2)

    makers.review(a, "reject")

    assert clusters() == []


def test_the_list_filter_finds_what_has_near_duplicates(db):
    a, b = near_examples(2)
    makers.example()
    comparing.compare()

    assert list(finding.find_examples(finding.Filters(near="yes"))) == sorted([a, b], key=lambda e: e.path)
    _, counts = finding.find_and_count(finding.Filters(near="yes"))
    assert counts.of("needs_review") == 2
    distinct(a, b)
    comparing.compare()  # which counts anew
    assert not finding.find_examples(finding.Filters(near="yes"))


class Decisions(RuleBasedStateMachine):
    """Judging, undoing, editing and comparing in any order, against a plain dictionary."""

    PAIRS = st.sampled_from([(0, 1), (0, 2), (1, 2)])

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.judge = makers.user("reviewer")
        self.author = makers.user()
        self.texts = [0, 1, 2]
        self.examples = [makers.example(text=variant(n), author=self.author) for n in self.texts]
        self.said: dict[tuple, str] = {}  # (pair, its texts) -> the last verdict
        self.actions: list[tuple[uuid.UUID, tuple]] = []

    def key(self, pair: tuple[int, int]) -> tuple:
        return pair, self.texts[pair[0]], self.texts[pair[1]]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @rule(pair=PAIRS)
    def mark_distinct(self, pair):
        a, b = (self.examples[n] for n in pair)
        self.actions.append((distinct(a, b, self.judge), self.key(pair)))
        self.said[self.key(pair)] = "distinct"

    @rule(pair=PAIRS, second=st.booleans())
    def keep_one(self, pair, second):
        kept, other = (self.examples[n] for n in (pair[::-1] if second else pair))
        try:
            action = keep(kept, other, judge=self.judge)
        except resolving.Refused:
            assert reviewing.status_of(kept) == "set_aside"
            return
        self.actions.append((action, self.key(pair)))
        self.said[self.key(pair)] = "keep_second" if second else "keep_first"

    @precondition(lambda self: self.actions)
    @rule(data=st.data())
    def undo(self, data):
        action, key = data.draw(st.sampled_from(self.actions))
        if resolving.undo(action=action, judge=self.judge):
            del self.said[key]

    @rule(n=st.integers(0, 2), text=st.integers(0, 4))
    def edit(self, n, text):
        if variant(text) != self.examples[n].head.text:
            makers.edited(self.examples[n], variant(text), author=self.author)
        self.texts[n] = text

    @rule()
    def compare(self):
        comparing.compare()

    @invariant()
    def what_stands_is_what_was_said_about_the_present_texts(self):
        standing = {(row.first_id, row.second_id): row.verdict for row in PairJudgement.objects.standing()}
        ids = [example.pk for example in self.examples]
        expected = {
            (ids[a], ids[b]): verdict
            for ((a, b), *texts), verdict in self.said.items()
            if texts == [self.texts[a], self.texts[b]]
        }
        assert standing == expected

    @invariant()
    def the_stored_status_is_the_derived_one(self):
        assert standing.refresh_all() == 0

    @invariant()
    def nobody_is_lost(self):
        """Whoever was set aside was set aside for one that is still there."""
        aside = set(Example.objects.with_status_in("set_aside").values_list("pk", flat=True))
        assert len(aside) < len(self.examples)
        for row in PairJudgement.objects.standing():
            if row.verdict == "keep_first" and row.second_id in aside and row.first_id not in aside:
                break
            if row.verdict == "keep_second" and row.first_id in aside and row.second_id not in aside:
                break
        else:
            assert not aside

    @invariant()
    def a_pair_judged_distinct_is_in_no_cluster_by_itself(self):
        land = surveying.landscape()
        for row in PairJudgement.objects.standing().filter(verdict="distinct"):
            assert row.second_id not in land.near(row.first_id, 0.8)


def test_decisions_stand_exactly_as_long_as_both_texts_do(db):
    few = settings(max_examples=10, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(Decisions, settings=few)


def test_a_duplicate_that_is_kept_aside_can_still_be_rejected(db):
    a, b = near_examples(2)
    keep(a, b)
    for verdict in ("approve", "request_changes", "reject"):
        makers.review(b, verdict)

        assert reviewing.status_of(b) == ("rejected" if verdict == "reject" else "set_aside")
        assert standing.refresh_all() == 0
