"""The second half of the loop as rows: a run with its score, and an example that a failure led to."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from curation.models import Example, Snapshot, Task, TaskSet
from curation.services import authoring
from tests import makers
from training.models import Artifact, Attempt, Evaluation, Run
from training.services import triaging


def trained(frozen: Snapshot, *outcomes: str) -> Run:
    """A finished run on this version, whose model answered triage tasks with these outcomes."""
    run = Run.objects.create(
        snapshot=frozen,
        recipe_name="rehearsal",
        recipe={},
        state="succeeded",
        idempotency_key=f"loop {Run.objects.count()}",
        requested_by=frozen.created_by,
    )
    model = Artifact.objects.create(
        run=run, kind="gguf_q4_k_m", file_name="bbj.gguf", sha256="0" * 64, size_bytes=1
    )
    tasks, _ = TaskSet.objects.get_or_create(name="tasks of the loop", digest="0" * 64)
    scored = Evaluation.objects.create(
        run=run,
        artifact=model,
        task_set=tasks,
        config={},
        config_hash="0" * 64,
        checker="offline",
        checker_build="offline check",
        finished_at=timezone.now(),
    )
    for n, outcome in enumerate(outcomes):
        path = f"triage/task-{n}.md"
        task = Task.objects.filter(task_set=tasks, path=path).first() or Task.objects.create(
            task_set=tasks,
            path=path,
            pool="triage",
            text=makers.example_text(f"Task {n}"),
            content_hash=f"{n:064}",
        )
        Attempt.objects.create(evaluation=scored, task=task, sample=0, seed=1, prompt=[], outcome=outcome)
    return run


def taught(attempt: Attempt, path: str, *, author: User) -> Example:
    """An example that was drafted from this failure, waiting for review."""
    draft = triaging.draft_from(attempt, author)
    text = makers.example_text(f"Learned for {path}")
    saved = authoring.save(author=author, path=path, text=text, base_hash="", draft=draft)
    assert saved.example, [str(problem) for problem in saved.problems]
    return saved.example
