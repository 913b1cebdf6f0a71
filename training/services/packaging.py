"""The two files that make a GGUF usable by people: the Ollama Modelfile and the model card."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from training.adapters import storage
from training.domain import card, modelfile
from training.domain.card import CardScore
from training.domain.failure import Failure
from training.models import Artifact, Run
from training.services import scoring


class NoFile(Exception):
    """There is nothing to download; the message says why."""


def quantised_kind(run: Run) -> str:
    return f"gguf_{run.recipe['quantise']['type'].lower()}"


def file_name(run: Run, quantisation: str) -> str:
    """What a download is called: tells dataset version, run and quantisation apart in a folder of many."""
    return f"bbj-{slugify(run.snapshot.name) or 'model'}-run{run.pk}-{quantisation}.gguf"


def write_modelfile(run: Run, folder: Path, *, train_file: Path) -> Path:
    """Write the Modelfile for the quantised model, with the chat form and system message it was trained on.

    Args:
        train_file: train.jsonl of the export, whose most frequent system message becomes the Modelfile's.

    Raises:
        Failure: the merged model does not say how its chat form looks.
    """
    generate = run.recipe["generate"]
    text = modelfile.render(
        gguf=file_name(run, run.recipe["quantise"]["type"]),
        system=_usual_system_message(train_file),
        chat_format=_chat_format(run),
        temperature=generate["temperature"],
        top_p=generate["top_p"],
    )
    return _write(folder / "Modelfile", text)


def write_card(run: Run, folder: Path) -> Path:
    """Write the model card with what the run has made and scored so far."""
    text = card.render(
        title=f"BBj {run.snapshot.name}, run {run.pk}",
        run=run.pk,
        base_model=run.recipe["base"]["model"],
        base_revision=run.recipe["base"]["revision"],
        recipe=run.recipe,
        seed=run.seed,
        snapshot_name=run.snapshot.name,
        snapshot_digest=run.snapshot.digest,
        examples={
            split: run.snapshot.entries.filter(split=split).count() for split in ("train", "validation")
        },
        scores=_scores(run),
        files={a.file_name: a.sha256 for a in newest(run) if not a.is_folder and a.kind != "model_card"},
        code_version=run.code_version,
    )
    return _write(folder / "MODEL_CARD.md", text)


def newest(run: Run) -> list[Artifact]:
    """The run's artifacts, the newest of each kind: a card is written again when there is a score."""
    by_kind = {
        artifact.kind: artifact for artifact in run.artifacts.all()
    }  # ordered by pk: the last one stays
    return list(by_kind.values())


def file_of(artifact: Artifact) -> Path:
    """The file to download.

    Raises:
        NoFile: it is a folder, or gone from this machine's store.
    """
    path = storage.path_of(artifact.sha256)
    if path.is_file():
        return path
    if path.is_dir():
        raise NoFile(f"{artifact.file_name} is a folder and has no single file to download.")
    raise NoFile(f"{artifact.file_name} is no longer in the artifact store of this machine.")


def _scores(run: Run) -> list[CardScore]:
    """The newest evaluation of each checker, a row a pool."""
    rows: dict[str, list[CardScore]] = {}
    for evaluation in run.evaluations.select_related("artifact", "task_set").order_by("pk"):
        found = scoring.scored(evaluation)
        rows[found.metric] = [
            CardScore(
                model=evaluation.artifact.get_kind_display(),
                metric=found.metric,
                tasks=f"{evaluation.task_set.name}, {pool.name}: {pool.tasks} tasks, {pool.samples} answers",
                value=pool.value,
                low=pool.low,
                high=pool.high,
                why=pool.why,
            )
            for pool in found.pools
        ]
    return [row for of_one_checker in rows.values() for row in of_one_checker]


def _usual_system_message(train_file: Path) -> str:
    said: Counter[str] = Counter()
    for line in train_file.read_text(encoding="utf-8").split("\n"):
        if line:
            said.update(m["content"] for m in json.loads(line)["prompt"] if m["role"] == "system")
    return said.most_common(1)[0][0] if said else ""


def _chat_format(run: Run) -> dict[str, Any]:
    merged = run.artifacts.filter(kind="merged").order_by("-pk").first()
    file = storage.path_of(merged.sha256) / "chat_format.json" if merged else None
    if file is None or not file.is_file():
        raise Failure("bug", f"run {run.pk}: the merged model holds no chat_format.json for the Modelfile.")
    form: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return form


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
