"""The pages of a freeze that a worker does: from the form to the version, and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from curation import tasks
from curation.models import FreezeJob, Snapshot
from curation.services import freezing, planning
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

WAIVED = {"waive-coverage": "a first version", "waive-split": "too few to validate"}
FORM = {"name": "v1", "seed": "7", "validation_per_mille": "100", "key": "made-with-the-page"}


@pytest.fixture(autouse=True)
def _much(monkeypatch):
    monkeypatch.setattr(freezing, "AT_ONCE", 1)
    makers.approved("gui/a.md")
    makers.approved("gui/b.md")


def shown(response) -> str:
    return response.content.decode()


def posted(client, **fields) -> FreezeJob:
    response = client.post(reverse("snapshot_freeze"), {**FORM, **fields})
    job = FreezeJob.objects.latest("pk")
    assert response["Location"] == reverse("freeze_page", args=[job.pk])
    return job


def page_of(client, job: FreezeJob) -> str:
    return shown(client.get(reverse("freeze_page", args=[job.pk])))


def test_no_request_reads_the_texts_of_many(as_maintainer, monkeypatch):
    def never(**_):
        raise AssertionError("planned in a request")

    monkeypatch.setattr(planning, "plan_snapshot", never)
    monkeypatch.setattr("curation.services.snapshotting.plan_snapshot", never)

    page = shown(as_maintainer.get(f"{reverse('snapshot_freeze')}?topic=gui"))
    fragment = as_maintainer.get(reverse("snapshot_freeze"), headers={"HX-Request": "true"})
    refused = as_maintainer.post(reverse("snapshot_freeze"), {**FORM, "name": "no name"})
    job = posted(as_maintainer, topic="gui")

    assert "2 examples match" in page
    assert 'name="look" value="1"' in page
    assert '<input type="hidden" form="freeze" name="topic" value="gui">' in page
    assert shown(fragment).lstrip().startswith('<div id="plan">')
    assert (refused.status_code, 'value="no name"' in shown(refused)) == (422, True)
    assert (job.selection, job.looks_only) == ({"topic": "gui"}, False)


def test_a_job_shows_how_far_it_is_and_then_the_version(as_maintainer):
    job = posted(as_maintainer, **WAIVED)
    long_ago = timezone.now() - timedelta(seconds=20)
    values = {"state": "running", "stage": "reading the texts", "done": 1, "total": 2}
    FreezeJob.objects.update(lease_until=long_ago + timedelta(seconds=freezing.LEASE_S), **values)
    live = reverse("freeze_live", args=[job.pk])

    running = page_of(as_maintainer, job)
    FreezeJob.objects.update(state="queued")
    tasks.freeze_versions()
    done = shown(as_maintainer.get(live))

    assert f'hx-get="{live}" hx-trigger="every 1s"' in running
    assert "Reading the texts: 1 of 2" in running
    assert "its worker does not answer" in running
    assert '<progress value="50" max="100"' in running
    assert "hx-get" not in done
    assert f'Frozen as <a href="{reverse("snapshot_page", args=[Snapshot.objects.get().pk])}">v1</a>' in done


def test_what_no_database_can_keep_is_left_out_of_a_reason(as_maintainer):
    assert posted(as_maintainer, **{"waive-split": "a\0b"}).waivers == {"split": "ab"}


def test_a_double_click_queues_one_job(as_maintainer):
    assert posted(as_maintainer, **WAIVED) == posted(as_maintainer, **WAIVED)


def test_one_looks_first_then_says_why_and_freezes_what_was_seen(as_maintainer):
    job = posted(as_maintainer, look="1", topic="gui", conversations="no")
    tasks.freeze_versions()
    job.refresh_from_db()
    here = reverse("freeze_page", args=[job.pk])
    page = page_of(as_maintainer, job)
    seen = {**FORM, "seen": job.digest}

    refused = as_maintainer.post(here, {**seen, "waive-split": "too few"})
    accepted = as_maintainer.post(here, {**seen, **WAIVED})
    tasks.freeze_versions()

    assert "Mend what the 2 warnings name" in page
    assert f'<input type="hidden" form="freeze" name="seen" value="{job.digest}">' in page
    assert "conversations: without, topic: gui" in page
    assert f'href="{reverse("snapshot_freeze")}?conversations=no&amp;topic=gui"' in page
    assert refused.status_code == 422
    assert 'name="waive-split" form="freeze" value="too few"' in shown(refused)
    assert accepted["Location"] == here
    assert Snapshot.objects.get().digest == job.digest


def test_what_blocks_is_shown_and_can_only_be_checked_again(as_maintainer):
    makers.approved("gui/empty.md", makers.example_text(type="comprehension").split("## Explanation")[0])
    job = posted(as_maintainer, **WAIVED)
    tasks.freeze_versions()

    page = page_of(as_maintainer, job)

    assert "blocks</span>" in page
    assert "gui/empty.md" in page
    assert '<button type="submit">Freeze</button>' not in page
    assert "Check again" in page


def test_a_job_is_stopped_after_a_second_thought_and_keeps_what_was_typed(as_maintainer):
    job = posted(as_maintainer, **{**WAIVED, "name": "my-version"})
    assert "<summary>Stop …</summary>" in page_of(as_maintainer, job)

    response = as_maintainer.post(reverse("freeze_cancel", args=[job.pk]), follow=True)
    tasks.freeze_versions()
    again = as_maintainer.post(reverse("freeze_cancel", args=[job.pk]), follow=True)

    assert "Stopped: nothing was frozen" in shown(response)
    assert 'value="my-version"' in shown(response)
    assert "There was nothing to stop any more" in shown(again)
    assert not Snapshot.objects.exists()
    tasks.freeze_versions()
    look = {**FORM, "name": "my-version", "look": "1"}
    as_maintainer.post(reverse("freeze_page", args=[job.pk]), look)
    tasks.freeze_versions()
    assert FreezeJob.objects.get().state == "checked"


def test_the_list_leads_back_to_what_is_not_frozen_yet(as_maintainer, as_author):
    job = posted(as_maintainer)
    here = reverse("freeze_page", args=[job.pk])

    assert here in shown(as_maintainer.get(reverse("snapshot_list")))
    assert here not in shown(as_author.get(reverse("snapshot_list")))
    as_maintainer.post(reverse("freeze_cancel", args=[job.pk]))
    assert here not in shown(as_maintainer.get(reverse("snapshot_list")))


def test_asking_to_look_never_freezes_even_when_few_texts_are_left(as_maintainer):
    response = as_maintainer.post(
        reverse("snapshot_freeze"), {**FORM, **WAIVED, "path": "gui/a", "look": "1"}
    )

    assert (response.status_code, response.context["plan"] is not None) == (200, True)
    assert not Snapshot.objects.exists()
    assert not FreezeJob.objects.exists()


@pytest.mark.parametrize("fields", [{}, {"name": "\0"}, {"seed": "x"}, {"seen": "x"}, {"key": "k" * 500}])
def test_no_form_breaks_the_page_of_a_job(as_maintainer, fields):
    job = posted(as_maintainer, look="1")
    tasks.freeze_versions()

    response = as_maintainer.post(reverse("freeze_page", args=[job.pk]), {**FORM, **fields} if fields else {})

    assert response.status_code == 422
    assert FreezeJob.objects.get().state == "checked"
