"""The pages of near-duplicates: what they show, what their buttons do, and for whom."""

from __future__ import annotations

import re
from unittest import mock

import pytest
from django.urls import reverse

from curation.models import PairJudgement
from curation.services import comparing, resolving, reviewing, surveying, waking
from tests import makers
from tests.app.curation.test_resolving import near_examples, texts, variant

pytestmark = pytest.mark.one_database


def listed(client, **query) -> str:
    response = client.get(reverse("duplicate_list"), query)
    assert response.status_code == 200
    return response.content.decode()


def cluster_page(client, example, **query) -> str:
    response = client.get(reverse("duplicate_cluster", args=[example.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def said(*examples) -> list[str]:
    return [f"{pk}:{content_hash}" for pk, content_hash in texts(*examples).items()]


def test_the_list_shows_each_cluster_with_its_kind_and_the_state(as_author):
    a, b = near_examples(2)

    page = listed(as_author)

    assert "1 cluster with 2 examples" in page
    assert a.path in page
    assert b.path in page
    assert "same prompt and answer" in page
    assert "nobody judged one yet" in page
    assert "All texts are compared" in page


def test_the_threshold_stays_in_the_url_and_moves_what_is_found(as_author):
    near_examples(2)

    assert "No near-duplicates wait" not in listed(as_author, t="0.80")
    for nonsense in ("", "abc", "-3", "nan", "inf", "1e9", "0.857"):
        assert "0.8" in listed(as_author, t=nonsense) or "1.00" in listed(as_author, t=nonsense)


def test_one_kind_can_be_asked_for(as_author):
    near_examples(2)

    assert "1 of this kind" in listed(as_author, kind="same-pair")
    assert "No cluster of this kind waits" in listed(as_author, kind="renamed")
    assert "1 cluster with 2 examples" in listed(as_author, kind="no such kind")


def test_the_slider_swaps_the_table_only(as_author):
    near_examples(2)

    response = as_author.get(reverse("duplicate_list"), headers={"hx-request": "true"})

    assert response.templates[0].name == "curation/_duplicate_table.html"


def test_texts_that_wait_are_told_and_the_page_asks_again(as_reviewer):
    makers.example()

    page = as_reviewer.get(reverse("duplicate_state")).content.decode()

    assert re.search(r"1 text\s+waits", page)
    assert "every 3s" in page
    comparing.compare()
    assert "every 3s" not in as_reviewer.get(reverse("duplicate_state")).content.decode()


def test_a_worker_can_be_told(as_reviewer):
    with mock.patch.object(waking, "wake", return_value=True) as wake:
        response = as_reviewer.post(reverse("duplicate_compare"), follow=True)

    wake.assert_called_once_with(comparing.TASK)
    assert "A worker was told" in response.content.decode()
    assert (
        "No message reached a worker"
        in as_reviewer.post(reverse("duplicate_compare"), follow=True).content.decode()
    )


def test_two_members_stand_side_by_side_with_what_differs_marked(as_reviewer):
    a, _ = near_examples(2)

    page = cluster_page(as_reviewer, a)

    assert "1 of 1" in page
    assert "<del>0</del>" in page
    assert "<ins>1</ins>" in page
    assert "suggested to keep" in page
    assert 'class="tok-' in page
    assert {f'data-key="{key}"' for key in "klmdsnp?"} <= set(re.findall(r'data-key="."', page))


def test_a_text_is_shown_and_never_interpreted(as_reviewer):
    hostile = '<script>alert(1)</script> & "x"'
    a = makers.example(text=variant(1).replace("Number 1.", hostile))
    makers.example(text=variant(2))
    comparing.compare()

    page = cluster_page(as_reviewer, a)

    assert "<script>alert" not in page
    assert "&lt;" in page
    assert "&lt;/" in re.sub(r"</?(del|ins)>", "", page)


def test_keeping_one_sets_the_others_aside_and_goes_on(as_reviewer):
    a, b, c = near_examples(3)

    response = as_reviewer.post(
        reverse("duplicate_keep", args=[a.pk]), {"kept": b.pk, "texts": said(a, b, c), "t": "0.85"}
    )

    assert response.url == f"{reverse('duplicate_list')}?t=0.85"
    assert [reviewing.status_of(one) for one in (a, b, c)] == ["set_aside", "needs_review", "set_aside"]
    page = as_reviewer.get(response.url).content.decode()
    assert f"Kept {b.path}; 2 others set aside." in page
    lost = as_reviewer.get(reverse("example_page", args=[a.pk])).content.decode()
    assert "set aside as a duplicate" in lost
    assert f'Kept instead: <a class="mono" href="{reverse("example_page", args=[b.pk])}">' in lost


def test_after_a_decision_the_next_cluster_opens(as_reviewer):
    a, b = near_examples(2)
    other = [
        makers.example(text=makers.example_text("Count lines", explanation=f"In the order {n}. It counts."))
        for n in range(2)
    ]
    comparing.compare()
    firsts = [cluster.members[0] for cluster in surveying.landscape().clusters(0.85)]
    assert firsts == [a.pk, other[0].pk]

    response = as_reviewer.post(
        reverse("duplicate_distinct", args=[a.pk]), {"texts": said(a, b), "reason": "both are good"}
    )

    assert response.url.startswith(reverse("duplicate_cluster", args=[other[0].pk]))
    assert PairJudgement.objects.get().reason == "both are good"
    back = as_reviewer.post(reverse("duplicate_undo"), {"action": PairJudgement.objects.get().action})
    assert back.url.startswith(reverse("duplicate_cluster", args=[a.pk]))
    assert "1 of 2" in as_reviewer.get(back.url).content.decode()


def test_what_is_left_of_a_cluster_comes_before_the_next_one(as_reviewer):
    a, b, c = near_examples(3)

    response = as_reviewer.post(reverse("duplicate_distinct", args=[a.pk]), {"texts": said(a, b)})

    assert response.url.startswith(reverse("duplicate_cluster", args=[a.pk]))
    page = as_reviewer.get(response.url).content.decode()
    assert "A chain" in page
    assert c.path in page


def test_a_text_that_changed_meanwhile_is_not_judged(as_reviewer):
    a, b = near_examples(2)
    seen = said(a, b)
    makers.edited(b, variant(6))
    comparing.compare()

    for name, more in (("duplicate_distinct", {}), ("duplicate_keep", {"kept": a.pk})):
        response = as_reviewer.post(reverse(name, args=[a.pk]), {"texts": seen, **more})
        assert response.status_code == 422
        assert f"{b.path} changed after you opened it" in response.content.decode()
    assert not PairJudgement.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"texts": "1"},
        {"texts": ["1:x"]},
        {"texts": ["0:" + "0" * 64]},
        {"texts": ["9" * 30 + ":" + "0" * 64]},
        {"texts": ["1:" + "0" * 64, "2:" + "0" * 64, "3:" + "0" * 64]},
    ],
)
def test_a_form_without_the_two_texts_decides_nothing(as_reviewer, form):
    a, _ = near_examples(2)

    for name in ("duplicate_distinct", "duplicate_keep"):
        response = as_reviewer.post(reverse(name, args=[a.pk]), {**form, "kept": a.pk})
        assert response.status_code in (404, 422)
    assert not PairJudgement.objects.exists()


def test_an_undo_of_what_does_not_stand_says_so(as_reviewer):
    a, b = near_examples(2)
    action = resolving.mark_distinct(pair=(a, b), texts=texts(a, b), judge=makers.user("reviewer"))
    resolving.undo(action=action, judge=makers.user("reviewer"))

    response = as_reviewer.post(reverse("duplicate_undo"), {"action": action}, follow=True)

    assert "There was nothing to undo" in response.content.decode()
    assert as_reviewer.post(reverse("duplicate_undo"), {"action": "nothing"}).status_code == 404


def test_an_author_looks_and_decides_nothing(as_author):
    a, b = near_examples(2)

    page = cluster_page(as_author, a)

    assert "Keep this" not in page
    assert "Not a duplicate" not in page
    assert (
        as_author.post(reverse("duplicate_distinct", args=[a.pk]), {"texts": said(a, b)}).status_code == 403
    )
    assert as_author.post(reverse("duplicate_keep", args=[a.pk]), {"texts": said(a, b)}).status_code == 403


def test_the_decisions_are_listed_with_who_and_why(as_author):
    a, b, c = near_examples(3)
    judge = makers.user("reviewer", "rey")
    resolving.mark_distinct(pair=(a, b), texts=texts(a, b), judge=judge, reason="two dialects")
    resolving.keep(kept=c, others=[a], texts=texts(a, c), judge=judge)

    page = listed(as_author)

    assert "two dialects" in page
    assert "rey" in page
    assert "no duplicates" in page
    assert f">{c.path}</a>,\n" in page
    assert "1.00 <span" in page or "0.50 <span" in page


def test_an_example_without_near_duplicates_has_a_page_that_says_so(as_author):
    example = makers.example()
    comparing.compare()

    assert "Nothing is left to decide" in cluster_page(as_author, example)
    assert as_author.get(reverse("duplicate_cluster", args=[987654])).status_code == 404


def test_the_same_template_is_named_and_no_duplicate(as_author):
    code = 'rem {0}\n{0}$ = "{0}"\nprint {0}$, {1}\ninput {0}$\nif {0}$ = "" then end\n'
    one, two = (
        makers.example(text=makers.example_text(f"About {a}", code=code.format(a, n) + "print 1\n" * 9))
        for a, n in (("harbours", 12), ("violins", 777))
    )
    comparing.compare()

    page = cluster_page(as_author, one)

    assert "Nothing is left to decide" in page
    assert "Same template" in page
    assert two.path in page


def test_the_pages_of_an_example_say_how_many_are_near(as_reviewer):
    a, _, _ = near_examples(3)

    for address in (reverse("example_page", args=[a.pk]), f"{reverse('review_next')}?id={a.pk}"):
        page = as_reviewer.get(address).content.decode()
        assert "2 near-duplicates" in page
        assert f'{reverse("duplicate_cluster", args=[a.pk])}"' in page
        assert 'data-key="n"' in page


def test_the_example_list_filters_by_near_duplicates_in_the_url(as_author):
    near_examples(2)
    alone = makers.example()
    comparing.compare()

    page = as_author.get(reverse("example_list"), {"near": "yes"}).content.decode()

    assert "2 examples match" in page
    assert alone.path not in page
    assert "has near-duplicates" in page


def test_merging_opens_the_editor_with_the_other_text_beside_it(as_author):
    a, b = near_examples(2)

    page = as_author.get(reverse("example_edit", args=[a.pk]), {"beside": b.pk}).content.decode()

    assert b.path in page
    assert "Number 1." in page
    merged = as_author.post(
        reverse("example_edit", args=[a.pk]),
        {"text": variant(5), "base_hash": a.content_hash, "beside": b.pk, "action": "save"},
    )
    assert merged.url == f"{reverse('duplicate_cluster', args=[a.pk])}?left={a.pk}&right={b.pk}"
