"""Idempotency-Key: sent twice, done once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from curation.models import Example, Review
from studio import answering
from studio.models import Answered
from tests import makers
from tests.app.api.conftest import Program, program_of

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def body(title: str = "Hello") -> dict[str, str]:
    return {"path": "gui/hello.md", "text": makers.example_text(title)}


def test_the_same_request_gets_the_first_answer_again(author):
    first = author.post("/examples", body(), Idempotency_Key=KEY)
    makers.edited(Example.objects.get(), makers.example_text("Changed meanwhile"))
    again = author.post("/examples", body(), Idempotency_Key=f'"{KEY}"')

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert all(first[name] == again[name] for name in ("ETag", "Location", "Content-Type"))
    assert again["Idempotent-Replayed"] == "true"
    assert Example.objects.get().revisions.count() == 2


def test_a_key_belongs_to_one_request_of_one_person(author, reviewer):
    author.post("/examples", body(), Idempotency_Key=KEY)

    other_body = author.post("/examples", body("Other"), Idempotency_Key=KEY)
    other_place = author.post("/drafts", body(), Idempotency_Key=KEY)
    other_person = reviewer.post("/drafts", {"text": "a"}, Idempotency_Key=KEY)

    assert (other_body.status_code, other_place.status_code, other_person.status_code) == (422, 422, 201)
    assert other_body.json()["type"] == "/api/docs#problem-key-used"


def test_what_was_refused_may_be_sent_again_under_its_key(author, reviewer):
    example = makers.example()
    place = f"/examples/{example.pk}/reviews"

    refused = reviewer.post(
        place, {"verdict": "reject"}, If_Match=f'"{example.content_hash}"', Idempotency_Key=KEY
    )
    mended = {"verdict": "reject", "reason": "no code"}
    done = reviewer.post(place, mended, If_Match=f'"{example.content_hash}"', Idempotency_Key=KEY)

    assert (refused.status_code, done.status_code) == (422, 201)
    assert Review.objects.count() == 1


def test_a_request_that_is_being_answered_is_not_done_twice(author):
    author.post("/examples", body(), Idempotency_Key=KEY)
    Answered.objects.update(status=None)

    running = author.post("/examples", body(), Idempotency_Key=KEY)
    Answered.objects.update(claimed_at=timezone.now() - answering.ANSWERED_WITHIN - timedelta(seconds=1))
    after_a_crash = author.post("/examples", body(), Idempotency_Key=KEY)

    assert (running.status_code, running["Retry-After"]) == (409, "2")
    assert after_a_crash.status_code == 200  # the path has this text already
    assert Example.objects.get().revisions.count() == 1


def test_a_key_is_forgotten_after_a_day(author):
    author.post("/drafts", {"text": "a"}, Idempotency_Key=KEY)
    Answered.objects.update(claimed_at=timezone.now() - answering.KEPT - timedelta(seconds=1))

    assert author.post("/drafts", {"text": "b"}, Idempotency_Key=KEY).status_code == 201
    assert Answered.objects.count() == 1


def test_a_replayed_answer_needs_the_right_still(db):
    account = makers.user()
    program_of(account).post("/drafts", {"text": "a"}, Idempotency_Key=KEY)

    narrow = program_of(account, "examples:read").post("/drafts", {"text": "a"}, Idempotency_Key=KEY)

    assert narrow.status_code == 403


@pytest.mark.parametrize("key", ["", " ", "with a blank", "ü", "x" * 201])
def test_a_malformed_key_is_refused(author, key):
    assert author.post("/drafts", {"text": "a"}, Idempotency_Key=key).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_is_carried_out():
    program = program_of(makers.user())
    start = threading.Barrier(6)
    statuses: list[int] = []

    def send(some: Program) -> None:
        start.wait()
        answer = some.post("/drafts", {"text": "only once"}, Idempotency_Key=KEY)
        statuses.append(answer.status_code)
        connection.close()

    threads = [threading.Thread(target=send, args=(program,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert program.user is not None
    assert program.user.drafts.count() == 1
