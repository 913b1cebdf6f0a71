"""Judging through the API: bound to the text that was read, and blind where the pages are."""

from __future__ import annotations

import pytest

from curation.models import Example
from tests import makers

pytestmark = pytest.mark.one_database


def match(example: Example) -> str:
    return f'"{example.content_hash}"'


def test_a_verdict_holds_for_the_text_that_was_read(reviewer):
    example = makers.example()
    seen = match(example)
    place = f"/examples/{example.pk}/reviews"

    blind = reviewer.post(place, {"verdict": "approve"})
    makers.edited(example, makers.example_text("Another text"))
    late = reviewer.post(place, {"verdict": "approve"}, If_Match=seen)
    done = reviewer.post(place, {"verdict": "approve"}, If_Match=match(example))

    assert [answer.status_code for answer in (blind, late, done)] == [428, 412, 201]
    assert reviewer.get(place).json()["status"] == "approved"


def test_nobody_judges_their_own_work(reviewer):
    example = makers.example(author=reviewer.user)

    answer = reviewer.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=match(example))

    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#problem-own-work")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"verdict": "reject"}, 422),
        ({"verdict": "perfect"}, 422),
        ({"verdict": "withdrawn"}, 422),
        ({"verdict": "approve", "generations": ["dwc"]}, 409),
        ({"verdict": "approve", "generations": ["all", "dwc"]}, 422),
        ({"verdict": "approve", "adjudicates": True, "reason": "both are wrong"}, 409),
    ],
)
def test_a_verdict_that_cannot_be_recorded_says_why(reviewer, body, status):
    example = makers.example()

    answer = reviewer.post(f"/examples/{example.pk}/reviews", body, If_Match=match(example))

    assert answer.status_code == status
    assert answer.json()["detail"]
    assert not example.reviews.exists()


def test_verdicts_of_others_are_hidden_while_more_are_to_come(program):
    example = makers.example()
    Example.objects.update(reviews_needed=2)
    first, second, author = program("reviewer"), program("reviewer"), program("author")
    place = f"/examples/{example.pk}/reviews"
    first.post(place, {"verdict": "reject", "reason": "no code"}, If_Match=match(example))

    hidden, own = second.get(place).json(), first.get(place).json()
    listed = author.get("/examples").json()["items"][0]
    second.post(place, {"verdict": "approve"}, If_Match=match(example))
    open_now = author.get(place).json()

    assert (hidden["blind"], hidden["verdicts"], hidden["reviews"]) == (True, 1, [])
    assert [row["verdict"] for row in own["reviews"]] == ["reject"]
    assert (listed["status"], listed["last_verdict"]) == ("needs_review", "")
    assert (open_now["status"], len(open_now["reviews"])) == ("disputed", 2)


def test_a_remark_stands_at_its_line(author):
    example = makers.example()
    place = f"/examples/{example.pk}/comments"

    made = author.post(place, {"text": "Why here?", "line": 3}, If_Match=match(example))
    beyond = author.post(place, {"text": "Why here?", "line": 9999}, If_Match=match(example))

    assert (made.status_code, beyond.status_code) == (201, 409)
    assert author.get(f"/examples/{example.pk}/reviews").json()["comments"][0]["line"] == 3


def test_what_looks_like_a_secret_blocks_approval_until_it_is_waived(reviewer):
    code = 'rem connect\npassword$ = "Xk39-fj2!kdWq81"\n'
    example = makers.example(text=makers.example_text("Connect", code=code))
    place = f"/examples/{example.pk}"
    found = reviewer.get(f"{place}/suspects").json()

    blocked = reviewer.post(f"{place}/reviews", {"verdict": "approve"}, If_Match=match(example))
    waiver = {"rule": found[0]["rule"], "line": found[0]["line"], "reason": "made up"}
    waived = reviewer.post(f"{place}/waivers", waiver, If_Match=match(example))
    approved = reviewer.post(f"{place}/reviews", {"verdict": "approve"}, If_Match=match(example))

    assert [answer.status_code for answer in (blocked, waived, approved)] == [409, 201, 201]
    assert reviewer.get(f"{place}/suspects").json()[0]["waiver"]["reason"] == "made up"
