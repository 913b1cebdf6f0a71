"""From a model's answers to outcomes, scores and drafts, with the offline check and prepared answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from curation.domain import markdown
from curation.domain.problems import has_errors
from curation.models import Draft
from curation.services import authoring
from tests import makers
from training.adapters import storage
from training.adapters.offline_check import OfflineCheck
from training.adapters.verdict import Verdict
from training.domain.failure import Failure
from training.models import Artifact, Attempt, Evaluation
from training.services import evaluating, packaging, scoring, staging, triaging

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def pool(evaluation: Evaluation, name: str) -> scoring.PoolScore:
    return next(found for found in scoring.scored(evaluation).pools if found.name == name)


def test_every_answer_gets_exactly_one_outcome(evaluated):
    evaluation = evaluated(
        days_until_a_date_0="compile_error",
        days_until_a_date_1="no_code",
        longest_word_0="truncated",
    )

    outcomes = {
        (attempt.task.path.rpartition("/")[2], attempt.sample): attempt.outcome
        for attempt in triaging.readable_attempts(evaluation)
    }
    assert outcomes == {
        ("days-until-a-date.md", 0): "compile_error",
        ("days-until-a-date.md", 1): "no_code",
        ("longest-word.md", 0): "truncated",
        ("longest-word.md", 1): "compiled",
    }


def test_an_attempt_keeps_all_that_is_needed_to_judge_it_again(evaluated):
    evaluation = evaluated(longest_word_0="compile_error")

    attempt = evaluation.attempts.get(outcome="compile_error")
    assert attempt.prompt[-1]["role"] == "user"
    assert attempt.raw_output.startswith("```bbj")
    assert attempt.code == 'rem an answer\nprint "never closed\nend\n'
    assert (attempt.extraction, attempt.finish_reason) == ("bbj fence", "stop")
    assert "line 2" in attempt.checker_output
    assert evaluation.checker == "offline"
    assert evaluation.config["runtime"] == "prepared answers"
    assert evaluation.config["generate"]["samples"] == 2


def test_seeds_are_paired_by_task_and_sample_across_evaluations(evaluated):
    first, second = evaluated(), evaluated()

    seeds = [list(e.attempts.order_by("pk").values_list("task", "sample", "seed")) for e in (first, second)]
    assert seeds[0] == seeds[1]
    assert len({seed for *_, seed in seeds[0]}) == len(seeds[0])
    assert first.config_hash == second.config_hash


def test_the_score_has_n_and_an_interval_and_the_checkers_own_name(evaluated):
    evaluation = evaluated(longest_word_0="compile_error", longest_word_1="compile_error")

    score = pool(evaluation, "triage")
    assert score.metric == "offline check@1"
    assert (score.value, score.tasks, score.samples) == (0.5, 2, 4)
    assert "offline check@1 50.0%, 95 % interval" in score.words
    assert "(4 answers to 2 tasks)" in score.words
    assert scoring.metric_name("bbjcpl") == "compile@1"


def test_what_could_not_be_judged_leaves_the_score_undefined_and_says_why(evaluated):
    evaluation = evaluated(longest_word_1="infrastructure")

    score = pool(evaluation, "triage")
    assert score.value is None
    assert "1 of 4 answers could not be judged" in score.words
    assert pool(evaluation, "holdout").value == 1.0
    assert evaluation.attempts.get(outcome="infrastructure").checker_output == "HTTP 500: no slot"


def test_a_checker_that_fails_now_and_then_is_asked_up_to_three_times(evaluated, monkeypatch):
    calls: list[int] = []

    class Flaky(OfflineCheck):
        def check_many(self, sources):
            calls.append(len(sources))
            verdicts = super().check_many(sources)
            if len(calls) in (4, 5):  # after the control pair, the empty program and the right answers
                verdicts[0] = Verdict("infrastructure", "no licence", 0.0)
            return verdicts

    monkeypatch.setattr("training.services.evaluating.checkers.choose", lambda: Flaky())

    evaluation = evaluated()

    assert calls == [2, 1, 4, 8, 1, 1]
    assert not evaluation.attempts.filter(outcome="infrastructure").exists()


def test_a_checker_that_accepts_everything_stops_the_evaluation(evaluated, monkeypatch):
    class Blind(OfflineCheck):
        def check_many(self, sources):
            return [Verdict("compiled", "", 0.0) for _ in sources]

    monkeypatch.setattr("training.services.evaluating.checkers.choose", lambda: Blind())

    with pytest.raises(Failure, match="known bad control file") as stopped:
        evaluated()

    assert stopped.value.code == "compiler_unavailable"
    assert not Evaluation.objects.exists()
    assert not Attempt.objects.exists()


def test_a_refused_right_answer_means_a_broken_task_set(evaluated, monkeypatch):
    real = evaluating._question
    broken = 'rem right\nprint "open\n'

    def question(task):
        found = real(task)
        return replace(found, gold=broken) if "longest-word" in task.path else found

    monkeypatch.setattr(evaluating, "_question", question)

    evaluation = evaluated()

    score = scoring.scored(evaluation)
    assert "refuses 1 of 4 right answers" in score.broken
    assert all(found.value is None for found in score.pools)
    assert evaluation.controls["gold"]["refused"][0]["task"].endswith("longest-word.md")


def test_the_prompts_file_holds_every_sample_and_no_right_answer(evaluated, run, task_set):
    evaluated()

    folder = staging.stage_folder(run.pk, "evaluate-1").path
    rows = [json.loads(line) for line in (folder / "prompts.jsonl").read_text().splitlines()]
    assert sorted((row["id"], row["sample"]) for row in rows) == sorted(
        (task.path, sample) for task in task_set.tasks.all() for sample in (0, 1)
    )
    assert all([message["role"] for message in row["messages"]] == ["system", "user"] for row in rows)


def test_the_scoreboard_shows_the_newest_dataset_version_first(evaluated):
    evaluation = evaluated()

    rows = scoring.scoreboard()

    assert [row.evaluation for row in rows] == [evaluation]
    assert [found.name for found in rows[0].pools] == ["holdout", "triage"]
    version = scoring.dashboard()["newest_versions"][0]
    assert version.scored
    assert (version.snapshot, version.scored.evaluation) == (evaluation.run.snapshot, evaluation)


def test_a_failure_becomes_a_draft_of_a_sibling_without_the_task_itself(evaluated):
    evaluation = evaluated(longest_word_0="compile_error")
    attempt = evaluation.attempts.get(outcome="compile_error")
    author = makers.user("author")

    draft = triaging.draft_from(attempt, author)

    task = markdown.parse(attempt.task.text, path=attempt.task.path).doc
    assert task is not None
    assert task.title not in draft.text
    assert task.description not in draft.text
    assert task.code_files[0].code not in draft.text
    assert f"type: {task.type}" in draft.text
    assert "the checker refused the answer (line 2" in draft.text
    assert draft.origin == f"attempt:{attempt.pk}"


def test_a_draft_becomes_an_example_once_its_places_are_filled(evaluated):
    evaluation = evaluated(longest_word_0="compile_error")
    text = triaging.skeleton(evaluation.attempts.get(outcome="compile_error"))

    filled = text.replace('title: ""', 'title: "Shortest word"').replace("rem \n", 'rem short\nprint "a"\n')

    parsed = markdown.parse(filled, path="strings/shortest-word.md")
    assert not has_errors(parsed.problems), [str(problem) for problem in parsed.problems]


def test_the_example_that_a_failure_became_is_still_known_when_the_draft_is_gone(evaluated):
    attempt = evaluated(longest_word_0="compile_error").attempts.get(outcome="compile_error")
    author = makers.user("author")
    draft = triaging.draft_from(attempt, author)

    saved = authoring.save(
        author=author,
        path="strings/shortest-word.md",
        text=makers.example_text("Shortest word"),
        base_hash="",
        draft=draft,
    )

    assert saved.ok
    assert not Draft.objects.exists()
    assert [e.path for e in triaging.examples_from([attempt])[attempt.pk]] == ["strings/shortest-word.md"]


def test_drafting_twice_gives_the_same_draft(evaluated):
    evaluation = evaluated(longest_word_0="no_code")
    attempt = evaluation.attempts.get(outcome="no_code")
    author = makers.user("author")

    assert triaging.draft_from(attempt, author) == triaging.draft_from(attempt, author)
    assert Draft.objects.count() == 1


def test_nothing_is_drafted_from_the_holdout_or_from_a_success(evaluated):
    evaluation = evaluated(sum_of_a_column_0="compile_error")
    author = makers.user("author")

    with pytest.raises(triaging.NotForDrafting, match="holdout"):
        triaging.draft_from(evaluation.attempts.get(outcome="compile_error"), author)
    with pytest.raises(triaging.NotForDrafting, match="no failure"):
        triaging.draft_from(evaluation.attempts.filter(task__pool="triage")[0], author)
    assert not Draft.objects.exists()


def test_the_model_card_tells_the_newest_score_with_its_interval(evaluated, run, tmp_path):
    before = packaging.write_card(run, tmp_path / "before").read_text()
    evaluated(longest_word_0="compile_error")

    after = packaging.write_card(run, tmp_path / "after").read_text()

    assert "Not evaluated." in before
    assert "offline check@1" in after
    assert "75.0% (" in after
    assert "compile@1" not in after


def test_the_modelfile_speaks_the_trained_chat_form(run, tmp_path):
    merged = tmp_path / "merged"
    form = {
        "turns": {role: [f"<{role}>", "</>"] for role in ("system", "user", "assistant")},
        "answer": "<assistant>",
    }
    makers.put(merged, "chat_format.json", json.dumps(form))
    kept = storage.put(merged)
    Artifact.objects.create(
        run=run, kind="merged", file_name="merged", sha256=kept.sha256, size_bytes=kept.size_bytes
    )
    row = {"prompt": [{"role": "system", "content": "You know BBj."}], "completion": []}
    train_file = makers.put(tmp_path, "train.jsonl", json.dumps(row) + "\n")

    text = packaging.write_modelfile(run, tmp_path / "out", train_file=train_file).read_text()

    assert text.startswith(f"FROM ./{packaging.file_name(run, 'Q4_K_M')}\n")
    assert "<user>{{ .Content }}</>" in text
    assert 'SYSTEM """You know BBj."""' in text
