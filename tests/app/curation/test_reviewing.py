from __future__ import annotations

import itertools

import pytest
from django.contrib.auth.models import User

from curation.domain import review
from curation.models import AuditEntry, Example, Review
from curation.services import assigning, commenting, reviewing, standing
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


def test_a_change_that_was_taken_back_makes_nobody_its_author(reviewer):
    author = makers.user()
    example = makers.example(author=author)
    original = makers.example_text("The first")
    makers.edited(example, original, author=author)
    makers.edited(example, makers.example_text("Another"), author=reviewer)
    makers.edited(example, original, author=reviewer)

    makers.review(example, reviewer=reviewer)

    assert reviewing.status_of(example) == "approved"
    with pytest.raises(reviewing.OwnWork):
        makers.review(example, reviewer=author)


# The reviewer's label


def judge(example: Example, who, verdict: str = "approve", **said) -> Review:
    return reviewing.record_review(
        example=example, reviewer=who, verdict=verdict, content_hash=example.content_hash, **said
    )


def test_an_approval_votes_for_the_label_of_the_text(reviewer):
    example = makers.example(text=makers.example_text("A", generation="[dwc, bbj-gui]"))

    assert judge(example, reviewer).generations == ["bbj-gui", "dwc"]
    assert judge(example, reviewer, generations=["dwc", "bbj-gui"]).generations == ["bbj-gui", "dwc"]


def test_a_text_with_another_label_than_the_reviewers_is_not_approved(reviewer):
    example = makers.example(text=makers.example_text("A", generation="bbj-gui"))

    with pytest.raises(reviewing.LabelDiffers, match=r"Press F .* or R"):
        judge(example, reviewer, generations=["dwc"])

    assert not Review.objects.exists()


def test_asking_for_another_label_needs_no_typing(reviewer):
    example = makers.example(text=makers.example_text("A", generation="bbj-gui"))

    asked = judge(example, reviewer, "request_changes", generations=["dwc"])

    assert asked.reason == "generation: dwc instead of bbj-gui"
    assert asked.generations == ["dwc"]


@pytest.mark.parametrize("vote", [["all", "dwc"], ["swing"]])
def test_a_vote_that_is_no_label_is_refused(reviewer, vote):
    with pytest.raises(ValueError, match="is no label"):
        judge(makers.example(), reviewer, generations=vote)


# Several reviewers


@pytest.fixture
def two_of_them(db) -> tuple[User, User]:
    return makers.user("reviewer", "rey"), makers.user("reviewer", "kim")


def needing(reviews: int, **made) -> Example:
    example = makers.example(**made)
    assigning.require_reviews(examples=[example.pk], needed=reviews, by=makers.user("maintainer"))
    example.refresh_from_db()
    return example


def test_nobody_sees_a_verdict_before_all_are_in(two_of_them, author):
    rey, kim = two_of_them
    example = needing(2)
    mine = judge(example, rey, "reject", reason="it never ends")
    for who in (rey, kim):
        commenting.comment(example=example, author=who, text=f"by {who}", content_hash=example.content_hash)

    by_rey, by_kim, by_author = (reviewing.shown_reviews(example, who) for who in (rey, kim, author))

    assert by_rey.reviews == [mine]
    assert by_kim.reviews == by_author.reviews == []
    assert [comment.text for comment in by_kim.comments] == ["by kim"]
    assert by_author.comments == []
    assert (by_kim.blind, by_kim.verdicts, by_kim.needed) == (True, 1, 2)
    example.refresh_from_db()
    assert example.last_verdict == ""
    assert reviewing.status_of(example) == "needs_review"

    judge(example, kim, "reject", reason="neither does the text")

    assert len(reviewing.shown_reviews(example, author).reviews) == 2
    assert len(reviewing.shown_reviews(example, author).comments) == 2
    example.refresh_from_db()
    assert example.last_verdict == "reject"
    assert not example.is_blind


def test_an_edit_shows_what_was_said_of_the_text_before(two_of_them):
    rey, kim = two_of_them
    example = needing(2)
    judge(example, rey, "reject", reason="it never ends")
    makers.edited(example, makers.example_text("Edited"))

    assert [row.reason for row in reviewing.shown_reviews(example, kim).reviews] == ["it never ends"]
    assert reviewing.shown_reviews(example, kim).verdicts == 0


def disputed(rey: User, kim: User) -> Example:
    example = needing(2)
    judge(example, rey, "approve")
    judge(example, kim, "request_changes", reason="the loop never ends")
    assert reviewing.status_of(example) == "disputed"
    return example


def test_a_third_person_settles_what_two_disagree_about(two_of_them, reviewer):
    example = disputed(*two_of_them)

    judge(example, reviewer, "approve", reason="the loop ends at 10", adjudicates=True)

    assert reviewing.status_of(example) == "approved"
    with pytest.raises(reviewing.Settled, match=reviewer.username):
        judge(example, two_of_them[1], "reject", reason="no")


def test_settling_needs_a_reason_an_outsider_and_a_dispute(two_of_them, reviewer):
    example = disputed(*two_of_them)

    with pytest.raises(reviewing.ReasonMissing):
        judge(example, reviewer, "approve", adjudicates=True)
    with pytest.raises(reviewing.Disputed, match=r"judged .* yourself"):
        judge(example, two_of_them[0], "approve", reason="I am right", adjudicates=True)
    with pytest.raises(reviewing.Disputed, match="settle it"):
        judge(example, reviewer, "approve")
    with pytest.raises(reviewing.OwnWork):
        judge(example, example.written_by, "approve", reason="x", adjudicates=True)
    with pytest.raises(reviewing.Settled, match="Nobody disagrees"):
        judge(makers.example(), reviewer, "approve", reason="x", adjudicates=True)


def test_a_reviewer_who_changes_their_mind_ends_a_dispute(two_of_them):
    example = disputed(*two_of_them)

    judge(example, two_of_them[0], "request_changes", reason="kim is right")

    assert reviewing.status_of(example) == "changes_requested"


# Back to the author


def test_what_is_sent_back_comes_with_its_reasons(author, two_of_them):
    example = makers.example(author=author)
    makers.review(example, "request_changes", reviewer=two_of_them[0], reason="of the first text")
    makers.edited(example, makers.example_text("Edited"), author=author)
    assert reviewing.sent_back_to(author) == []
    makers.review(example, "request_changes", reviewer=two_of_them[0], reason="the loop never ends")
    makers.review(makers.example(), "request_changes")

    (sent,) = reviewing.sent_back_to(author)

    assert sent.example == example
    assert [row.reason for row in sent.reviews] == ["the loop never ends"]
    assert reviewing.asked_of(example) == sent.reviews
    assert reviewing.sent_back(author).count() == 1


def test_what_settled_a_dispute_comes_first(author, two_of_them, reviewer):
    example = disputed(*two_of_them)
    judge(example, reviewer, "request_changes", reason="kim is right", adjudicates=True)

    assert [row.reason for row in reviewing.asked_of(example)] == ["kim is right", "the loop never ends"]


def test_looking_at_what_was_sent_back_takes_as_many_questions_for_one_as_for_ten(
    author, reviewer, django_assert_num_queries
):
    for _ in range(10):
        makers.review(makers.example(author=author), "request_changes", reviewer=reviewer)

    with django_assert_num_queries(2):
        assert len(reviewing.sent_back_to(author)) == 10


def test_every_verdict_is_in_the_audit_log(reviewer):
    example = makers.example()
    recorded = makers.review(example, "reject", reviewer=reviewer, reason="it never ends")

    entry = AuditEntry.objects.get(action="review.reject")

    assert (entry.actor, entry.subject) == (reviewer, example.path)
    assert (entry.detail["review"], entry.detail["reason"]) == (recorded.pk, "it never ends")
