"""Scoring a model: its answers to the held-out tasks, and what the checker says about each.

One attempt has one outcome (training.models.evaluations.OUTCOMES). What the checker could not judge is
"infrastructure", and is never counted as the model's failure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from curation.domain import chatml, markdown
from curation.domain.agreement import answer_label
from curation.domain.bbj import conformance
from curation.domain.markdown import ExampleDoc
from curation.domain.tasks import FRAGMENT, MEANT_TO_FAIL, PROGRAM
from curation.models import Task, TaskSet
from curation.services import auditing, posing
from training.adapters import checker as checkers
from training.adapters import storage
from training.adapters.checker import Checker, Verdict
from training.domain import recipe as recipes
from training.domain.failure import Failure
from training.domain.marks import is_right
from training.domain.run_folder import RunFolder, values_digest
from training.models import Artifact, Attempt, Evaluation, Run
from training.services import leasing
from training.services.watching import Watch, run_recipe

CHECKS_AT_ONCE = 50  # programs; one start of the compiler takes about as long as checking this many
CHECK_TRIES = 3  # for what came back as infrastructure
LONGEST_OUTPUT = 20_000  # characters of one checker message that are kept
EMPTY_PROGRAM = ""
REMEDY = " The model is there all the same: mend the checker (STUDIO_BBJCPL), then `manage.py evaluate RUN`."
ALL_LAYERS = 999  # llama.cpp's way of saying "the whole model on the GPU"


@dataclass(frozen=True)
class Question:
    """One held-out task as the model sees it, with the right answer, which it never sees."""

    task: Task
    messages: list[dict[str, str]]
    gold: str
    asked: tuple[str, ...]  # the generation that the answer has to be of


@dataclass(frozen=True)
class Answer:
    """One answer of the model, and what became of it."""

    question: Question
    sample: int  # 0, 1, … within the task
    seed: int
    text: str = ""
    finish_reason: str = ""
    duration_s: float = 0.0
    code: str = ""
    extraction: str = ""
    outcome: str = "infrastructure"
    checker_output: str = "The model server gave no answer."


@dataclass(frozen=True)
class Judged:
    """A whole evaluation that is not stored."""

    config: dict[str, Any]
    controls: dict[str, Any]
    answers: list[Answer]
    checker: str
    checker_build: str


def evaluate(
    run: Run,
    artifact: Artifact,
    *,
    folder: RunFolder,
    watch: Watch | None = None,
    task_set: TaskSet | None = None,
) -> Evaluation:
    """Score a GGUF on a task set (the newest one when none is named) and store every attempt.

    All or nothing: an evaluation that was stopped leaves no row.

    Args:
        folder: Where the prompts and the raw answers are kept.
        watch: The supervisor's, when this is a stage of a run; its fence then guards the writing too.

    Raises:
        Failure: compiler_unavailable when the control pair came out wrong; config_invalid without tasks;
            whatever the generation reports.
        Cancelled, Zombie: from the watch.
    """
    tasks = task_set or posing.newest_set()
    if tasks is None:
        raise Failure(
            "config_invalid", "There are no test tasks. Import training-data/tasks, then evaluate again."
        )
    judged = judge(tasks, run.recipe, folder, {"gguf": str(storage.path_of(artifact.sha256))}, watch)
    with leasing.writing(watch.claim) if watch else transaction.atomic():
        evaluation = Evaluation.objects.create(
            run=run,
            artifact=artifact,
            task_set=tasks,
            config=judged.config,
            config_hash=values_digest(judged.config),
            checker="bbjcpl" if judged.checker == "bbjcpl" else "offline",
            checker_build=judged.checker_build[:120],
            controls=judged.controls,
        )
        Attempt.objects.bulk_create([_row(evaluation, answer) for answer in judged.answers], batch_size=200)
        Evaluation.objects.filter(pk=evaluation.pk).update(finished_at=Now())
        auditing.record(
            actor=run.requested_by if watch else None,
            action="evaluation.store",
            subject=evaluation,
            run=run.pk,
            model=artifact.sha256,
            tasks=tasks.digest,
            checker=judged.checker,
            attempts=len(judged.answers),
        )
    return evaluation


def judge(
    tasks: TaskSet,
    recipe: dict[str, Any],
    folder: RunFolder,
    model: dict[str, str],
    watch: Watch | None = None,
) -> Judged:
    """Ask the model, extract its code, check it. Stores nothing in the database.

    Args:
        model: {"gguf": path} or {"server_url": address of an OpenAI-compatible server}.

    Raises:
        Failure, Cancelled, Zombie: as `evaluate`.
    """
    checker = checkers.choose()
    watched = Watched(checker, watch) if watch else checker
    controls = _controls(watched)
    questions = [_question(task) for task in tasks.tasks.exclude(mark=FRAGMENT).order_by("path")]
    controls["gold"] = _check_gold(watched, questions, PROGRAM)
    controls["meant_to_fail"] = _check_gold(watched, questions, MEANT_TO_FAIL)
    generated, runtime = _generate(questions, recipe, folder, model, watch)
    answers = [_extract(answer) for answer in generated]
    answers = _check(watched, answers, watch)
    config = configuration(tasks, recipe, checker)
    config["runtime"] = runtime
    config["quantisation"] = recipe["quantise"]["type"] if "gguf" in model else ""
    return Judged(config, controls, answers, checker.name, config["checker_build"])


class Watched:
    """A checker that may take minutes, such as a compiler that hangs: the run's lease is kept meanwhile."""

    def __init__(self, checker: Checker, watch: Watch) -> None:
        self.checker, self.watch = checker, watch
        self.name, self.build = checker.name, checker.build

    def check_many(self, sources: Sequence[str]) -> list[Verdict]:
        return self.watch.beside(partial(self.checker.check_many, sources))


def configuration(tasks: TaskSet, recipe: dict[str, Any], checker: Checker) -> dict[str, Any]:
    """Everything that must be equal before two scores may be compared, as far as it is known beforehand."""
    return {
        "task_set": tasks.digest,
        "template": chatml.TEMPLATE_VERSION,
        "extraction": "first bbj fence, untagged fence, whole text",
        "generate": recipe["generate"] | {"parallel": parallel_answers(recipe)},
        "seeds": "sha256 of task text and sample",
        "checker": checker.name,
        "checker_build": checker.build(),
        "checker_settings": checkers.settings_of(checker),
    }


def parallel_answers(recipe: dict[str, Any]) -> int:
    """Answers computed at once. One by one they repeat exactly; a large model would then take hours."""
    return 4 if recipes.needs_gpu(recipe) else 1


def configuration_digest(run: Run) -> str:
    """Tells an evaluation stage whether it has been done with the same tasks, decoding and checker."""
    tasks = posing.newest_set()
    return values_digest(configuration(tasks, run.recipe, checkers.choose())) if tasks else ""


def seed_of(task: Task, sample: int) -> int:
    """The same for the same task and sample, whichever model answers: differences are then paired."""
    digest = hashlib.sha256(f"{task.content_hash}:{sample}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF


def _question(task: Task) -> Question:
    doc = _doc(task)
    return Question(task, chatml.render(doc)["prompt"], chatml.gold_code(doc), answer_label(doc))


def _doc(task: Task) -> ExampleDoc:
    parsed = markdown.parse(task.text, path=task.path)
    if parsed.doc is None:
        raise Failure(
            "data_invalid", f"Test task {task.path}: {parsed.problems[0].message} Mend and import it again."
        )
    return parsed.doc


def _controls(checker: Checker) -> dict[str, Any]:
    """A file known good, a file known bad, and the empty program; the first two must come out right."""
    pair = checkers.control_pair(checker)
    if not pair.ok:
        raise Failure("compiler_unavailable", pair.message + REMEDY)
    (empty,) = checker.check_many([EMPTY_PROGRAM])
    return {"good": pair.good.outcome, "bad": pair.bad.outcome, "empty_program": empty.outcome}


def _check_gold(checker: Checker, questions: Sequence[Question], mark: str) -> dict[str, Any]:
    """What the checker says about the right answers to the tasks of this mark.

    All must come out right, else the task set is broken: `accepted` counts those that do, `refused` lists the
    others. Of what is meant to fail, a refusal is right.
    """
    questions = [question for question in questions if question.task.mark == mark]
    verdicts = _check_all(checker, [question.gold for question in questions]) if questions else []
    refused = [
        {
            "task": question.task.path,
            "outcome": verdict.outcome,
            # A message may quote the line it refuses, and the holdout's answers stay unread.
            "output": verdict.output[:500] if question.task.pool == "triage" else "",
        }
        for question, verdict in zip(questions, verdicts, strict=True)
        if not is_right(mark, verdict.outcome)
    ]
    return {"of": len(questions), "accepted": len(questions) - len(refused), "refused": refused}


def _generate(
    questions: Sequence[Question],
    recipe: dict[str, Any],
    folder: RunFolder,
    model: dict[str, str],
    watch: Watch | None,
) -> tuple[list[Answer], str]:
    """Every sample of every task from the model, and the build of the runtime that computed them."""
    asked = {
        (question.task.path, sample): Answer(question, sample, seed_of(question.task, sample))
        for question in questions
        for sample in range(recipe["generate"]["samples"])
    }
    folder.path.mkdir(parents=True, exist_ok=True)
    prompts = folder.path / "prompts.jsonl"
    lines = (
        json.dumps(
            {"id": path, "sample": sample, "seed": answer.seed, "messages": answer.question.messages},
            ensure_ascii=False,
        )
        for (path, sample), answer in asked.items()
    )
    prompts.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    inputs: dict[str, Any] = {"prompts_file": str(prompts), **model}
    values = recipes.stage_values(recipe, "generate", **inputs)
    values["parallel"] = parallel_answers(recipe)
    if "gguf" in model and recipes.needs_gpu(recipe):
        values["gpu_layers"] = ALL_LAYERS
    result = run_recipe("generate", folder, values, watch)
    for line in (folder.path / "generations.jsonl").read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        said = json.loads(line)
        key = (said["id"], said["sample"])
        asked[key] = replace(
            asked[key],
            text=said["text"],
            finish_reason=said["finish_reason"] or "",
            duration_s=float(said["duration_s"]),
            checker_output=said.get("error") or asked[key].checker_output,
        )
    return list(asked.values()), str(result.get("runtime", ""))


def _extract(answer: Answer) -> Answer:
    """Find the code of an answer; what has none, or was cut, has its outcome already."""
    if answer.finish_reason in ("", "error"):
        return answer  # the server failed, which says nothing about the model: infrastructure
    found = chatml.extract_code(answer.text)
    answer = replace(answer, code=found.code, extraction=found.rule, checker_output="")
    if answer.finish_reason == "length":
        return replace(answer, outcome="truncated")
    if not found.code.strip():
        return replace(answer, outcome="no_code")
    return replace(answer, outcome="")


def _check(checker: Checker, answers: list[Answer], watch: Watch | None) -> list[Answer]:
    """Give every answer with code its verdict."""
    open_ones = [number for number, answer in enumerate(answers) if not answer.outcome]
    for start in range(0, len(open_ones), CHECKS_AT_ONCE):
        batch = open_ones[start : start + CHECKS_AT_ONCE]
        if watch:
            watch.tell(start, len(open_ones))
        verdicts = _check_all(checker, [answers[number].code for number in batch])
        for number, verdict in zip(batch, verdicts, strict=True):
            answers[number] = replace(
                answers[number], outcome=verdict.outcome, checker_output=verdict.output[:LONGEST_OUTPUT]
            )
    return answers


def _check_all(checker: Checker, sources: Sequence[str]) -> list[Verdict]:
    """A verdict a source. What could not be judged is tried again, CHECK_TRIES times in all."""
    verdicts = checker.check_many(sources)
    for _ in range(CHECK_TRIES - 1):
        missing = [number for number, verdict in enumerate(verdicts) if verdict.outcome == "infrastructure"]
        if not missing:
            break
        again = checker.check_many([sources[number] for number in missing])
        for number, verdict in zip(missing, again, strict=True):
            verdicts[number] = verdict
    return verdicts


def _generation(answer: Answer) -> tuple[list[str], str]:
    """What generation an answer is of, and whether that is as asked. No part of the outcome."""
    if not answer.code.strip():
        return [], "no code"
    said = conformance(answer.question.asked, answer.code)
    return list(said.produced), said.verdict


def _row(evaluation: Evaluation, answer: Answer) -> Attempt:
    produced, verdict = _generation(answer)
    return Attempt(
        evaluation=evaluation,
        task=answer.question.task,
        sample=answer.sample,
        seed=answer.seed,
        prompt=answer.question.messages,
        raw_output=_storable(answer.text),
        code=_storable(answer.code),
        extraction=answer.extraction,
        finish_reason=answer.finish_reason[:20],
        outcome=answer.outcome,
        checker_output=_storable(answer.checker_output),
        duration_s=answer.duration_s,
        asked=list(answer.question.asked),
        produced=produced,
        conformance=verdict,
    )


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL; a model may well write one."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}")
