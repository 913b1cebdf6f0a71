from __future__ import annotations

import itertools

import pytest

from curation.domain import review
from curation.models import Example, Review
from curation.services import reviewing, standing
from tests import makers


def test_an_edit_withdraws_the_approval(db):
    example = makers.approved()

    makers.edited(example, makers.example_text("Edited"))

    assert reviewing.status_of(example) == "needs_review"


def test_a_verdict_on_an_older_text_is_refused(reviewer):
    example = makers.example()
    on_screen = example.content_hash
    makers.edited(example, makers.example_text("Edited"))

    with pytest.raises(reviewing.StaleReview, match="changed after you opened it"):
        reviewing.record_review(example=example, reviewer=reviewer, verdict="approve", content_hash=on_screen)

    assert not Review.objects.exists()


def test_nobody_judges_what_they_wrote_or_edited(reviewer):
    example = makers.example()
    makers.edited(example, makers.example_text("Edited"), author=reviewer)
    makers.edited(example, makers.example_text("Edited again"))

    with pytest.raises(reviewing.OwnWork):
        makers.review(example, reviewer=reviewer)


@pytest.mark.parametrize("verdict", ["request_changes", "reject"])
def test_an_objection_needs_a_reason(reviewer, verdict):
    example = makers.example()

    with pytest.raises(reviewing.ReasonMissing):
        reviewing.record_review(
            example=example,
            reviewer=reviewer,
            verdict=verdict,
            content_hash=example.content_hash,
            reason="  ",
        )


def test_the_stored_status_is_the_derived_one(db):
    one, two = makers.user("reviewer"), makers.user("reviewer")
    verdicts = [None, *reviewing.VERDICTS]
    for first, second, third in itertools.product(verdicts, repeat=3):
        example = makers.example()
        for who, verdict in ((one, first), (two, second), (one, third)):
            if verdict:
                makers.review(example, verdict, reviewer=who)

    for example in Example.objects.all():
        facts = standing.facts_of([example.pk])[example.pk]

        assert example.status == review.status(example.content_hash, facts)
        assert list(Example.objects.with_status_in(example.status).filter(pk=example.pk)) == [example]
    assert standing.refresh_all() == 0


def test_the_queue_goes_round_and_leaves_out_own_and_judged_work(reviewer):
    mine = makers.example(author=reviewer)
    first, second = makers.example(), makers.example()
    makers.approved()

    assert reviewing.next_to_review(reviewer) == first
    assert reviewing.next_to_review(reviewer, after=first.pk) == second
    assert reviewing.next_to_review(reviewer, after=second.pk) == first
    assert reviewing.previous_to_review(reviewer, before=first.pk) == second
    assert reviewing.place_in_queue(reviewer, second) == reviewing.Place(2, 2)
    assert reviewing.place_in_queue(reviewer, mine) == reviewing.Place(0, 2)
