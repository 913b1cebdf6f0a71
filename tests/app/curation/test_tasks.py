"""Test tasks are written and reviewed like examples, and nothing that teaches a model ever has one."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from curation.models import AuditEntry, Draft, Example, ExampleTag, ExampleWords
from curation.services import (
    agreeing,
    authoring,
    comparing,
    finding,
    looking,
    nearing,
    posing,
    reserving,
    reviewing,
    selecting,
)
from curation.services.coverage import coverage
from studio import roles, tokens
from tests import makers
from tests.app.test_roles import PATTERNS

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SECRET = "zanzibar"  # a word of the holdout task and of nothing else
HOLDOUT = makers.example_text("Task of the lock", description=f"Print {SECRET}, please")


@pytest.fixture
def writer() -> User:
    return makers.user("author", "writer")


@pytest.fixture
def holdout(writer: User) -> Example:
    return makers.task("holdout", HOLDOUT, author=writer, name="locked")


def approve(task: Example) -> Example:
    makers.review(task)
    task.refresh_from_db()
    return task


# What teaches has no task


def test_no_list_search_count_or_version_has_a_task(holdout):
    triage = approve(makers.task("triage"))
    approve(holdout)
    example = makers.approved("strings/one.md")
    comparing.compare()

    assert list(Example.objects.all()) == [example]
    assert list(Example.objects.approved()) == [example]
    assert list(finding.find_examples(finding.Filters())) == [example]
    assert not finding.find_examples(finding.Filters(q=SECRET)).exists()
    assert coverage().total.examples == 1
    assert [one.path for one in selecting.choose().examples] == [example.path]
    for task in (triage, holdout):
        assert nearing.near_to(task.revisions.get().text).near == []
    assert not ExampleWords.objects.exclude(example=example).exists()
    assert not ExampleTag.objects.exclude(example=example).exists()
    assert agreeing.judged_texts() == []


def test_an_ordinary_example_may_not_lie_in_the_folder_of_a_pool(writer):
    saved = authoring.save(author=writer, path="holdout/a.md", text=makers.example_text(), base_hash="")

    assert [problem.code for problem in saved.problems if problem.severity == "error"] == ["topic"]
    assert not Example.everything.exists()


def test_a_task_lies_in_the_folder_of_its_pool_and_has_code(writer):
    text = makers.example_text("Words", type="explanation")
    saved = authoring.save(author=writer, path="gui/a.md", text=text, base_hash="", pool="triage")

    assert {problem.code for problem in saved.problems} >= {"path", "task-type"}
    assert saved.draft
    assert saved.draft.pool == "triage"


# Written and reviewed like an example


def test_a_task_is_written_on_the_form_of_the_examples_and_counts_under_its_topic(writer):
    client = makers.signed_in(writer)
    page = client.get(reverse("example_new"), {"pool": "holdout", "way": "markdown"}).content.decode()
    text = HOLDOUT.replace("difficulty: basic", "difficulty: basic\ntags: [loops, strings]")
    sent = {
        "path": "holdout/a.md",
        "text": text,
        "way": "markdown",
        "action": "save",
        "pool": "holdout",
        "mark": "fragment",
    }

    answer = client.post(reverse("example_new"), sent)

    assert "What its right answer is" in page
    task = Example.everything.get()
    assert answer.status_code == 302
    assert (task.pool, task.mark, task.topic, task.status) == (
        "holdout",
        "fragment",
        "strings",
        "needs_review",
    )


def test_a_draft_keeps_pool_and_mark(writer):
    client = makers.signed_in(writer)
    typed = {
        "text": HOLDOUT,
        "way": "markdown",
        "pool": "holdout",
        "mark": "meant-to-fail",
        "path": "holdout/",
    }
    client.post(reverse("draft_keep"), typed)
    draft = Draft.objects.get()

    page = client.get(reverse("draft_edit", args=[draft.pk])).content.decode()

    assert (draft.pool, draft.mark) == ("holdout", "meant-to-fail")
    assert '<option value="meant-to-fail" selected>' in page


def test_two_people_make_a_task_and_an_edit_withdraws_the_approval(holdout, writer):
    with pytest.raises(reviewing.OwnWork):
        makers.review(holdout, reviewer=writer)
    assert approve(holdout).status == "approved"

    makers.edited(holdout, HOLDOUT.replace("please", "now"), author=writer)

    assert reviewing.status_of(holdout) == "needs_review"


def test_a_task_waits_in_the_queue_of_review(holdout):
    reviewer = makers.user("reviewer")
    makers.example()

    assert reserving.waiting_for(reviewer).count() == 2
    assert reserving.take_next(reviewer) == holdout


def test_a_reviewer_mends_a_task_and_takes_that_back(holdout):
    reviewer = makers.user("reviewer")

    mended = makers.mended(holdout, HOLDOUT.replace("please", "now"), reviewer=reviewer)

    assert (mended.endorsed, mended.pool) == (True, "holdout")


def test_the_mark_of_an_approved_task_is_changed_by_a_maintainer_only(holdout, writer):
    assert posing.mark(task=holdout, mark="fragment", by=writer)
    approve(holdout)

    with pytest.raises(posing.MarkStays, match="approved as fragment"):
        posing.mark(task=holdout, mark="program", by=writer)
    assert posing.mark(task=holdout, mark="program", by=makers.user("maintainer"))

    entry = AuditEntry.objects.filter(action="task.mark").latest("pk")
    assert entry.detail == {"mark": "program", "before": "fragment"}


# The lock


def looks() -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(action=looking.ACTION).order_by("pk")
    return [(row.actor.get_username(), row.subject, row.detail["why"]) for row in rows if row.actor]


def test_the_author_reads_a_holdout_task_and_other_authors_learn_not_even_that_it_is_there(holdout, writer):
    own, other = makers.signed_in(writer), makers.signed_in(makers.user("author"))
    pages = ["example_page", "example_edit", "revision_list", "label_example", "duplicate_cluster"]

    assert SECRET in own.get(reverse("example_page", args=[holdout.pk])).content.decode()
    for name in pages[:3]:
        assert other.get(reverse(name, args=[holdout.pk])).status_code == 404
    assert other.post(reverse("comment_add", args=[holdout.pk]), {}).status_code == 404
    assert looks() == [("writer", "holdout/locked.md", "read its page")]


def test_a_reviewer_reads_it_on_the_review_screen_until_it_is_decided(holdout):
    reviewer = makers.user("reviewer", "rev")
    client = makers.signed_in(reviewer)

    screen = client.get(reverse("review_next"), {"id": holdout.pk}).content.decode()
    assert SECRET in screen
    assert looks() == [("rev", "holdout/locked.md", "review")]

    approve(holdout)

    assert SECRET not in client.get(reverse("review_next"), {"id": holdout.pk}).content.decode()
    assert len(looks()) == 1


def test_a_maintainer_reads_one_only_with_a_reason_that_everybody_sees(holdout):
    top = makers.signed_in(makers.user("maintainer", "top"))
    approve(holdout)
    asked = {"example_id": holdout.pk, "why": ""}

    refused = top.post(reverse("task_look"), asked)
    shown = top.post(reverse("task_look"), {**asked, "why": "the gold answer is refused"})

    assert refused.status_code == 422
    assert SECRET not in refused.content.decode()
    assert SECRET in shown.content.decode()
    assert looks() == [("top", "holdout/locked.md", "the gold answer is refused")]
    listed = makers.signed_in(makers.user("author")).get(reverse("task_list")).content.decode()
    assert "the gold answer is refused" in listed
    assert "locked.md" not in listed


def test_a_download_of_the_tasks_is_a_look_at_each_of_the_holdout(holdout):
    top = makers.signed_in(makers.user("maintainer", "top"))
    approve(holdout)
    approve(makers.task("triage"))

    answer = top.post(reverse("task_download"), {"why": "moving to another machine"})

    assert answer["Content-Type"] == "application/zip"
    assert looks() == [("top", "holdout/locked.md", "download: moving to another machine")]


def test_no_draft_opens_a_way_to_a_holdout_task(holdout):
    other = makers.user("author")
    client = makers.signed_in(other)
    typed = {"text": "mine", "way": "markdown", "example": holdout.pk, "base_hash": holdout.content_hash}
    client.post(reverse("draft_keep"), {**typed, "path": holdout.path, "pool": "holdout"})
    sent = {**typed, "path": holdout.path, "pool": "holdout", "action": "save"}

    client.post(reverse("example_new"), sent)
    client.post(reverse("example_duplicate", args=[holdout.pk]))

    drafts = Draft.objects.filter(author=other)
    assert {draft.example for draft in drafts} == {None}
    for draft in drafts:
        for name in ("draft_edit", "draft_merge"):
            assert SECRET not in _text(client, reverse(name, args=[draft.pk]))
    assert looks() == []


def addresses(example: Example) -> list[str]:
    """Every page that a GET opens, with this example's number wherever one is asked for."""
    found = []
    for name, (look, _) in roles.MATRIX.items():
        if look:
            kinds = PATTERNS[name].pattern.converters
            values = {"number": 1, "file_name": "train.jsonl", "code": "x"}
            found.append(reverse(name, kwargs={kind: values.get(kind, example.pk) for kind in kinds}))
    return [*found, reverse("example_list") + f"?q={SECRET}", reverse("duplicate_list") + "?kind="]


@pytest.mark.parametrize("role", ["maintainer", "admin"])  # whose pages are all that there are
def test_no_page_shows_a_word_of_a_decided_holdout_task(holdout, role):
    approve(holdout)
    makers.approved()
    comparing.compare()
    client = makers.signed_in(makers.user(role))

    telling = [
        where
        for where in [*addresses(holdout), "/admin/curation/revision/", "/admin/curation/example/"]
        if SECRET in _text(client, where)
    ]

    assert telling == [reverse("example_list") + f"?q={SECRET}"] * (role != "admin")  # the search's own box


def _text(client: Client, where: str) -> str:
    return b"".join(client.get(where)).decode("utf-8", "replace")


@pytest.mark.parametrize("status", ["needs_review", "approved"])
def test_no_operation_of_the_api_shows_it_to_an_author(holdout, status):
    if status == "approved":
        approve(holdout)
    _, secret = tokens.create(owner=makers.user("author"), name="all", scopes=list(roles.SCOPES), days=1)
    shown = {"Authorization": f"Bearer {secret}"}
    telling = []
    for operation in roles.OPERATIONS:
        method, _, path = operation.partition(" ")
        if method == "GET":
            path = path.replace("{number}", "1").replace("{file_name}", "train.jsonl")
            path = re.sub(r"\{\w+\}", str(holdout.pk), path)
            if SECRET in _text(Client(headers=shown), f"/api/v1{path}"):
                telling.append(operation)

    assert telling == []
    assert looks() == []
