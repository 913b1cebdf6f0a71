"""What is stored about near texts equals comparing all with all, however it came about."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import combinations
from unittest import mock

import pytest
from django.db import connection
from django.db.models.functions import Now

from curation import tasks
from curation.domain import duplicates, markdown, resolution
from curation.models import ComparedText, Comparison, Example, NearForms, NormalForm
from curation.services import clustering, comparing, deduplicating, indexing, surveying, waking
from curation.services.selecting import Chosen, ChosenText
from studio import celery
from tests import makers


def near_pairs(whole: float, code: float) -> set[tuple[str, str]]:
    """By the rule itself, over all present texts at once."""
    rows = Example.objects.values_list("path", "content_hash", "head__text")
    docs = [(content_hash, markdown.parse(text, path=path).doc) for path, content_hash, text in rows]
    items = [deduplicating.compared_example(doc, content_hash) for content_hash, doc in docs if doc]
    found = deduplicating.near_pairs(items, whole=whole, code=code)
    return {in_order(items[n.i].path, items[n.j].path) for n in found}


def in_order(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def stored_pairs(threshold: float) -> set[tuple[str, str]]:
    land = surveying.landscape()
    paths = dict(Example.objects.values_list("pk", "path"))
    found = set()
    for a, b in combinations(land.texts, 2):
        said = land.alike(a, b)
        if said and said.level >= threshold:
            found.add(in_order(paths[a], paths[b]))
    return found


def relatives(n: int, seed: int) -> list[str]:
    """Texts of which many are near to each other: changed words, changed code, the same once more."""
    dice = random.Random(seed)
    texts = [makers.example_text(f"Origin {k}") for k in range(3)]
    while len(texts) < n:
        words = dice.choice(texts).split(" ")
        for _ in range(dice.choice((0, 1, 3, 8, 20))):
            place = dice.randrange(20, len(words))
            if words[place].isalnum():
                words[place] = dice.choice(makers.WORDS)
        texts.append(" ".join(words))
    return [text for text in texts if markdown.parse(text, path="strings/a.md").doc]


@pytest.mark.parametrize("seed", range(3))
def test_texts_one_at_a_time_give_the_pairs_of_all_with_all(author, seed):
    for text in relatives(14, seed):
        makers.example(text=text, author=author)
        comparing.compare()
    edited = Example.objects.order_by("pk")[4]
    makers.edited(edited, makers.example_text("Origin 1", explanation="told anew"), author=author)
    comparing.compare()

    for threshold in (0.80, 0.85, 0.93, 1.0):
        code = resolution.code_threshold(threshold)
        assert stored_pairs(threshold) == near_pairs(threshold, code)
    assert stored_pairs(0.85)


def few_edges(items: list[deduplicating.Compared]) -> tuple[list[clustering.Alike], list[int]]:
    """Those of the split, of texts that nobody has compared, and the clusters that they make."""
    chosen = Chosen(
        (), (), tuple(ChosenText(n, item.path, item.content_hash) for n, item in enumerate(items))
    )
    alike = clustering.likeness_of(chosen, {}, {item.content_hash: item for item in items})
    edges = clustering.edges(alike)
    return edges, clustering.groups(alike, edges)


@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "few"), [(0, 300), (1, 300), (2, 0), (3, 0)])
def test_the_few_edges_of_the_split_make_the_clusters_of_all_pairs(seed, few, monkeypatch):
    monkeypatch.setattr(clustering, "FEW", few)
    docs = [markdown.parse(text, path=f"strings/a{n}.md").doc for n, text in enumerate(relatives(30, seed))]
    items = [deduplicating.compared_example(doc, f"{n}") for n, doc in enumerate(docs) if doc]

    edges, groups = few_edges(items)

    pairs = deduplicating.near_pairs(items)
    assert groups == duplicates.clusters(len(items), [duplicates.Pair(p.i, p.j, p.score) for p in pairs])
    assert all((edge.i, edge.j) in {(p.i, p.j) for p in pairs} for edge in edges)


@pytest.mark.django_db
def test_two_thousand_identical_texts_are_one_cluster_of_the_split():
    doc = markdown.parse(makers.example_text("Same"), path="strings/a.md").doc
    assert doc
    items = [deduplicating.compared_example(doc, f"{n:04d}") for n in range(2000)]

    edges, groups = few_edges(items)

    assert len(edges) < 6000
    assert set(groups) == {0}


@pytest.mark.parametrize("many", [500, 3])
def test_a_rebuild_gives_what_was_there(author, monkeypatch, many):
    for text in relatives(12, 7):
        makers.example(text=text, author=author)
        comparing.compare()
    before = stored_pairs(0.8)

    NormalForm.objects.all().delete()
    ComparedText.objects.all().delete()
    monkeypatch.setattr(comparing, "MANY", many)  # one by one, or all with all in one go

    assert comparing.compare() == Example.objects.count()
    assert stored_pairs(0.8) == before


def test_there_is_nothing_to_do_twice(author):
    makers.example(author=author)

    assert comparing.compare() == 1
    assert comparing.compare() == 0
    assert comparing.state().waiting == 0
    assert comparing.state().finished_at


def test_other_rules_of_preparing_a_text_prepare_all_of_them_anew(author):
    makers.example(author=author)
    comparing.compare()

    with mock.patch.object(comparing, "rules", return_value="other rules"):
        assert comparing.state().waiting == 1
        assert comparing.compare() == 1
    assert ComparedText.objects.get().rules == "other rules"


def test_the_name_of_the_rules_follows_from_what_they_do():
    before = comparing.rules()
    comparing.rules.cache_clear()
    with mock.patch("curation.domain.duplicates.normalise_code", lambda code: code):
        changed = comparing.rules()
    comparing.rules.cache_clear()

    assert comparing.rules() == before != changed


def test_one_process_compares_at_a_time(author):
    makers.example(author=author)
    Comparison.objects.create(pk=1, owner="another", fence=4, lease_until=Now() + timedelta(minutes=1))

    assert comparing.compare() is None
    assert comparing.state().busy
    assert comparing.state().waiting == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_at_once_one_compares():
    def try_it(_: int) -> bool:
        try:
            return comparing._claim() is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(16))) == 1


def test_a_process_that_is_gone_is_replaced_when_its_lease_has_passed(author):
    makers.example(author=author)
    Comparison.objects.create(pk=1, owner="gone", fence=4, lease_until=Now() - timedelta(seconds=1))

    assert comparing.compare() == 1
    assert Comparison.objects.get().fence == 5


def test_a_process_that_lost_its_claim_writes_nothing(author):
    makers.example(author=author)
    claimed = comparing._claim()
    assert claimed
    Comparison.objects.update(owner="another", fence=9)

    with pytest.raises(comparing.ComparedElsewhere):
        comparing._compare_all(claimed)
    assert not ComparedText.objects.exists()
    assert not NearForms.objects.exists()


def test_a_comparison_that_fails_says_why_and_can_be_tried_again(author):
    makers.example(author=author)
    with (
        mock.patch.object(indexing.FormIndex, "near", side_effect=MemoryError("too much")),
        pytest.raises(MemoryError),
    ):
        comparing.compare()

    assert comparing.state().problem == "MemoryError: too much"
    assert comparing.compare() is not None
    assert comparing.state().problem == ""


def test_a_text_that_breaks_todays_format_is_near_to_nothing(author):
    example = makers.example(author=author)
    with mock.patch("curation.services.comparing.markdown.parse") as parse:
        parse.return_value.doc = None
        comparing.compare()

    assert comparing.state().waiting == 0
    assert surveying.landscape().near(example.pk, 0.8) == []


def test_what_no_example_has_any_more_is_removed_once_it_is_much(author, monkeypatch):
    example = makers.example(author=author)
    other = makers.example(text=makers.example_text("Another"), author=author)
    comparing.compare()
    makers.edited(example, makers.example_text("Another", explanation="told anew"), author=author)
    comparing.compare()
    assert ComparedText.objects.count() == 3

    monkeypatch.setattr(comparing, "MOST_UNUSED", 1)
    makers.edited(example, makers.example_text("Another", explanation="told once more"), author=author)
    comparing.compare()

    hashes = set(Example.objects.values_list("content_hash", flat=True))
    assert set(ComparedText.objects.values_list("content_hash", flat=True)) == hashes
    assert NormalForm.objects.filter(rule="text").count() == 2
    assert surveying.near_to(example) == [other.pk]


def test_a_text_with_a_thousand_near_ones_has_a_page_all_the_same(author):
    example = makers.example(author=author)
    comparing.compare()
    own = NormalForm.objects.get(rule="text")
    forms = NormalForm.objects.bulk_create(
        NormalForm(rule="text", digest=f"{n:032x}", text="", compared=True) for n in range(1200)
    )
    NearForms.objects.bulk_create(NearForms(low=own, high=form, score=0.9) for form in forms)
    ComparedText.objects.bulk_create(
        ComparedText(content_hash=f"{n:064x}", form=form.digest, rules="") for n, form in enumerate(forms)
    )

    assert surveying.near_to(example) == []  # texts of no example


def test_the_task_compares_what_waits(author):
    makers.example(author=author)

    tasks.compare_texts()

    assert comparing.state().waiting == 0
    assert tasks.compare_texts.name == comparing.TASK
    assert comparing.TASK in {entry["task"] for entry in celery.app.conf.beat_schedule.values()}


def test_an_edit_wakes_a_worker_once_it_is_saved(author, django_capture_on_commit_callbacks):
    with (
        mock.patch.object(waking, "wake") as wake,
        django_capture_on_commit_callbacks(execute=True),
    ):
        makers.example(author=author)
        assert not wake.called
    wake.assert_called_once_with(comparing.TASK)


def test_a_broker_that_is_away_costs_a_save_nothing(author):
    assert waking.wake(comparing.TASK) is False


def test_an_index_takes_new_forms_on_and_notices_a_table_that_was_put_back(author, monkeypatch):
    monkeypatch.setattr(indexing, "LARGEST_TAIL", 2)
    index = indexing.FormIndex("text")
    for n in range(6):
        NormalForm.objects.create(rule="text", digest=str(n), text=f"the text of number {n}")
        assert len(index.near("the text of number 0", 0.9)) == n + 1
    NormalForm.objects.all().delete()
    NormalForm.objects.create(rule="text", digest="x", text="the text of number 9")

    assert len(index.near("the text of number 0", 0.9)) == 1
