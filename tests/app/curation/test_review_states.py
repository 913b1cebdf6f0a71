"""Judging, undoing, editing and asking in any order, against plain dictionaries."""

from __future__ import annotations

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

from curation.domain import review
from curation.domain.review import ReviewFact
from curation.models import AuditEntry, OpenVerdict
from curation.services import assigning, reserving, reviewing, standing, undoing
from tests import makers

WHO = st.integers(0, 3)
TEXTS = [makers.example_text(f"Text {n}") for n in range(3)]


class Reviewing(RuleBasedStateMachine):
    """One example, its author, and four reviewers of whom the last may also edit."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.author = makers.user()
        self.reviewers = [makers.user("reviewer") for _ in range(4)]
        self.maintainer = makers.user("maintainer")
        self.example = makers.example(text=TEXTS[0], author=self.author)
        self.text, self.needed = 0, 1
        self.history: list[tuple[int, str]] = [(-1, "0")]  # (who, text); -1 is the author
        self.words: list[tuple[int, int, str, bool]] = []  # (who, text, verdict, settles), in order
        self.done: list[tuple[AuditEntry, int, int, tuple[str, bool] | None]] = []
        self.assigned: set[int] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def facts(self) -> list[ReviewFact]:
        return [ReviewFact(who, verdict, str(text), settles) for who, text, verdict, settles in self.words]

    def standing(self) -> list[ReviewFact]:
        return review.standing(str(self.text), self.facts())

    def status(self) -> str:
        return review.status(str(self.text), self.facts(), needed=self.needed)

    def word_of(self, who: int, text: int) -> tuple[str, bool] | None:
        said = [(verdict, settles) for one, of, verdict, settles in self.words if (one, of) == (who, text)]
        return said[-1] if said else None

    @rule(who=WHO, verdict=st.sampled_from(reviewing.VERDICTS))
    def judge(self, who, verdict):
        judged = any(word.reviewer == who for word in self.standing())
        settles = self.status() == "disputed" and not judged
        before = self.word_of(who, self.text)
        try:
            reviewing.record_review(
                example=self.example,
                reviewer=self.reviewers[who],
                verdict=verdict,
                content_hash=self.example.content_hash,
                reason="because",
                adjudicates=settles,
            )
        except reviewing.OwnWork:
            assert who in review.writers(self.history)
            return
        except reviewing.Settled:
            assert any(word.adjudicates for word in self.standing())
            return
        assert who not in review.writers(self.history)
        self.words.append((who, self.text, verdict, settles))
        self.done.append((AuditEntry.objects.latest("pk"), who, self.text, before))

    @rule(who=st.sampled_from([-1, 3]), text=st.integers(0, 2))
    def edit(self, who, text):
        if text == self.text:
            return
        makers.edited(self.example, TEXTS[text], author=self.reviewers[who] if who >= 0 else self.author)
        self.text = text
        self.history.append((who, str(text)))

    @rule(needed=st.integers(1, 3))
    def need(self, needed):
        assigning.require_reviews(examples=[self.example.pk], needed=needed, by=self.maintainer)
        self.needed = needed

    @rule(who=WHO, asked=st.booleans())
    def ask(self, who, asked):
        change = assigning.assign if asked else assigning.unassign
        change(examples=[self.example.pk], to=[self.reviewers[who]], by=self.maintainer)
        wrote_ever = any(one == who for one, _ in self.history)
        self.assigned = (
            (self.assigned | ({who} if not wrote_ever else set())) if asked else self.assigned - {who}
        )

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undo(self, data):
        entry, who, text, before = data.draw(st.sampled_from(self.done))
        newest = [one for one in self.done if one[1:3] == (who, text)][-1][0]
        try:
            undoing.undo(entry, by=self.reviewers[who])
        except undoing.CannotUndo:
            assert text != self.text or entry != newest
            return
        assert (text, entry) == (self.text, newest)
        verdict, settles = before or ("withdrawn", False)
        self.words.append((who, text, verdict, settles))
        self.done = [one for one in self.done if one[0] != entry]

    @invariant()
    def columns_are_what_the_rows_say(self):
        self.example.refresh_from_db()
        words = self.standing()
        assert self.example.status == self.status()
        assert self.example.verdict_count == len(words)
        blind = review.is_blind(len(words), needed=self.needed)
        assert self.example.last_verdict == (words[-1].verdict if words and not blind else "")
        undecided = self.status() in ("needs_review", "disputed")
        open_verdicts = set(OpenVerdict.objects.values_list("reviewer", flat=True))
        assert open_verdicts == ({self.reviewers[int(w.reviewer)].pk for w in words} if undecided else set())
        assert standing.refresh_all() == 0

    @invariant()
    def each_sees_what_they_may(self):
        blind = review.is_blind(len(self.standing()), needed=self.needed)
        for who, reviewer in enumerate(self.reviewers):
            shown = reviewing.shown_reviews(self.example, reviewer)
            present = {
                row.reviewer_id for row in shown.reviews if row.content_hash == self.example.content_hash
            }
            said = {self.reviewers[one].pk for one, text, *_ in self.words if text == self.text}
            assert present == (said & {reviewer.pk} if blind else said), who

    @invariant()
    def the_queue_is_whose_turn_it_is(self):
        for who, reviewer in enumerate(self.reviewers):
            judged = any(word.reviewer == who for word in self.standing())
            wrote_ever = any(one == who for one, _ in self.history)
            room = who in self.assigned or len(self.assigned) < self.needed
            expected = self.status() == "needs_review" and not judged and not wrote_ever and room
            assert reserving.waiting_for(reviewer).exists() == expected, who


@pytest.mark.django_db
def test_reviewing_in_any_order_leaves_the_columns_and_the_queue_true():
    run_state_machine_as_test(
        Reviewing, settings=settings(max_examples=10, stateful_step_count=15, deadline=None)
    )
