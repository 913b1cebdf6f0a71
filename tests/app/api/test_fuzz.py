"""Every operation, asked by schemathesis what nobody would think of asking.

No answer is a 5xx, each is of a status, media type and form that the schema declares, what the schema forbids
is refused and what it allows is not. The same questions each time: a failure is found again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from ninja.responses import NinjaJSONEncoder
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test

from curation.models import ChatRecord, FreezeJob, MaskAudit, Task, TaskSet
from curation.services import bookmarking, comparing, drafting, uploading
from studio import answering, roles, tokens
from studio.api import api
from tests import makers
from tests.chatml_set import message_row
from training.adapters import storage
from training.models import Artifact, Attempt, Evaluation, Probe, Run, Stage

# Each test is rolled back, and in it each request.
pytestmark = [pytest.mark.django_db, pytest.mark.slow(0.2), pytest.mark.one_database]

# What a request that the schema allows may still be refused with: the state of things, 409; another text,
# 412; and what no schema can say, such as a text without a title, 422.
NOT_NOW = ["2xx", "3xx", "401", "403", "404", "409", "412"]
BY_OTHER_RULES = ["POST /examples", "PUT /examples/{example_id}", "POST /examples/{example_id}/reviews"]
BY_OTHER_RULES += ["POST /drafts", "POST /drafts/{draft_id}/merge", "POST /imports", "POST /views"]
BY_OTHER_RULES += ["POST /corpus", "POST /corpus/{program_id}/licence", "POST /general"]
BY_OTHER_RULES += ["POST /tasks", "PUT /tasks/{task_id}", "POST /runs", "POST /probes"]
BY_OTHER_RULES += [name for name in roles.OPERATIONS if name.startswith("POST /bulk/")]
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": NOT_NOW},
    "missing_required_header": {"expected-statuses": ["428"]},
    "ignored_auth": {"enabled": False},  # test_roles asks it of each operation
}


def operations(*, times: int, thorough: bool) -> list[Any]:
    """Each operation, to be asked so many random questions; with `thorough` also about each boundary."""
    also = {"positive_data_acceptance": {"expected-statuses": [*NOT_NOW, "422"]}}
    of_some = [{"include-name": name.replace("/", "/api/v1/", 1), "checks": also} for name in BY_OTHER_RULES]
    config = {
        "checks": CHECKS,
        "operations": of_some,
        "suppress-health-check": ["all"],
        "generation": {
            "max-examples": times,
            "mode": "all" if thorough else "positive",
            "deterministic": True,
            "database": "none",
        },
        "phases": {
            "coverage": {"enabled": thorough, "unexpected-methods": ["PATCH"]},
            "examples": {"enabled": thorough},
        },
    }
    described = json.loads(json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder))
    _ask_about_the_key_once(described)
    loaded = schemathesis.openapi.from_dict(described, config=schemathesis.Config.from_dict(config))
    loaded.app = get_wsgi_application()
    return [found.ok() for found in loaded.get_all_operations()]  # type: ignore[union-attr]  # of our own schema


def _ask_about_the_key_once(described: dict[str, Any]) -> None:
    """The door reads an Idempotency-Key in the same way for every operation: one of them is enough."""
    for path, methods in described["paths"].items():
        for operation in methods.values() if not path.endswith("/drafts") else ():
            operation["parameters"] = [p for p in operation["parameters"] if p["name"] != answering.HEADER]


def each_operation(*, times: int, thorough: bool = False) -> Any:
    """A test an operation.

    schemathesis would make these itself, but pytest 9 gives them all one name, and several processes then run
    the first one only.
    """
    found = operations(times=times, thorough=thorough)
    return pytest.mark.parametrize("operation", found, ids=[operation.label for operation in found])


def ask(operation: Any, question: Callable[[Any], None]) -> None:
    """Put the questions that its config asks for, one case each."""
    build_operation_test(
        config=operation.schema.config,
        operation=operation,
        test_func=question,
        given_kwargs={},
        feedback=FeedbackSources(),
    )()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    """One of everything, made once: ids by the names that they have in addresses, and tokens by role."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    patch = pytest.MonkeyPatch()
    patch.setattr(django_settings, "VAR", tmp_path_factory.mktemp("var"))
    with django_db_blocker.unblock(), transaction.atomic():
        yield made(tmp_path_factory.mktemp("made"))
        transaction.set_rollback(True)
    patch.undo()
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def made(folder: Path) -> dict[str, Any]:
    maintainer, author = makers.user("maintainer"), makers.user("author")
    secrets = {
        account: tokens.create(owner=account, name="fuzz", scopes=roles.SCOPES, days=1)[1]
        for account in (maintainer, author)
    }
    earlier, snapshot = makers.snapshot(examples=1), makers.snapshot(examples=2)
    twins = [makers.example(f"gui/{name}.md", makers.example_text("Twins")) for name in ("one", "two")]
    comparing.compare()
    rows = [("How?", 'print "a"'), ("Same?", "Yes, it is."), ("Same?", "No, it is not.")]
    lines = [json.dumps(message_row(*row)).encode() + b"\n" for row in rows]
    job = makers.worked(uploading.upload(name="s.jsonl", chunks=lines, author=author, idempotency_key="fuzz"))
    defect = job.problems.filter(group=0, severity="defect").first()
    repeated = job.problems.exclude(group=0).first()
    assert defect
    assert repeated
    ChatRecord.objects.create(prompt="p", answer="a", content_hash="0" * 64, why="short", author=author)
    run = Run.objects.create(
        snapshot=snapshot, recipe_name="rehearsal", recipe={}, idempotency_key="fuzz", requested_by=maintainer
    )
    Stage.objects.create(run=run, position=0, name="export")
    kept = storage.put(makers.put(folder, "model.gguf", "GGUF"))
    artifact = Artifact.objects.create(
        run=run, kind="gguf_q4_k_m", file_name="m.gguf", sha256=kept.sha256, size_bytes=kept.size_bytes
    )
    task_set = TaskSet.objects.create(name="tasks", digest="0" * 64)
    task = Task.objects.create(
        task_set=task_set, path="a.md", pool="triage", text=makers.example_text(), content_hash="1" * 64
    )
    evaluation = Evaluation.objects.create(
        run=run, artifact=artifact, task_set=task_set, config={}, config_hash="0" * 64, checker="offline"
    )
    attempt = Attempt.objects.create(
        evaluation=evaluation,
        task=task,
        sample=0,
        seed=1,
        prompt=[],
        outcome="compile_error",
        conformance="differs",
    )
    Evaluation.objects.update(finished_at=evaluation.created_at)
    audit = MaskAudit.objects.create(
        snapshot=snapshot, tokenizer="x", tokenizer_digest="0" * 64, limit=64, requested_by=maintainer
    )
    frozen_by = FreezeJob.objects.create(
        idempotency_key="fuzz", requested_by=maintainer, looks_only=False, seed=7, validation_per_mille=100
    )
    ids = {
        "example_id": twins[0].pk,
        "number": 1,
        "draft_id": drafting.draft_of(author=maintainer, example=twins[0]).pk,
        "job_id": job.pk,
        "position": 1,
        "problem_id": defect.pk,
        "group": repeated.group,
        "code": defect.code,
        "program_id": makers.raw_program("a.bbj", author=maintainer).pk,
        "view_id": bookmarking.save(owner=maintainer, name="all", query="topic=gui", shared=True).pk,
        "snapshot_id": snapshot.pk,
        "other_id": earlier.pk,
        "file_name": "train.jsonl",
        "format": "messages",
        "audit_id": audit.pk,
        "freeze_id": frozen_by.pk,
        "run_id": run.pk,
        "probe_id": Probe.objects.create(snapshot=snapshot, recipe=run.recipe, requested_by=maintainer).pk,
        "artifact_id": artifact.pk,
        "evaluation_id": evaluation.pk,
        "attempt_id": attempt.pk,
        "task_id": makers.task("triage", author=maintainer).pk,
    }
    seen = f'"{twins[0].content_hash}"'
    return {"ids": ids, "seen": seen, "maintainer": secrets[maintainer], "author": secrets[author]}


def send(case: Any, world: dict[str, Any], secret: str) -> Any:
    """One question, and all that it changed taken back. What the schema allows is about what is there."""
    if case.meta is None or case.meta.generation.mode.is_positive:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = world["ids"][name]
        if "If-Match" in case.headers:
            case.headers["If-Match"] = world["seen"]
    with transaction.atomic():
        shown = {"Authorization": f"Bearer {secret}"} if secret else {}
        answer = case.call_and_validate(headers=shown)
        transaction.set_rollback(True)
    return answer


@each_operation(times=2, thorough=True)
def test_a_maintainer_gets_what_the_schema_says(operation: Any, world: dict[str, Any]) -> None:
    def question(case: Any) -> None:
        send(case, world, world["maintainer"])

    ask(operation, question)


@each_operation(times=1)
def test_an_author_gets_what_the_schema_says_and_no_more(operation: Any, world: dict[str, Any]) -> None:
    _, role = roles.OPERATIONS[operation.label.replace("/api/v1", "", 1)]

    def question(case: Any) -> None:
        answer = send(case, world, world["author"])
        # 401: it also asks with a token of its own making.
        may = {"author", roles.SIGNED_IN} & set(roles.named(role))
        assert may or answer.status_code in (401, 403, 405)

    ask(operation, question)
