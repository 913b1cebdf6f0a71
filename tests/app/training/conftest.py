from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from curation.models import Snapshot, TaskSet
from curation.services import importing
from tests import makers
from training.models import Run
from training.services import launching, staging


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
    root = tmp_path / "data"
    for pool, title in [
        ("holdout", "Sum of a column"),
        ("holdout", "Name of a weekday"),
        ("triage", "Days until a date"),
        ("triage", "Longest word"),
    ]:
        name = title.lower().replace(" ", "-")
        makers.put(root, f"tasks/{pool}/{name}.md", makers.example_text(title))
    tasks = importing.import_tasks(root)
    assert tasks is not None
    return tasks


@pytest.fixture
def snapshot(task_set: TaskSet, tmp_path: Path) -> Snapshot:
    """A dataset version with examples and raw programs, and a task set to score it on."""
    root = tmp_path / "raw"
    for name in ("invoice", "stock", "calendar", "payroll"):
        makers.put(root, f"corpus/{name}.bbj", makers.program(f"program {name}"))
    importing.import_corpus(root)
    return makers.snapshot(examples=6)


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
def fake_stages(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Replace what the stages do by the fake trainer: real processes, folders and results, no model.

    Call it with values of the fake recipe for one stage, such as fake_stages(instruct={"fail_with": "gpu_oom"}).
    Stages without values do nothing. Returns the digests, which a test may change.
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
