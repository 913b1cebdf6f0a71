"""Prompt and completion rows: the folder that a training run reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curation.domain.weights import Weights
from curation.models import Snapshot
from curation.services.exports import plain
from curation.services.exports.frozen_texts import ExportFile, Row

TITLE = "Prompt and completion"
SAYS = "JSON lines for TRL, with the raw programs beside: what a training run of the studio reads."
WEIGHABLE = True
FOLDERS = plain.FOLDERS

ROW = "`prompt` (system, user) and `completion` (assistant)"


def paths(manifest: dict[str, Any]) -> list[str]:
    return plain.paths(manifest)


def files(frozen: Snapshot, weights: Weights | None) -> Iterator[ExportFile]:
    return plain.files(frozen, weights, columns, ROW)


def columns(row: Row) -> dict[str, Any]:
    return {"prompt": row.prompt, "completion": row.completion}
