"""The review screen, the panel on the example's page, and settling: pages and forms, without a browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from curation.models import Assignment, Comment, Draft, Example, Reservation, Review
from curation.services import amending, assigning, commenting, reserving, reviewing
from tests import makers

pytestmark = pytest.mark.one_database

QUEUE = {"from": "queue"}
HTMX: dict[str, Any] = {"headers": {"hx-request": "true"}}


def shown(response: Any) -> str:
    return response.content.decode()


def screen(client: Client, example: Example) -> str:
    return shown(client.get(f"{reverse('review_next')}?id={example.pk}"))


def post(client: Client, name: str, example: Example, data: dict[str, Any] | None = None, **more: Any) -> Any:
    return client.post(
        reverse(name, args=[example.pk]), {"content_hash": example.content_hash, **(data or {})}, **more
    )


@pytest.fixture
def example(author: User) -> Example:
    return makers.example("gui/a.md", makers.example_text("A window", generation="bbj-gui"), author=author)


# One example


def test_opening_the_screen_reserves_and_says_who_else_has_it_open(as_reviewer, reviewer, example):
    screen(as_reviewer, example)

    assert Reservation.objects.get().reviewer == reviewer
    assert f"{reviewer} has this example on the screen" in screen(
        makers.signed_in(makers.user("reviewer")), example
    )


def test_looking_by_head_reserves_nothing(as_reviewer, example):
    as_reviewer.head(f"{reverse('review_next')}?id={example.pk}")

    assert not Reservation.objects.exists()


def test_every_key_of_the_sheet_has_its_control(as_reviewer, reviewer, example):
    makers.review(makers.example(), reviewer=reviewer)
    makers.edited(example, makers.example_text("Edited", generation="bbj-gui"))
    makers.review(example, "reject")
    makers.edited(example, makers.example_text("Edited again", generation="bbj-gui"))

    text = screen(as_reviewer, example)

    for key in "arxfejkcdz/?123456":
        assert f'data-key="{key}"' in text, key


def test_htmx_gets_the_fragment_with_the_address_of_the_example(as_reviewer, example):
    response = as_reviewer.get(reverse("review_next"), **HTMX)

    assert "<html" not in shown(response)
    assert shown(response).count('id="review-screen"') == 1
    assert response.headers["HX-Replace-Url"] == f"{reverse('review_next')}?id={example.pk}"


def test_the_vote_starts_at_the_texts_label(as_reviewer, example):
    assert '<input type="radio" name="generations" value="bbj-gui" checked' in screen(as_reviewer, example)

    odd = makers.example("gui/b.md", makers.example_text("B", generation="[character, dwc]"))
    assert 'value="character dwc" checked' in screen(as_reviewer, odd)


def test_another_label_is_refused_with_both_ways_out(as_reviewer, example):
    response = post(
        as_reviewer, "review_example", example, {"verdict": "approve", "generations": "dwc", **QUEUE}
    )

    assert response.status_code == 422
    assert "Press F to write yours into the text, or R" in shown(response)
    assert 'value="dwc" checked' in shown(response)
    assert not Review.objects.exists()


def test_f_relabels_where_the_label_differs(as_reviewer, reviewer, example):
    waiting = makers.example()

    response = post(as_reviewer, "review_fix", example, {"generations": "dwc", **QUEUE}, follow=True)

    example.refresh_from_db()
    assert (example.generation_label, example.written_by) == ("dwc", reviewer)
    assert response.context["example"] == waiting
    assert "relabelled dwc. Another reviewer confirms it." in shown(response)


def test_f_opens_the_editor_where_the_label_is_right(as_reviewer, reviewer, example):
    waiting = makers.example()
    response = post(as_reviewer, "review_fix", example, {"generations": "bbj-gui", **QUEUE}, **HTMX)
    draft = Draft.objects.get(author=reviewer)
    editor = reverse("draft_edit", args=[draft.pk])
    assert response.headers["HX-Redirect"] == editor
    assert "what you save counts as mended by you" in shown(as_reviewer.get(editor))

    saved = as_reviewer.post(
        editor,
        {
            "text": makers.example_text("Mended", generation="bbj-gui"),
            "base_hash": example.content_hash,
            "example": example.pk,
            "path": example.path,
            "action": "save",
            "way": "markdown",
        },
        follow=True,
    )

    assert saved.context["example"] == waiting
    assert f"Mended {example.path}. Another reviewer confirms it." in shown(saved)
    text = screen(makers.signed_in(makers.user("reviewer")), example)
    assert f"Mended in review by {reviewer}, who found it right otherwise" in text
    assert "changed since the text of" in text
    assert '<details class="against" open>' in text


@pytest.mark.parametrize("name", ["review_example", "review_fix"])
def test_no_label_breaks_a_form(as_reviewer, example, name):
    response = post(as_reviewer, name, example, {"verdict": "approve", "generations": "swing all", **QUEUE})

    assert response.status_code == 422
    assert "is no label" in shown(response)


def test_a_verdict_that_comes_too_late_shows_what_changed(as_reviewer, example):
    old = example.content_hash
    makers.edited(example, makers.example_text("Edited", generation="bbj-gui"))

    response = post(
        as_reviewer,
        "review_example",
        example,
        {"verdict": "reject", "reason": "typed already", **QUEUE, "content_hash": old},
    )

    assert response.status_code == 422
    assert "changed since the text that was on your screen" in shown(response)
    assert "typed already" in shown(response)


def test_z_takes_the_verdict_back_and_shows_that_example(as_reviewer, example):
    post(as_reviewer, "review_example", example, {"verdict": "approve", **QUEUE})
    done = as_reviewer.get(reverse("review_next"))
    assert "Undo<span" in shown(done)

    entry = done.context["undoable"]["entry"]
    response = as_reviewer.post(reverse("review_undo"), {"entry": entry}, follow=True)

    assert response.context["example"] == example
    assert f"Undone: approved {example.path}." in shown(response)
    assert reviewing.status_of(example) == "needs_review"
    again = as_reviewer.post(reverse("review_undo"), {"entry": entry}, follow=True)
    assert "undone already" in shown(again)


@pytest.mark.parametrize("entry", ["", "x", "999999", "9" * 30])
def test_no_form_breaks_undo(as_reviewer, entry):
    response = as_reviewer.post(reverse("review_undo"), {"entry": entry}, follow=True)

    assert response.status_code == 200
    assert "nothing to undo" in shown(response)


def test_the_screen_takes_as_many_questions_whatever_was_said(
    as_reviewer, reviewer, example, django_assert_max_num_queries
):
    for _ in range(5):
        makers.review(example, "reject")
        commenting.comment(
            example=example, author=makers.user(), text="why?", content_hash=example.content_hash
        )
        makers.edited(example, makers.example_text(f"{makers.user()}", generation="bbj-gui"))
    makers.review(makers.example(), reviewer=reviewer)
    screen(as_reviewer, example)

    with django_assert_max_num_queries(60):
        screen(as_reviewer, example)


# Comments, assignments, number of reviewers


@pytest.mark.parametrize("place", [{}, QUEUE])
def test_a_comment_is_added_at_a_line_and_shown_with_it(as_author, as_reviewer, example, place):
    client = as_reviewer if place else as_author

    response = post(
        client, "comment_add", example, {"text": "Why <b>this</b>?", "line": "2", **place}, follow=True
    )

    text = shown(response)
    assert "Why &lt;b&gt;this&lt;/b&gt;?" in text
    assert "<code>title: &quot;A window&quot;</code>" in text
    assert 'class="remarked"' in text


@pytest.mark.parametrize(
    ("sent", "says"), [({"text": " "}, "required"), ({"text": "typed", "line": "999"}, "no line 999")]
)
@pytest.mark.parametrize("place", [{}, QUEUE])
def test_a_comment_that_makes_no_sense_keeps_what_was_typed(as_reviewer, example, sent, says, place):
    response = post(as_reviewer, "comment_add", example, {**sent, **place})

    assert response.status_code == 422
    assert says in shown(response)
    assert sent["text"].strip() in shown(response)
    assert not Comment.objects.exists()


def test_reviewers_are_asked_and_the_question_is_taken_back(as_reviewer, reviewer, author, example):
    other = makers.user("reviewer", "kim")
    assert f'<option value="{author.pk}"' not in screen(as_reviewer, example)

    response = post(as_reviewer, "example_assign", example, {"reviewer": other.pk, "action": "add", **QUEUE})
    assert response.url == f"{reverse('review_next')}?id={example.pk}"
    assert "Asked: kim" in screen(as_reviewer, example)

    post(as_reviewer, "example_assign", example, {"reviewer": other.pk, "action": "remove"})
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"reviewer": "x", "action": "add"}, {"reviewer": "999"}])
def test_no_form_breaks_assigning(as_reviewer, example, sent):
    response = post(as_reviewer, "example_assign", example, sent, follow=True)

    assert "Choose a reviewer to ask." in shown(response)


def test_an_author_is_not_asked_about_their_own_text(as_reviewer, author, example):
    writer = makers.user("reviewer", "wren")
    own = makers.example(author=writer)

    for sent, says in (
        ({"reviewer": author.pk, "action": "add"}, f"{author} cannot review"),
        ({"reviewer": writer.pk, "action": "add"}, "wren wrote or edited"),
    ):
        assert says in shown(post(as_reviewer, "example_assign", own, sent, follow=True))


def test_a_maintainer_says_how_many_reviewers_it_takes(as_maintainer, as_reviewer, example):
    assert "Reviewers needed" not in screen(as_reviewer, example)

    post(as_maintainer, "example_needed", example, {"needed": "2"})

    example.refresh_from_db()
    assert example.reviews_needed == 2
    assert "0 of 2 verdicts" in screen(as_reviewer, example)
    response = post(as_maintainer, "example_needed", example, {"needed": "9"}, follow=True)
    assert "from 1 to 5" in shown(response)


def test_while_verdicts_are_blind_no_page_tells_them(as_author, as_reviewer, reviewer, example):
    assigning.require_reviews(examples=[example.pk], needed=2, by=makers.user("maintainer"))
    makers.review(example, "reject", reason="zebra crossing")
    example.refresh_from_db()

    pages = [
        screen(as_reviewer, example),
        shown(as_reviewer.get(reverse("example_page", args=[example.pk]))),
        shown(as_author.get(reverse("example_page", args=[example.pk]))),
        shown(as_author.get(reverse("example_list"))),
        shown(as_author.get(reverse("revision_list", args=[example.pk]))),
        shown(as_author.get(reverse("example_edit", args=[example.pk]))),
    ]

    for text in pages:
        assert "zebra" not in text
        assert "rejected</span>" not in text
    assert all("1 of 2 verdicts" in text for text in pages[:3])
    assert ">1 of 2<" in pages[3]


def test_the_audit_log_tells_of_no_blind_verdict_before_all_are_in(as_maintainer, example):
    assigning.require_reviews(examples=[example.pk], needed=2, by=makers.user("maintainer"))
    rey = makers.user("maintainer", "rey")
    makers.review(example, "reject", reviewer=rey, reason="zebra crossing")
    commenting.comment(example=example, author=rey, text="zebra", content_hash=example.content_hash)
    log, export = reverse("audit_log"), reverse("audit_export")

    assert "zebra" not in shown(as_maintainer.get(log))
    assert "zebra" not in b"".join(as_maintainer.post(export, {"format": "jsonl"})).decode()
    assert "rejected" not in shown(as_maintainer.get(log, {"action": "review.reject"})).partition("<tbody")[2]
    assert "zebra" in shown(makers.signed_in(rey).get(log))

    makers.review(example, "reject")
    assert shown(as_maintainer.get(log)).count("zebra") >= 2


# Disputes


@pytest.fixture
def disputed(example: Example) -> Example:
    assigning.require_reviews(examples=[example.pk], needed=2, by=makers.user("maintainer"))
    makers.review(example, reviewer=makers.user("reviewer", "rey"))
    makers.review(example, "reject", reviewer=makers.user("reviewer", "kim"), reason="zebra crossing")
    example.refresh_from_db()
    assert example.status == "disputed"
    return example


def test_whoever_settles_sees_all_verdicts_and_goes_on(as_reviewer, disputed):
    page = as_reviewer.get(reverse("dispute_next"))
    text = shown(page)
    assert page.context["example"] == disputed
    assert "1 of 1 to settle" in text
    assert text.index("<h2>rey</h2>") < text.index("<h2>kim</h2>")
    assert "zebra crossing" in text

    missing = post(as_reviewer, "dispute_settle", disputed, {"verdict": "approve", "generations": "bbj-gui"})
    assert missing.status_code == 422
    assert "Say in a sentence why you decide so" in shown(missing)

    response = post(
        as_reviewer, "dispute_settle", disputed, {"verdict": "approve", "reason": "it is fine"}, follow=True
    )
    assert "Nothing waits for you here" in shown(response)
    assert f"{disputed.path} is settled." in shown(response)
    assert reviewing.status_of(disputed) == "approved"
    page_text = shown(as_reviewer.get(reverse("example_page", args=[disputed.pk])))
    assert "which settled it" in page_text


def test_whoever_judged_or_wrote_it_only_looks(disputed, as_author):
    rey = makers.signed_in(User.objects.get(username="rey"))

    assert "Nothing waits for you here" in shown(rey.get(reverse("dispute_next")))
    assert "You judged this text" in shown(rey.get(reverse("dispute_page", args=[disputed.pk])))
    assert post(rey, "dispute_settle", disputed, {"verdict": "approve", "reason": "x"}).status_code == 422
    assert "1 to settle" not in shown(rey.get(reverse("review_next")))


def test_what_nobody_disagrees_about_leads_back_to_the_example(as_reviewer, example):
    response = as_reviewer.get(reverse("dispute_page", args=[example.pk]))

    assert response.url == reverse("example_page", args=[example.pk])


def test_the_queue_and_the_page_lead_to_what_is_to_be_settled(as_reviewer, disputed):
    waiting = makers.example()

    assert "1 to settle" in screen(as_reviewer, waiting)
    page = shown(as_reviewer.get(reverse("example_page", args=[disputed.pk])))
    assert reverse("dispute_page", args=[disputed.pk]) in page
    response = post(as_reviewer, "review_example", disputed, {"verdict": "approve", **QUEUE})
    assert response.status_code == 422
    assert "read both verdicts and settle it" in shown(response)


# Back to the author


def test_the_editor_says_what_was_asked_until_it_is_saved(as_author, author, example):
    makers.review(example, "request_changes", reason="the loop never ends")
    editor = reverse("example_edit", args=[example.pk])
    assert "the loop never ends" in shown(as_author.get(editor))

    makers.edited(example, makers.example_text("Answered"), author=author)

    assert "the loop never ends" not in shown(as_author.get(editor))


def test_a_fix_begun_by_its_author_is_refused(as_maintainer, maintainer):
    own = makers.example(author=maintainer)

    response = post(as_maintainer, "review_fix", own, {"generations": "all", **QUEUE})

    assert response.status_code == 422
    assert not Draft.objects.exists()
    with pytest.raises(reviewing.OwnWork):
        amending.begin(example=own, reviewer=maintainer)
    assert reserving.take_next(maintainer) is None
