from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from curation.models import Snapshot, TaskSet
from tests import makers, trainable
from training.adapters import storage
from training.adapters.process import StageOutcome
from training.models import Artifact, Evaluation, Run
from training.services import evaluating, launching, staging


@pytest.fixture(autouse=True)
def var(tmp_path: Path, settings) -> Path:
    """Runs, artifacts and base models of one test lie in a folder of its own."""
    settings.VAR = tmp_path / "var"
    settings.STUDIO_BASE_MODELS = settings.VAR / "base-models"
    settings.VAR.mkdir()
    return settings.VAR


@pytest.fixture
def task_set(db, tmp_path: Path) -> TaskSet:
    """Two holdout and two triage tasks, whose right answers the offline check accepts."""
    return trainable.task_set(tmp_path / "data")


@pytest.fixture
def snapshot(task_set: TaskSet, tmp_path: Path) -> Snapshot:
    """A dataset version with examples and raw programs, and a task set to score it on."""
    return trainable.snapshot(tmp_path / "raw")


@pytest.fixture
def maintainer(db) -> User:
    return makers.user("maintainer")


@pytest.fixture
def as_maintainer(maintainer: User) -> Client:
    return makers.signed_in(maintainer)


@pytest.fixture
def as_author(db) -> Client:
    return makers.signed_in(makers.user("author"))


@pytest.fixture
def run(snapshot: Snapshot, maintainer: User) -> Run:
    return launching.launch(snapshot=snapshot, recipe_name="rehearsal", author=maintainer, wake_worker=False)


@pytest.fixture
def several(snapshot: Snapshot, maintainer: User) -> Callable[[int], list[Run]]:
    """Queue that many runs, which differ in the seed alone."""

    def queue(replicates: int) -> list[Run]:
        return launching.launch_replicates(
            replicates=replicates,
            seed=1,
            idempotency_key="k",
            snapshot=snapshot,
            recipe_name="rehearsal",
            author=maintainer,
            wake_worker=False,
        )

    return queue


@pytest.fixture
def fake_stages(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Replace what the stages do by the fake trainer: processes and folders are real.

    Call it with values of the fake recipe for some stages: fake_stages(instruct={"fail_with": "gpu_oom"}).
    The others do nothing. Returns the digests, which a test may change.
    """

    def install(**values: dict[str, Any]) -> dict[str, Any]:
        digests: dict[str, Any] = {}

        def plan(run: Run, stage: str) -> staging.Plan:
            def perform(watch: Any) -> staging.Made:
                if stage not in values:
                    return staging.Made({"ok": True})
                recipe = {"stage": stage, "steps": 4, "step_s": 0.02, **values[stage]}
                result = staging.run_recipe("fake", watch.folder, recipe, watch)
                product = staging.Product(stage, watch.folder.path / "fake.txt", f"{stage}.txt")
                return staging.Made(result, [product])

            return staging.Plan(digests.get(stage, "0" * 64), perform)

        monkeypatch.setattr(staging, "plan", plan)
        monkeypatch.setattr(staging, "leaves", lambda run, stage: (stage,) if stage in values else ())
        monkeypatch.setattr("training.services.supervising.export_is_there", lambda run: True)
        return digests

    return install


GOOD = 'rem an answer\nprint "hello"\nend\n'
BAD = 'rem an answer\nprint "never closed\nend\n'

# What a model might answer, by the outcome it leads to with the offline check.
ANSWERS: dict[str, dict[str, Any]] = {
    "compiled": {"text": f"Here it is:\n```bbj\n{GOOD}```\n", "finish_reason": "stop"},
    "compile_error": {"text": f"```bbj\n{BAD}```\n", "finish_reason": "stop"},
    "no_code": {"text": "I am not able to do that.", "finish_reason": "stop"},
    "truncated": {"text": f"```bbj\n{GOOD}", "finish_reason": "length"},
    "infrastructure": {"text": "", "finish_reason": "error", "error": "HTTP 500: no slot"},
}


@pytest.fixture
def model_answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[tuple[str, int], str]], None]:
    """Replace the model server by prepared answers: {(name of the task, sample): outcome}, else "compiled".

    Only the process is replaced: prompts are read from the real prompts file, answers come back in one.
    """

    def prepare(wanted: dict[tuple[str, int], str]) -> None:
        def run_stage(module: str, folder: Path, **_: Any) -> StageOutcome:
            assert module == "training.recipes.generate"
            lines = []
            for line in (folder / "prompts.jsonl").read_text().splitlines():
                asked = json.loads(line)
                outcome = wanted.get((Path(asked["id"]).stem, asked["sample"]), "compiled")
                answer = {"id": asked["id"], "sample": asked["sample"], "seed": asked["seed"], "tokens": 9}
                lines.append(json.dumps(answer | {"duration_s": 0.5} | ANSWERS[outcome]))
            (folder / "generations.jsonl").write_text("".join(f"{line}\n" for line in lines))
            return StageOutcome(0, {"ok": True, "runtime": "prepared answers"}, None, 0.1)

        monkeypatch.setattr("training.adapters.process.run_stage", run_stage)

    return prepare


@pytest.fixture
def gguf(run: Run, tmp_path: Path) -> Artifact:
    """A quantised model in the store. Its bytes are no model: nothing in these tests reads them."""
    file = makers.put(tmp_path, "model.gguf", "GGUF, but only for its name")
    kept = storage.put(file)
    return Artifact.objects.create(
        run=run, kind="gguf_q4_k_m", file_name="bbj.gguf", sha256=kept.sha256, size_bytes=kept.size_bytes
    )


@pytest.fixture
def evaluated(run: Run, gguf: Artifact, model_answers: Any) -> Callable[..., Evaluation]:
    """Evaluate the run's model with these prepared answers."""

    def evaluate(**wanted: str) -> Evaluation:
        """Keyword: task name with underscores and the sample, such as days_until_a_date_0="no_code"."""
        answers = {
            (name.rpartition("_")[0].replace("_", "-"), int(name.rpartition("_")[2])): outcome
            for name, outcome in wanted.items()
        }
        model_answers(answers)
        folder = staging.stage_folder(run.pk, f"evaluate-{run.evaluations.count() + 1}")
        return evaluating.evaluate(run, gguf, folder=folder)

    return evaluate
