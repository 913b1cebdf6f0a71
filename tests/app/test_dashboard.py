"""The first page, and one's own account."""

from __future__ import annotations

from django.urls import reverse

from tests import makers


def test_an_account_without_a_role_is_told_what_to_do(db):
    shown = makers.signed_in(makers.user("")).get(reverse("dashboard")).content.decode()

    assert "an admin of this studio can make it author" in shown
    assert reverse("example_list") not in shown


def test_the_dashboard_counts_what_waits_and_what_is_missing(db):
    reviewer = makers.user("reviewer")
    makers.example("gui/one.md")
    makers.approved("dwc/two.md")

    shown = makers.signed_in(reviewer).get(reverse("dashboard"))

    assert shown.context["to_review"] == 1
    assert (shown.context["example_count"], shown.context["approved_count"]) == (2, 1)
    assert [row["topic"] for row in shown.context["coverage"] if any(c["count"] for c in row["cells"])] == [
        "gui",
        "dwc",
    ]


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
