"""Ending a stage early, going on where a run stopped, and several runs at once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.urls import reverse

from curation.models import AuditEntry
from training.adapters import storage
from training.models import Run, Stage
from training.services import cancelling, launching, leasing, resuming, staging, supervising

pytestmark = pytest.mark.django_db
LONG = {"steps": 150, "step_s": 0.02, "save_steps": 2}


def claimed(run: Run) -> leasing.Claim:
    claim = launching.claim(run.pk, "tests:1")
    assert claim is not None
    return claim


def at_step(wanted, do):
    """A progress that calls `do` once, at this step of this stage."""
    done: list[Run] = []

    def progress(stage, step, of, metrics):
        if (stage, step) == wanted and not done:
            done.append(do())

    return progress


def test_a_stage_that_is_stopped_and_kept_leaves_what_it_has_and_the_run_goes_on(
    run, fake_stages, maintainer
):
    fake_stages(pretrain=LONG, instruct={})

    state = supervising.execute(
        claimed(run), at_step(("pretrain", 3), lambda: cancelling.request_keep(run=run, by=maintainer))
    )

    assert state == "succeeded"
    stages = {stage.name: stage for stage in run.stages.all()}
    assert 3 <= stages["pretrain"].result["steps"] < 150
    assert stages["instruct"].result["steps"] == 4, "the next stage trains to its end"
    run.refresh_from_db()
    assert run.keep_requested_at is None
    assert any("ended early and kept" in event.what for event in run.events.all())
    assert AuditEntry.objects.filter(action="run.keep", actor=maintainer).count() == 1


def test_only_a_stage_that_trains_can_be_kept(run, maintainer):
    with pytest.raises(cancelling.NothingToKeep, match="does not train at this moment"):
        cancelling.request_keep(run=run, by=maintainer)
    cancelling.request_cancel(run=run, by=maintainer)
    with pytest.raises(cancelling.AlreadyFinished):
        cancelling.request_keep(run=run, by=maintainer)


def test_a_resumed_run_skips_what_is_finished_and_goes_on_from_the_checkpoint(run, fake_stages, maintainer):
    fake_stages(pretrain={}, instruct=LONG)
    stop = at_step(("instruct", 5), lambda: cancelling.request_cancel(run=run, by=maintainer))
    assert supervising.execute(claimed(run), stop) == "cancelled"
    run.refresh_from_db()
    before = {stage.name: stage.finished_at for stage in run.stages.all()}

    following = resuming.resume(run=run, by=maintainer, wake_worker=False)
    short = at_step(("instruct", 8), lambda: cancelling.request_keep(run=following, by=maintainer))
    assert supervising.execute(claimed(following), short) == "succeeded"

    stages = {stage.name: stage for stage in following.stages.all()}
    assert stages["pretrain"].finished_at == before["pretrain"], "it was not trained again"
    assert stages["instruct"].result["resumed_from"].startswith("checkpoint-")
    for artifact in following.artifacts.all():
        assert storage.path_of(artifact.sha256).exists()
    assert (following.goes_on_from, following.seed, following.recipe) == (run, run.seed, run.recipe)
    run.refresh_from_db()
    assert run.state == "cancelled", "an ended run never changes"
    assert resuming.resume(run=run, by=maintainer, wake_worker=False) == following


def test_a_run_that_goes_well_cannot_be_resumed(run, maintainer):
    with pytest.raises(resuming.CannotResume, match="only a run that was cancelled or has failed"):
        resuming.resume(run=run, by=maintainer)


def test_a_checkpoint_counts_for_the_same_inputs_in_whatever_folder(run, monkeypatch):
    Stage.objects.filter(run=run, name="export").update(
        result={"ok": True, "base_model": "/nowhere", "base_digest": "0" * 64}
    )
    written = []
    monkeypatch.setattr(staging, "run_recipe", lambda stage, folder, values, watch: written.append(values))
    plan = staging.plan(run, "pretrain")

    plan.perform(SimpleNamespace(folder=staging.stage_folder(run.pk, "pretrain")))  # type: ignore[arg-type]

    assert written[0]["inputs"] == plan.digest


def test_replicates_share_everything_but_the_seed_and_a_double_click_makes_them_once(as_maintainer, snapshot):
    asked = {"snapshot": snapshot.pk, "recipe_name": "rehearsal", "seed": 13, "replicates": 3}

    answers = [as_maintainer.post(reverse("run_start"), asked | {"idempotency_key": "k"}) for _ in range(2)]

    runs = Run.objects.order_by("pk")
    assert [run.seed for run in runs] == [13, 14, 15]
    assert {run.group for run in runs} == {"k"}
    assert {str(run.recipe) for run in runs} == {str(runs[0].recipe)}
    assert {answer.url for answer in answers} == {f"{reverse('run_list')}?group=k"}
    page = as_maintainer.get(answers[0].url).content.decode()
    assert page.count('<th scope="row"') == 3


@pytest.mark.parametrize("replicates", ["0", "11", "x"])
def test_a_number_of_runs_out_of_range_is_said_at_the_field(as_maintainer, snapshot, replicates):
    asked = {"snapshot": snapshot.pk, "recipe_name": "rehearsal", "seed": 13, "idempotency_key": "k"}

    answer = as_maintainer.post(reverse("run_start"), asked | {"replicates": replicates})

    assert answer.status_code == 422
    assert not Run.objects.exists()


def test_the_page_of_a_stopped_run_offers_to_resume_it_once(as_maintainer, run, maintainer):
    cancelling.request_cancel(run=run, by=maintainer)
    page = reverse("run_page", args=[run.pk])
    assert "Resume" in as_maintainer.get(page).content.decode()

    answer = as_maintainer.post(reverse("run_resume", args=[run.pk]))

    following = Run.objects.latest("pk")
    assert answer.url == reverse("run_page", args=[following.pk])
    shown = as_maintainer.get(page).content.decode()
    assert f"Run {following.pk}</a> goes on where this one stopped" in shown
    assert ">Resume<" not in shown
