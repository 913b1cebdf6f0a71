"""The training commands: the same services, from a shell."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from training.models import Evaluation, Run
from training.services import launching

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
