"""The first page, and one's own account."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.models import ImportJob
from curation.services import assigning, comparing, drafting
from tests import makers


def test_an_account_without_a_role_is_told_what_to_do(db):
    shown = makers.signed_in(makers.user("")).get(reverse("dashboard")).content.decode()

    assert "an admin of this studio can make it author" in shown
    assert reverse("example_list") not in shown


def shown(account: User) -> str:
    return makers.signed_in(account).get(reverse("dashboard")).content.decode()


def test_the_dashboard_counts_what_waits_and_what_is_missing(db):
    reviewer = makers.user("reviewer")
    example = makers.example("gui/one.md")
    makers.approved("dwc/two.md")
    makers.review(makers.example("gui/three.md"), "reject")
    assigning.assign(examples=[example.pk], to=[reviewer], by=makers.user("maintainer"))

    response = makers.signed_in(reviewer).get(reverse("dashboard"))

    waiting, total = response.context["waiting"], response.context["total"]
    assert (waiting.to_review, waiting.assigned) == (1, 1)
    assert (total.examples, total.approved) == (2, 1)
    assert [row["topic"] for row in response.context["rows"] if row["total"].examples] == ["gui", "dwc"]


def test_an_author_reads_why_changes_are_requested_and_gets_to_the_editor(db):
    author = makers.user()
    example = makers.example("gui/a.md", author=author)
    makers.review(example, "request_changes", reason="The loop has no end.")
    drafting.draft_of(author=author, example=makers.example("gui/b.md"))

    text = shown(author)

    assert "The loop has no end." in text
    assert reverse("example_edit", args=[example.pk]) in text
    assert "Go on with Example gui/b.md" in text
    assert "Waiting for your review" not in text


def test_a_maintainer_sees_disputes_imports_and_clusters(db, tmp_path):
    maintainer = makers.user("maintainer")
    disputed = makers.example("gui/a.md", makers.example_text("The same"))
    makers.example("gui/b.md", makers.example_text("The same"))
    comparing.compare()
    assigning.require_reviews(examples=[disputed.pk], needed=2, by=maintainer)
    makers.review(disputed, "approve")
    makers.review(disputed, "request_changes")
    ImportJob.objects.create(
        idempotency_key="1", requested_by=maintainer, kind="folder", source_name="rows", state="ready"
    )

    text = shown(maintainer)

    assert "Read the report of rows" in text
    assert reverse("dispute_next") in text
    assert "Clusters of near-duplicates" in text


def test_who_has_nothing_to_do_is_told_what_could_be_done(db):
    assert "Nothing waits for you." in shown(makers.user())


def test_a_dataset_version_is_shown_with_its_score_or_the_way_to_one(db):
    makers.snapshot("v-first")

    text = shown(makers.user())

    assert "v-first" in text
    assert "No model of it has been scored." in text


def test_the_dashboard_takes_as_many_questions_for_much_as_for_little(db):
    maintainer = makers.user("maintainer")
    client = makers.signed_in(maintainer)

    asked = []
    for n in range(3):
        example = makers.example(f"gui/sent-back-{n}.md", author=maintainer)
        makers.review(example, "request_changes")
        makers.example(f"gui/waits-{n}.md")
        drafting.new_draft(author=maintainer, path="gui/x.md", text="?")
        makers.snapshot(f"v{n}", examples=1)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("dashboard"))
        asked.append(len(queries))

    assert len(set(asked)) == 1


def test_a_password_can_be_changed_and_a_wrong_old_one_is_refused(db):
    author = makers.user("author")
    author.set_password("the-first-password")
    author.save()
    client = makers.signed_in(author)
    new = {"new_password1": "quite-another-one", "new_password2": "quite-another-one"}

    refused = client.post(reverse("password"), {"old_password": "wrong", **new})
    changed = client.post(reverse("password"), {"old_password": "the-first-password", **new})

    author.refresh_from_db()
    assert "entered incorrectly" in refused.content.decode()
    assert changed.status_code == 302
    assert author.check_password("quite-another-one")
