"""Everything that a reviewer does can be taken back, newest first; what was undone stays undone."""

from __future__ import annotations

import pytest

from curation.models import Assignment, AuditEntry, Review
from curation.services import assigning, commenting, reviewing, undoing
from tests import makers


def newest(user) -> AuditEntry:
    entry = undoing.last_undoable(user)
    assert entry
    return entry


def undone(user) -> str:
    entry = newest(user)
    undoing.undo(entry, by=user)
    return entry.action


def test_a_verdict_is_taken_back_and_the_word_before_it_counts_again(reviewer):
    example = makers.example()
    makers.review(example, "reject", reviewer=reviewer)
    makers.review(example, "approve", reviewer=reviewer)

    assert undone(reviewer) == "review.approve"
    assert reviewing.status_of(example) == "rejected"

    again = Review.objects.latest("pk")
    assert (again.verdict, again.reason) == ("reject", "the loop never ends")


def test_the_first_verdict_taken_back_leaves_nothing_said(reviewer):
    example = makers.example()
    makers.review(example, "reject", reviewer=reviewer)

    undone(reviewer)

    assert reviewing.status_of(example) == "needs_review"
    assert Review.objects.latest("pk").verdict == "withdrawn"
    assert undoing.last_undoable(reviewer) is None
    entry = AuditEntry.objects.get(action="review.undo")
    assert entry.undoes == AuditEntry.objects.get(action="review.reject")
    assert entry.subject == example.path


def test_actions_are_undone_newest_first(reviewer):
    first, second = makers.example(), makers.example()
    makers.review(first, reviewer=reviewer)
    makers.review(second, reviewer=reviewer)

    assert [undone(reviewer), undone(reviewer)] == ["review.approve"] * 2
    assert {reviewing.status_of(one) for one in (first, second)} == {"needs_review"}


def test_two_verdicts_on_one_text_are_both_undone(reviewer):
    example = makers.example()
    makers.review(example, "reject", reviewer=reviewer)
    makers.review(example, "approve", reviewer=reviewer)

    assert [undone(reviewer), undone(reviewer)] == ["review.approve", "review.reject"]
    assert reviewing.status_of(example) == "needs_review"
    assert undoing.last_undoable(reviewer) is None


def test_what_a_newer_text_has_replaced_is_passed_over(reviewer):
    kept, edited = makers.example(), makers.example()
    makers.review(kept, reviewer=reviewer)
    makers.review(edited, reviewer=reviewer)
    entry = newest(reviewer)
    makers.edited(edited, makers.example_text("Edited"))

    with pytest.raises(undoing.CannotUndo, match="does not stand any more"):
        undoing.undo(entry, by=reviewer)
    undone(reviewer)

    assert reviewing.status_of(kept) == "needs_review"


def test_nobody_undoes_what_another_did_or_what_is_undone(reviewer, maintainer):
    makers.review(makers.example(), reviewer=reviewer)
    entry = newest(reviewer)

    with pytest.raises(undoing.CannotUndo, match="what they did themselves"):
        undoing.undo(entry, by=maintainer)
    undoing.undo(entry, by=reviewer)
    with pytest.raises(undoing.CannotUndo, match="undone already"):
        undoing.undo(entry, by=reviewer)


def test_an_assignment_is_taken_back_and_given_again(reviewer, maintainer):
    examples = [makers.example().pk for _ in range(3)]
    assigning.assign(examples=examples[:1], to=[reviewer], by=makers.user("maintainer"))
    assigning.assign(examples=examples, to=[reviewer], by=maintainer)

    assert undone(maintainer) == "assignment.add"
    assert [row.example_id for row in Assignment.objects.all()] == examples[:1]

    assigning.unassign(examples=examples, to=[reviewer], by=maintainer)
    assert undone(maintainer) == "assignment.remove"
    assert Assignment.objects.count() == 1
    assert undoing.last_undoable(maintainer) is None


def test_the_number_of_reviewers_is_as_before(maintainer):
    one, two = makers.example(), makers.example()
    assigning.require_reviews(examples=[one.pk], needed=3, by=makers.user("maintainer"))
    assigning.require_reviews(examples=[one.pk, two.pk], needed=2, by=maintainer)

    assert undone(maintainer) == "example.reviews_needed"

    for example, needed in ((one, 3), (two, 1)):
        example.refresh_from_db()
        assert example.reviews_needed == needed


def test_a_settled_dispute_is_open_again(maintainer):
    example = makers.example()
    assigning.require_reviews(examples=[example.pk], needed=2, by=makers.user("maintainer"))
    makers.review(example, "approve")
    makers.review(example, "reject")
    reviewing.record_review(
        example=example,
        reviewer=maintainer,
        verdict="approve",
        content_hash=example.content_hash,
        reason="it does end",
        adjudicates=True,
    )

    undone(maintainer)

    assert reviewing.status_of(example) == "disputed"


def test_a_comment_stays(reviewer):
    example = makers.example()
    commenting.comment(example=example, author=reviewer, text="why?", content_hash=example.content_hash)

    assert undoing.last_undoable(reviewer) is None
    with pytest.raises(undoing.CannotUndo):
        undoing.undo(AuditEntry.objects.get(action="comment.add"), by=reviewer)
