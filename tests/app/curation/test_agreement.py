"""Agreement between reviewers, from verdicts that were given blind."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.urls import reverse

from curation.models import Example
from curation.services import agreeing, reviewing
from tests import makers


def asked(needed: int = 2) -> Example:
    example = makers.example()
    Example.objects.filter(pk=example.pk).update(reviews_needed=needed)
    example.refresh_from_db()
    return example


def judge(example: Example, who: User, verdict: str, label: str = "") -> None:
    reviewing.record_review(
        example=Example.objects.get(pk=example.pk),
        reviewer=who,
        verdict=verdict,
        content_hash=example.content_hash,
        reason="" if verdict == "approve" else "because",
        generations=label.split(),
    )


def test_the_labels_and_verdicts_of_a_blind_round_count(db):
    ann, ben = makers.user("reviewer"), makers.user("reviewer")
    for _ in range(3):
        agreed = asked()
        judge(agreed, ann, "approve")
        judge(agreed, ben, "approve")
    split = asked()
    judge(split, ann, "approve")
    judge(split, ben, "request_changes", "bbj-gui dwc")
    silent = asked()
    judge(silent, ann, "reject")
    judge(silent, ben, "approve")

    texts = agreeing.judged_texts()

    assert [text.example_id for text in texts][:2] == [silent.pk, split.pk]
    labels = agreeing.label_alphas(texts)
    assert (labels["all"].units, labels["all"].split) == (4, 1)  # one said nothing about the label
    assert labels["vpro5"].word == "no variation"
    assert (agreeing.verdict_alpha(texts).units, agreeing.verdict_alpha(texts).split) == (5, 2)
    assert agreeing.confusions(texts) == ([agreeing.Confusion("all", "bbj-gui dwc", 1)], 4)
    assert {text.example_id for text in agreeing.split_texts(texts)} == {split.pk, silent.pk}


def test_who_could_see_another_verdict_does_not_count(db):
    one = asked(needed=1)
    for _ in range(2):
        judge(one, makers.user("reviewer"), "approve")
    half = asked(needed=3)
    for _ in range(2):
        judge(half, makers.user("reviewer"), "approve")

    assert agreeing.judged_texts() == []


def test_a_change_of_mind_after_the_round_and_an_adjudication_do_not_count(db):
    ann, ben = makers.user("reviewer"), makers.user("reviewer")
    example = asked()
    judge(example, ann, "approve")
    judge(example, ben, "reject")
    judge(example, ben, "approve")

    (text,) = agreeing.judged_texts()

    assert [vote.verdict for vote in text.votes] == ["approve", "reject"]


def test_an_example_counts_once_with_the_text_judged_last(db):
    ann, ben = makers.user("reviewer"), makers.user("reviewer")
    example = asked()
    judge(example, ann, "approve")
    judge(example, ben, "reject")
    makers.edited(example, makers.example_text("Mended"))
    judge(example, ann, "approve")
    assert [text.votes[-1].verdict for text in agreeing.judged_texts()] == ["reject"]
    judge(example, ben, "approve")

    (text,) = agreeing.judged_texts()

    assert text.content_hash == example.content_hash


def test_the_page_says_how_to_get_data_and_then_what_it_means(as_reviewer, django_assert_max_num_queries):
    assert "ask for two reviewers" in as_reviewer.get(reverse("agreement")).content.decode()
    ann, ben = makers.user("reviewer", "ann"), makers.user("reviewer", "ben")
    example = asked()
    assert "1 example asks for two reviewers" in as_reviewer.get(reverse("agreement")).content.decode()
    judge(example, ann, "approve")
    judge(example, ben, "request_changes", "dwc")

    with django_assert_max_num_queries(9):
        body = as_reviewer.get(reverse("agreement")).content.decode()

    assert "ann: approved, all" in body
    assert "ben: changes requested, dwc" in body
    assert "1 waits for a third reviewer" in body
    assert reverse("example_page", args=[example.pk]) in body
    assert "1 text can say nothing about agreement" in body


def test_a_blind_verdict_is_not_shown(as_reviewer):
    ann, ben, cem = (makers.user("reviewer", name) for name in ("ann", "ben", "cem"))
    done, half = asked(), asked()
    for who in (ann, ben):
        judge(done, who, "approve")
    judge(half, cem, "reject")

    body = as_reviewer.get(reverse("agreement")).content.decode()

    assert "cem" not in body
    assert "1 text judged by two or more reviewers" in body
