"""The training commands: the same services, from a shell."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from training.models import Evaluation, Run, WorkerSeen
from training.services import cancelling, launching

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def said(*arguments: str, **options) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_train_queues_a_run(snapshot, maintainer):
    answer = json.loads(said("train", snapshot.name, "--json"))

    run = Run.objects.get()
    assert (answer["run"], answer["state"], answer["recipe"]) == (run.pk, "queued", "rehearsal")


def test_train_wait_does_the_run_here(snapshot, maintainer, fake_stages):
    fake_stages(pretrain={})

    text = said("train", snapshot.digest[:12], "--wait")

    assert "pretrain 4/4  loss 1.250" in text
    assert text.rstrip().endswith("finished")


def test_train_wait_that_fails_says_why_and_exits_with_1(snapshot, maintainer, fake_stages):
    fake_stages(pretrain={"fail_with": "disk_full"})

    with pytest.raises(CommandError, match="The disk is full") as failed:
        said("train", snapshot.name, "--wait")

    assert failed.value.returncode == 1


def test_train_wait_needs_nobody_else_not_even_to_take_back_a_run_that_holds_the_gpu(
    run, snapshot, maintainer, fake_stages
):
    fake_stages()
    launching.claim(run.pk, "killed:1")
    Run.objects.filter(pk=run.pk).update(lease_until=None)

    text = said("train", snapshot.name, "--wait")

    assert text.rstrip().endswith("finished")
    run.refresh_from_db()
    assert (run.state, run.failure_code) == ("queued", "")


def test_train_wait_takes_its_turn_where_a_worker_takes_those_before_it(run, snapshot, maintainer):
    later = launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer, wake_worker=False)
    WorkerSeen.objects.create(queue="gpu", at=timezone.now())

    assert launching.claim_here(later, "me") is None
    WorkerSeen.objects.update(at=timezone.now() - timedelta(hours=1))
    assert launching.claim_here(later, "me") is not None


def test_train_takes_values_of_the_recipe(snapshot, maintainer):
    values = ["--set", "pretrain.max_steps=50", "--set", "instruct.nf4=no"]

    said("train", snapshot.name, *values)

    run = Run.objects.get()
    assert (run.recipe["pretrain"]["max_steps"], run.recipe["instruct"]["nf4"]) == (50, False)


def test_train_queues_replicates_as_one_group(snapshot, maintainer):
    answer = json.loads(said("train", snapshot.name, "--replicates", "3", "--seed", "7", "--json"))

    assert [run["seed"] for run in answer] == [7, 8, 9]
    assert len(set(Run.objects.values_list("group", flat=True))) == 1


def test_train_goes_on_where_a_run_stopped(run, maintainer):
    cancelling.request_cancel(run=run, by=maintainer)

    answer = json.loads(said("train", "--resume", str(run.pk), "--json"))

    assert Run.objects.get(pk=answer["run"]).goes_on_from == run


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train"], "Name the dataset version"),
        (["train", "{snapshot}", "--replicates", "0"], "outside 1 to 10"),
        (["train", "{snapshot}", "--seed=-1"], "--seed -1 is outside 0 to 2147483647"),
        (["train", "--resume", "987654"], "There is no run 987654"),
        (["train", "--resume", "{run}"], "only a run that was cancelled or has failed goes on"),
        (["train", "--resume", "{run}", "--seed", "0", "--set", "a.b=c"], "leave out seed, set"),
        (
            ["train", "{snapshot}", "--set", "a=1", "--set", "instruct.epoch=x"],
            r'"a=1": write[\s\S]*"epochs"',
        ),
    ],
)
def test_options_of_train_that_make_no_sense_are_named(run, snapshot, maintainer, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        said(*(word.format(snapshot=snapshot.name, run=run.pk) for word in arguments))

    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "v99"], 'There is no dataset version "v99"'),
        (["train", "{snapshot}", "--user", "nobody"], 'no active account "nobody"'),
        (["train", "{snapshot}", "--recipe", "qwen14b"], "Qwen2.5-Coder-14B is not on this machine"),
        (["evaluate", "12345"], 'There is no run "12345"'),
        (["evaluate", "1", "--tasks", "tasks-99"], "There is no such task set"),
    ],
)
def test_bad_input_is_one_sentence(snapshot, maintainer, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        said(*(word.format(snapshot=snapshot.name) for word in arguments))


def test_evaluate_scores_a_run_again_and_stores_it(run, gguf, model_answers):
    model_answers({("longest-word", 0): "no_code"})

    answer = json.loads(said("evaluate", str(run.pk), "--json"))

    assert answer["metric"] == "offline check@1"
    assert [pool["samples"] for pool in answer["pools"]] == [4, 4]
    assert Evaluation.objects.get().pk == answer["evaluation"]


def test_evaluate_asks_a_server_and_stores_nothing(task_set, model_answers):
    model_answers({})

    text = said("evaluate", "http://127.0.0.1:9")

    assert "Holdout: offline check@1 100.0%, 95 % interval" in text
    assert not Evaluation.objects.exists()


def test_evaluate_without_a_model_says_so(run):
    with pytest.raises(CommandError, match="has no quantised model"):
        said("evaluate", str(run.pk))


def test_dispatch_publishes_and_names_a_broker_that_is_down(run, broker):
    assert json.loads(said("dispatch", "--json")) == {"published": [run.pk], "problem": None}


def test_reap_takes_back_what_nobody_works_on(run):
    launching.claim(run.pk, "gone:1")
    Run.objects.filter(pk=run.pk).update(lease_until=None)

    assert json.loads(said("reap", "--json")) == {"taken_back": [{"run": run.pk, "state": "queued"}]}
