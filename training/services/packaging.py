"""The two files that make a GGUF usable by people: the Ollama Modelfile and the model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from training.adapters import storage
from training.domain import card, modelfile
from training.domain.failure import Failure
from training.models import Run


def quantised_kind(run: Run) -> str:
    return f"gguf_{run.recipe['quantise']['type'].lower()}"


def gguf_name(run: Run, quantisation: str) -> str:
    """What a download is called: tells dataset version, run and quantisation apart in a folder of many."""
    return f"bbj-{slugify(run.snapshot.name) or 'model'}-run{run.pk}-{quantisation}.gguf"


def package(run: Run, folder: Path) -> dict[str, Path]:
    """Write Modelfile and model card into `folder`.

    Returns:
        Artifact kind → file.

    Raises:
        Failure: the merged model does not say how its chat form looks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {"modelfile": folder / "Modelfile", "model_card": folder / "MODEL_CARD.md"}
    quantisation = run.recipe["quantise"]["type"]
    written["modelfile"].write_text(
        modelfile.render(gguf=gguf_name(run, quantisation), chat_format=_chat_format(run)), encoding="utf-8"
    )
    written["model_card"].write_text(card.render(**_facts(run)), encoding="utf-8")
    return written


def _chat_format(run: Run) -> dict[str, Any]:
    merged = run.artifacts.filter(kind="merged").order_by("-pk").first()
    file = storage.path_of(merged.sha256) / "chat_format.json" if merged else None
    if file is None or not file.is_file():
        raise Failure(
            "bug", f"run {run.pk}: the merged model holds no chat_format.json, so no Modelfile can be made."
        )
    form: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return form


def _facts(run: Run) -> dict[str, Any]:
    return {}
