"""A secret in the code blocks approval until it is gone or a second person waives it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from curation.models import SecretWaiver
from curation.services import authoring, reviewing, waiving
from tests import makers

LEAK = 'rem sign in\npassword$="kW9x-42pq"\nprint password$\n'


@pytest.fixture
def leaking(author):
    return makers.example("gui/leak.md", makers.example_text("Sign in", code=LEAK), author=author)


def place(example) -> dict:
    secret = waiving.blocking(example)[0]
    return {"rule": secret.rule, "line": secret.line, "content_hash": example.content_hash}


def test_a_text_with_a_secret_cannot_be_approved(leaking, reviewer):
    with pytest.raises(reviewing.SecretInText, match="line 13"):
        makers.review(leaking, reviewer=reviewer)

    makers.review(leaking, "request_changes", reviewer=reviewer)
    assert reviewing.status_of(leaking) == "changes_requested"


def test_a_text_without_its_secret_can_be_approved(leaking, author, reviewer):
    makers.edited(
        leaking, makers.example_text("Sign in", code=LEAK.replace("kW9x-42pq", "secret")), author=author
    )

    makers.review(leaking, reviewer=reviewer)

    assert reviewing.status_of(leaking) == "approved"


def test_a_second_person_may_waive_it_with_a_reason(leaking, reviewer):
    waiving.waive(example=leaking, by=reviewer, reason="the demo account of the manual", **place(leaking))

    makers.review(leaking, reviewer=reviewer)

    waiver = SecretWaiver.objects.get()
    assert reviewing.status_of(leaking) == "approved"
    assert (waiver.waived_by, waiver.reason, waiver.line) == (reviewer, "the demo account of the manual", 13)


def test_nobody_waives_their_own_text(leaking, author):
    with pytest.raises(waiving.WaiverRefused, match="second person"):
        waiving.waive(example=leaking, by=author, reason="trust me", **place(leaking))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"reason": " "}, "why this is no secret"),
        ({"line": 3}, "Nothing in that line"),
        ({"content_hash": "0" * 64}, "changed"),
    ],
)
def test_a_waiver_that_makes_no_sense_is_refused(leaking, reviewer, changed, says):
    with pytest.raises(waiving.WaiverRefused, match=says):
        waiving.waive(
            **{"example": leaking, "by": reviewer, "reason": "because", **place(leaking), **changed}
        )


def test_an_edit_asks_again(leaking, author, reviewer):
    waiving.waive(example=leaking, by=reviewer, reason="demo", **place(leaking))

    makers.edited(leaking, makers.example_text("Another title", code=LEAK), author=author)

    assert waiving.blocking(leaking)


def test_the_review_page_shows_it_and_takes_the_waiver(leaking, as_reviewer):
    address = f"{reverse('review_next')}?id={leaking.pk}"
    shown = as_reviewer.get(address).content.decode()
    assert "Looks like a secret" in shown
    refused = as_reviewer.post(
        reverse("review_example", args=[leaking.pk]),
        {"verdict": "approve", "content_hash": leaking.content_hash},
        headers={"hx-request": "true"},
    )
    assert refused.status_code == 422
    assert "waive it with a reason" in refused.content.decode()

    response = as_reviewer.post(
        reverse("secret_waive", args=[leaking.pk]),
        {**place(leaking), "reason": "demo", "from": "queue"},
        follow=True,
    )

    assert response.redirect_chain[0][0] == address
    assert "waived" in response.content.decode()


def test_the_editor_warns_while_somebody_types(as_author):
    text = makers.example_text("Sign in", code=LEAK)

    problems = as_author.post(reverse("example_check"), {"text": text, "path": "gui/x.md"}).json()["problems"]

    assert [(p["code"], p["line"]) for p in problems if p["code"] == "secret"] == [("secret", 13)]


def test_saving_is_never_blocked(author):
    saved = authoring.save(
        author=author, path="gui/x.md", text=makers.example_text("Sign in", code=LEAK), base_hash=""
    )

    assert saved.ok
