"""The training pages through the client: what they show, to whom, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from curation.models import Draft
from tests import makers
from training.models import Artifact, Run, Stage, WorkerSeen
from training.services import launching, moving, staging
from training.views import curves

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_train_page_shows_the_checks_of_the_chosen_dataset_version(as_maintainer, snapshot):
    response = as_maintainer.get(reverse("run_start"), {"snapshot": snapshot.pk})

    assert response.status_code == 200
    page = text_of(response)
    assert "Nothing stands in the way." in page
    assert "Start training" in page
    assert 'name="idempotency_key"' in page


def test_the_train_page_without_a_dataset_version_says_what_to_do(as_maintainer):
    page = text_of(as_maintainer.get(reverse("run_start")))

    assert "There is no dataset version yet" in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"snapshot": "999"}, "There is no such dataset version."),
        ({"snapshot": "x"}, "There is no such dataset version."),
        ({"recipe_name": "qwen99"}, "is not a recipe. Choose one of the list."),
        ({"seed": "-1"}, "greater than or equal to 0"),
    ],
)
def test_the_train_page_answers_a_url_with_nonsense_at_the_field(as_maintainer, snapshot, query, sentence):
    response = as_maintainer.get(reverse("run_start"), query)

    assert response.status_code == 200
    assert sentence in text_of(response)


def test_what_blocks_a_run_is_listed_and_the_button_is_off(as_maintainer, snapshot):
    response = as_maintainer.post(
        reverse("run_start"),
        {"snapshot": snapshot.pk, "recipe_name": "qwen7b", "seed": 13, "idempotency_key": "a"},
    )

    assert response.status_code == 422
    assert "Qwen2.5-Coder-7B is not on this machine" in text_of(response)
    assert not Run.objects.exists()


def test_a_double_click_on_start_makes_one_run(as_maintainer, snapshot):
    choice = {"snapshot": snapshot.pk, "recipe_name": "rehearsal", "seed": 13, "idempotency_key": "a"}

    first, second = (as_maintainer.post(reverse("run_start"), choice) for _ in range(2))

    run = Run.objects.get()
    assert first.status_code == second.status_code == 302
    assert first.url == second.url == reverse("run_page", args=[run.pk])


def test_a_run_needs_every_value(as_maintainer, snapshot):
    response = as_maintainer.post(reverse("run_start"), {"snapshot": "", "recipe_name": "nope", "seed": "x"})

    assert response.status_code == 422
    page = text_of(response)
    assert "Choose the dataset version to train on." in page
    assert "&quot;nope&quot; is not a recipe." in page


def test_an_author_may_look_but_neither_start_nor_cancel(as_author, run, snapshot):
    assert as_author.get(reverse("run_start"), {"snapshot": snapshot.pk}).status_code == 200
    assert as_author.post(reverse("run_start"), {}).status_code == 403
    assert as_author.post(reverse("run_cancel", args=[run.pk])).status_code == 403
    assert "Cancel this run" not in text_of(as_author.get(reverse("run_page", args=[run.pk])))


@pytest.mark.parametrize(
    "name",
    ["run_start", "run_list", "model_list", "evaluation_list"],
)
def test_a_stranger_is_sent_to_sign_in(client, db, name):
    response = client.get(reverse(name))

    assert response.status_code == 302
    assert reverse("sign_in") in response.url


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("run_page", "get"),
        ("run_live", "get"),
        ("run_cancel", "post"),
        ("artifact_download", "get"),
        ("evaluation_page", "get"),
        ("attempt_draft", "post"),
    ],
)
def test_what_does_not_exist_is_not_found(as_maintainer, name, method):
    assert getattr(as_maintainer, method)(reverse(name, args=[987654])).status_code == 404


@pytest.mark.parametrize("name", ["run_list", "model_list", "evaluation_list"])
def test_empty_lists_say_what_to_do(as_maintainer, name):
    response = as_maintainer.get(reverse(name))

    assert response.status_code == 200
    assert "Train on a dataset version" in text_of(response)


def test_the_run_list_leads_to_the_queue_and_says_that_no_worker_is_there(as_author, run):
    page = text_of(as_author.get(reverse("run_list")))

    assert f"Run {run.pk}" in page
    assert "0 running, 1 waiting" in page
    assert reverse("queue_page") in page
    assert "No training worker has ever been seen." in page

    WorkerSeen.objects.create(queue="gpu", at=timezone.now())
    assert "training worker" not in text_of(as_author.get(reverse("run_list")))


def test_the_run_list_refuses_a_state_that_does_not_exist(as_author, run):
    assert as_author.get(reverse("run_list"), {"state": "queued"}).status_code == 200
    assert as_author.get(reverse("run_list"), {"state": "asleep"}).status_code == 422


def test_the_run_page_asks_for_news_until_the_run_has_ended(as_maintainer, run):
    live = f'hx-get="{reverse("run_live", args=[run.pk])}"'
    assert live in text_of(as_maintainer.get(reverse("run_page", args=[run.pk])))

    launching.claim(run.pk, "tests:1")
    moving.move(
        run.pk,
        old="running",
        new="failed",
        who="t",
        what="failed",
        failure_code="disk_full",
        failure_message="The disk is full.",
    )

    page = text_of(as_maintainer.get(reverse("run_live", args=[run.pk])))
    assert live not in page
    assert "The disk is full." in page
    assert "Cancel this run" not in page


def test_the_run_page_shows_progress_curves_and_log_as_text(as_maintainer, run):
    launching.claim(run.pk, "tests:1")
    run.stages.filter(name="pretrain").update(state="running", started_at=timezone.now())
    folder = staging.stage_folder(run.pk, "pretrain")
    folder.path.mkdir(parents=True)
    for step in range(1, 6):
        folder.append_metrics({"stage": "pretrain", "step": step, "of": 10, "loss": 5.0 / step})
    folder.append_metrics({"stage": "pretrain", "step": 5, "of": 10, "eval_loss": float("nan")})
    folder.log_file.write_text("step 5 <script>alert(1)</script>\n")

    page = text_of(as_maintainer.get(reverse("run_page", args=[run.pk])))

    assert "step 5 of 10" in page
    assert "training loss from 5 at step 1 to 1 at step 5" in page
    assert "<polyline" in page
    assert "<script>alert" not in page
    assert "style=" not in page


def test_cancelling_from_the_page_ends_a_waiting_run(as_maintainer, run):
    response = as_maintainer.post(reverse("run_cancel", args=[run.pk]), headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert "cancelled" in text_of(response)
    run.refresh_from_db()
    assert run.state == "cancelled"
    again = as_maintainer.post(reverse("run_cancel", args=[run.pk]), headers={"HX-Request": "true"})
    assert again.status_code == 422
    assert "already ended" in text_of(again)


def test_a_model_can_be_downloaded_under_its_name(as_author, gguf, evaluated):
    evaluated()

    page = text_of(as_author.get(reverse("model_list")))
    response = as_author.get(reverse("artifact_download", args=[gguf.pk]))

    assert "bbj.gguf" in page
    assert "offline check@1" in page
    assert gguf.sha256[:12] in page
    assert b"".join(response.streaming_content) == b"GGUF, but only for its name"
    assert response["Content-Disposition"] == 'attachment; filename="bbj.gguf"'
    assert response["Content-Length"] == str(gguf.size_bytes)


def test_a_download_goes_on_where_it_broke_off(as_author, gguf):
    address = reverse("artifact_download", args=[gguf.pk])
    whole = as_author.get(address)
    begun = next(iter(whole.streaming_content))[:6]

    rest = as_author.get(address, headers={"Range": "bytes=6-", "If-Range": whole["ETag"]})
    other = as_author.get(address, headers={"Range": "bytes=6-", "If-Range": '"of another file"'})
    beyond = as_author.get(address, headers={"Range": "bytes=999-"})

    assert (whole.status_code, whole["Accept-Ranges"]) == (200, "bytes")
    assert rest.status_code == 206
    assert rest["Content-Range"] == f"bytes 6-{gguf.size_bytes - 1}/{gguf.size_bytes}"
    assert rest["Content-Length"] == str(gguf.size_bytes - 6)
    assert begun + b"".join(rest.streaming_content) == b"GGUF, but only for its name"
    assert (other.status_code, b"".join(other.streaming_content)[:4]) == (200, b"GGUF")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{gguf.size_bytes}")


@pytest.mark.django_db(transaction=True)
def test_a_download_over_asgi_is_streamed_and_not_read_into_memory(gguf):
    async def download() -> tuple[dict[str, str], list[bytes]]:
        client = AsyncClient()
        await sync_to_async(client.force_login)(await sync_to_async(makers.user)("author"))
        response: Any = await client.get(reverse("artifact_download", args=[gguf.pk]))
        assert response.is_async
        return dict(response.headers), [block async for block in response.streaming_content]

    headers, blocks = async_to_sync(download)()

    assert b"".join(blocks) == b"GGUF, but only for its name"
    assert headers["Content-Disposition"] == 'attachment; filename="bbj.gguf"'
    assert headers["Content-Length"] == str(gguf.size_bytes)


def test_a_file_that_left_the_store_is_not_found(as_author, run):
    gone = Artifact.objects.create(
        run=run, kind="modelfile", file_name="Modelfile", sha256="0" * 64, size_bytes=1
    )

    assert as_author.get(reverse("artifact_download", args=[gone.pk])).status_code == 404


def test_the_scoreboard_never_shows_a_bare_percentage(as_author, evaluated):
    evaluated(longest_word_0="compile_error", sum_of_a_column_0="infrastructure")

    page = text_of(as_author.get(reverse("evaluation_list")))

    assert "offline check@1 75.0%, 95 % interval" in page
    assert "(4 answers to 2 tasks)" in page
    assert "offline check@1 is undefined: 1 of 4 answers could not be judged" in page


def test_the_evaluation_page_lists_triage_attempts_and_only_totals_of_the_holdout(as_author, evaluated):
    evaluation = evaluated(longest_word_0="compile_error", sum_of_a_column_0="no_code")

    page = text_of(as_author.get(reverse("evaluation_page", args=[evaluation.pk])))

    assert "longest word" in page
    assert "never closed" in page
    assert "Totals only" in page
    assert "sum of a column" not in page.lower()
    assert "name-of-a-weekday" not in page.lower()
    assert "sees only a part of what the real compiler refuses" in page
    assert "4 of 4" in page


def test_attempts_are_filtered_by_outcome(as_author, evaluated):
    evaluation = evaluated(longest_word_0="compile_error", days_until_a_date_0="truncated")
    address = reverse("evaluation_page", args=[evaluation.pk])

    failed = text_of(as_author.get(address, {"outcome": "failed"}))
    truncated = text_of(as_author.get(address, {"outcome": "truncated"}))

    assert failed.count('<article id="attempt-') == 2
    assert truncated.count('<article id="attempt-') == 1
    assert as_author.get(address, {"outcome": "nonsense"}).status_code == 422
    assert as_author.get(address, {"after": "x"}).status_code == 422


def test_a_failure_leads_to_a_draft_with_one_click(as_author, evaluated):
    evaluation = evaluated(longest_word_0="compile_error")
    attempt = evaluation.attempts.get(outcome="compile_error")

    response = as_author.post(reverse("attempt_draft", args=[attempt.pk]))

    draft = Draft.objects.get()
    assert response.status_code == 302
    assert response.url == reverse("draft_edit", args=[draft.pk])
    assert draft.origin == f"attempt:{attempt.pk}"


def test_the_holdout_gives_no_draft(as_author, evaluated):
    evaluation = evaluated(sum_of_a_column_0="compile_error")
    attempt = evaluation.attempts.get(outcome="compile_error")

    response = as_author.post(reverse("attempt_draft", args=[attempt.pk]))

    assert response.status_code == 422
    assert "stays unread" in text_of(response)
    assert not Draft.objects.exists()


def test_a_stranger_without_a_role_is_refused(db):
    client: Client = makers.signed_in(makers.user(""))

    assert client.get(reverse("run_list")).status_code == 403


def test_a_curve_of_many_points_is_thinned_and_keeps_the_newest():
    found = curves.chart("Loss", [("training loss", [(step, 1 / step) for step in range(1, 5001)])])

    assert found is not None
    assert len(found.lines[0].points.split()) <= curves.MOST_POINTS + 1
    assert found.summary.endswith("to 0.0002 at step 5000.")
    assert curves.chart("Loss", [("training loss", [])]) is None


def test_a_curve_of_one_point_is_a_dot_and_large_figures_are_written_out():
    found = curves.chart("Tokens a second", [("tokens a second", [(80, 2984.4)])], size=curves.SMALL)

    assert found is not None
    assert found.lines[0].dot is not None
    assert found.lines[0].last == "2,984"
    assert curves.number(8.321e-7) == "8.3e-07"


def with_metrics(run: Run, stage: str, *points: dict[str, Any]) -> None:
    Stage.objects.filter(run=run, name=stage).update(state="running", started_at=timezone.now())
    folder = staging.stage_folder(run.pk, stage)
    folder.write_recipe({})
    for point in points:
        folder.append_metrics({"stage": stage, "of": 100, **point})


def test_a_running_stage_shows_its_curves_the_time_left_and_what_goes_wrong(as_author, run, var):
    moments = [f"2026-01-01T00:00:{second:02}+00:00" for second in (0, 10)]
    with_metrics(
        run,
        "pretrain",
        {"step": 10, "loss": 2.0, "learning_rate": 1e-4, "grad_norm": 0.5, "at": moments[0]},
        {"step": 20, "loss": float("nan"), "learning_rate": 1e-4, "tokens_per_s": 900, "at": moments[1]},
    )

    page = text_of(as_author.get(reverse("run_live", args=[run.pk])))

    assert "step 20 of 100, about 1 min 20 s left" in page
    assert "loss is nan at step 20" in page
    for title in ("Learning rate, by step", "Gradient norm, by step", "Tokens a second, by step"):
        assert title in page


def test_the_load_of_the_workers_gpus_is_shown_while_the_stage_runs(as_author, run, var):
    with_metrics(run, "instruct")
    loads = [{"used_bytes": 61_200_000_000, "total_bytes": 80_000_000_000, "busy_percent": 97}]
    staging.stage_folder(run.pk, "instruct").write_gpu_loads(loads, timezone.now())

    assert "GPU 0: 61.2 of 80.0 GB, 97 % busy" in text_of(as_author.get(reverse("run_live", args=[run.pk])))


def test_a_log_is_searched_and_downloaded(as_author, run, var):
    folder = staging.stage_folder(run.pk, "pretrain")
    folder.write_recipe({})
    folder.log_file.write_text("loading\nCUDA <b>error</b>\nstep 1\ncuda again\n")
    address = reverse("run_log", args=[run.pk, "pretrain"])

    assert "step 1" in text_of(as_author.get(address))
    found = text_of(as_author.get(address, {"q": "cuda"}))
    assert "2 lines with “cuda”" in found
    assert "CUDA &lt;b&gt;error&lt;/b&gt;" in found
    assert "loading" not in found
    whole = as_author.get(reverse("run_log_download", args=[run.pk, "pretrain"]))
    assert b"".join(whole.streaming_content) == folder.log_file.read_bytes()


@pytest.mark.parametrize(("stage", "status"), [("pretrain", 200), ("nothing", 404)])
def test_a_stage_without_a_log_says_so_and_an_unknown_one_is_not_there(as_author, run, var, stage, status):
    answer = as_author.get(reverse("run_log", args=[run.pk, stage]))

    assert answer.status_code == status
    assert as_author.get(reverse("run_log_download", args=[run.pk, stage])).status_code == 404
    if status == 200:
        assert "Nothing was logged yet" in text_of(answer)
