"""The queue of review: who is shown what next, and that two never get the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now

from curation.models import Example, Reservation
from curation.services import assigning, reserving, reviewing
from tests import makers


def queue(user: User) -> list[Example]:
    """What this user is shown, one after the other, until it comes round."""
    shown: list[Example] = []
    example = reserving.take_next(user)
    while example and example not in shown:
        shown.append(example)
        example = reserving.take_next(user, after=example.pk)
    reserving.release(user)
    return shown


def test_the_queue_goes_round_and_leaves_out_own_and_judged_work(reviewer):
    mine = makers.example(author=reviewer)
    first, second = makers.example(), makers.example()
    makers.approved()

    assert queue(reviewer) == [first, second]
    assert reserving.take_next(reviewer, after=second.pk) == first
    assert reserving.take_next(reviewer, before=first.pk) == second
    assert reserving.place_in_queue(reviewer, second) == reserving.Place(2, 2)
    assert reserving.place_in_queue(reviewer, mine) == reserving.Place(0, 2)


def test_what_is_assigned_comes_first_and_is_left_out_for_others(reviewer, maintainer):
    other = makers.user("reviewer")
    first, second, third = (makers.example() for _ in range(3))
    assigning.assign(examples=[third.pk], to=[reviewer], by=maintainer)

    assert queue(reviewer) == [third, first, second]
    assert queue(other) == [first, second]
    assert [reserving.place_in_queue(reviewer, one).number for one in (third, first, second)] == [1, 2, 3]
    assert reserving.take_next(reviewer, before=first.pk) == third


def test_as_many_others_as_are_needed_leave_no_room(reviewer, maintainer):
    example = makers.example()
    others = [makers.user("reviewer") for _ in range(2)]
    assigning.require_reviews(examples=[example.pk], needed=2, by=maintainer)

    assigning.assign(examples=[example.pk], to=others[:1], by=maintainer)
    assert queue(reviewer) == [example]

    assigning.assign(examples=[example.pk], to=others, by=maintainer)
    assert queue(reviewer) == []
    assert queue(others[1]) == [example]

    assigning.assign(examples=[example.pk], to=[reviewer], by=maintainer)
    assert queue(reviewer) == [example]


def test_of_two_reviewers_each_is_asked_once(maintainer):
    rey, kim, max_ = (makers.user("reviewer") for _ in range(3))
    example = makers.example()
    assigning.require_reviews(examples=[example.pk], needed=2, by=maintainer)

    makers.review(example, reviewer=rey)

    assert (queue(rey), queue(kim)) == ([], [example])
    assert reserving.take_next(kim) == example
    assert reserving.take_next(max_) is None

    makers.review(example, reviewer=kim)

    assert (queue(kim), queue(max_)) == ([], [])


def test_whoever_takes_a_verdict_back_is_asked_again(reviewer, maintainer):
    example = makers.example()
    assigning.require_reviews(examples=[example.pk], needed=2, by=maintainer)
    recorded = makers.review(example, reviewer=reviewer)

    reviewing.take_back(given=recorded)

    assert queue(reviewer) == [example]


def test_an_open_example_is_shown_to_nobody_else(reviewer):
    other = makers.user("reviewer")
    first, second = makers.example(), makers.example()

    assert reserving.take_next(reviewer) == first
    assert reserving.take_next(other) == second
    assert [row.reviewer for row in reserving.open_elsewhere(first, other)] == [reviewer]
    assert reserving.take_next(other, after=second.pk) == second

    assert reserving.take_next(reviewer, after=first.pk) == first  # the only one left
    reserving.release(other)
    assert reserving.take_next(reviewer, after=first.pk) == second  # leaves the first
    assert reserving.take_next(other) == first


def test_a_verdict_lets_go(reviewer):
    example = makers.example()
    reserving.take_next(reviewer)

    makers.review(example, reviewer=reviewer)

    assert not Reservation.objects.exists()


def test_a_reservation_passes_by_the_clock_of_the_database(reviewer):
    other = makers.user("reviewer")
    example = makers.example()
    reserving.take_next(reviewer)
    assert reserving.take_next(other) is None

    Reservation.objects.update(until=Now() - timedelta(seconds=1))

    assert reserving.take_next(other) == example
    assert not reserving.take(reviewer, example)


def test_opening_it_again_renews_the_reservation(reviewer):
    example = makers.example()
    reserving.take_next(reviewer)
    Reservation.objects.update(until=Now() + timedelta(seconds=10))

    assert reserving.take(reviewer, example)

    assert Reservation.objects.filter(until__gt=Now() + timedelta(minutes=14)).count() == 1


def test_what_one_may_not_judge_is_not_reserved(reviewer):
    mine, judged = makers.example(author=reviewer), makers.example()
    makers.review(judged, reviewer=reviewer)

    assert not reserving.take(reviewer, mine)
    assert not reserving.take(reviewer, judged)
    assert not Reservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_open_the_queue_at_once_get_different_examples():
    examples = {makers.example().pk for _ in range(6)}
    reviewers = [makers.user("reviewer") for _ in range(6)]

    def opened(reviewer: User) -> int:
        try:
            example = reserving.take_next(reviewer)
            assert example
            return example.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        shown = list(threads.map(opened, reviewers))

    assert set(shown) == examples


@pytest.mark.django_db(transaction=True)
def test_one_reviewer_with_many_windows_holds_one_example():
    for _ in range(6):
        makers.example()
    reviewer = makers.user("reviewer")
    ids = list(Example.objects.values_list("pk", flat=True))

    def opened(after: int) -> None:
        try:
            reserving.take_next(reviewer, after=after)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(opened, ids * 2))

    assert Reservation.objects.count() == 1


def test_the_next_example_takes_as_many_questions_for_one_as_for_thirty(
    reviewer, django_assert_max_num_queries
):
    for _ in range(30):
        last = makers.example()

    with django_assert_max_num_queries(30):
        reserving.take_next(reviewer, after=last.pk)
        reserving.place_in_queue(reviewer, last)
