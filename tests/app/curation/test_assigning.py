from __future__ import annotations

import pytest

from curation.models import Assignment, AuditEntry
from curation.services import assigning, commenting, reviewing
from curation.services.assigning import Assigned
from tests import makers


def test_many_are_assigned_at_once_and_nobody_gets_their_own(reviewer, maintainer):
    other = makers.user("reviewer")
    mine, theirs = makers.example(author=reviewer), makers.example()
    both = [mine.pk, theirs.pk]

    assert assigning.assign(examples=both, to=[reviewer, other], by=maintainer) == Assigned(3, 0, 1)
    assert assigning.assign(examples=[*both, 10**9], to=[reviewer, other], by=maintainer) == Assigned(0, 3, 1)

    assert set(Assignment.objects.values_list("example", "reviewer")) == {
        (mine.pk, other.pk),
        (theirs.pk, reviewer.pk),
        (theirs.pk, other.pk),
    }
    entry = AuditEntry.objects.get(action="assignment.add")
    assert len(entry.detail["pairs"]) == 3
    assert assigning.unassign(examples=both, to=[other], by=maintainer) == 2
    assert AuditEntry.objects.filter(action="assignment.remove").count() == 1


def test_only_who_can_review_is_asked(author, maintainer, monkeypatch):
    example = makers.example()

    with pytest.raises(assigning.NotAssigned, match=f"{author.username} cannot review"):
        assigning.assign(examples=[example.pk], to=[author], by=maintainer)
    monkeypatch.setattr(assigning, "MOST_AT_ONCE", 1)
    with pytest.raises(assigning.NotAssigned, match="2 at once are too many"):
        assigning.assign(examples=[example.pk, 1], to=[maintainer], by=maintainer)

    assert not Assignment.objects.exists()


def test_assigning_takes_as_many_questions_for_one_as_for_many(
    reviewer, maintainer, django_assert_max_num_queries
):
    examples = [makers.example().pk for _ in range(20)]

    with django_assert_max_num_queries(12):
        assigning.assign(examples=examples, to=[reviewer, maintainer], by=maintainer)


@pytest.mark.parametrize("needed", [0, 6])
def test_how_many_reviewers_is_from_one_to_five(maintainer, needed):
    with pytest.raises(assigning.NotAssigned, match="from 1 to 5"):
        assigning.require_reviews(examples=[makers.example().pk], needed=needed, by=maintainer)


def test_asking_for_a_second_verdict_opens_a_decided_example_again(maintainer):
    example = makers.approved()

    assert assigning.require_reviews(examples=[example.pk], needed=2, by=maintainer) == 1
    assert reviewing.status_of(example) == "needs_review"
    assert assigning.require_reviews(examples=[example.pk], needed=2, by=maintainer) == 0

    assigning.require_reviews(examples=[example.pk], needed=1, by=maintainer)
    assert reviewing.status_of(example) == "approved"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"text": " "}, "from 1 to 2,000"),
        ({"text": "x" * 2001}, "2,001"),
        ({"line": 0}, "no line 0"),
        ({"line": 999}, "no line 999"),
        ({"content_hash": "0" * 64}, "changed after you opened it"),
    ],
)
def test_a_comment_that_makes_no_sense_is_refused(author, changed, says):
    example = makers.example()
    asked = {"text": "why?", "content_hash": example.content_hash, "line": 3, **changed}

    with pytest.raises(commenting.NotCommented, match=says):
        commenting.comment(example=example, author=author, **asked)

    assert not example.comments.exists()


def test_a_comment_is_written_and_logged(author):
    example = makers.example()

    commenting.comment(
        example=example, author=author, text=" why? ", content_hash=example.content_hash, line=3
    )

    written = example.comments.get()
    assert (written.text, written.line, written.content_hash) == ("why?", 3, example.content_hash)
    assert AuditEntry.objects.get(action="comment.add").detail["comment"] == written.pk
