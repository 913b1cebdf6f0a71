"""The same rows as whole conversations, for trainers that mask by role instead of by column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curation.domain.weights import Weights
from curation.models import Snapshot
from curation.services.exports import plain
from curation.services.exports.frozen_texts import ExportFile, Row

TITLE = "Messages"
SAYS = "JSON lines with one list of messages a row, as most trainers other than TRL expect it."
WEIGHABLE = True
FOLDERS = plain.FOLDERS

ROW = "`messages` (system, user, assistant)"


def paths(manifest: dict[str, Any]) -> list[str]:
    return plain.paths(manifest)


def files(frozen: Snapshot, weights: Weights | None) -> Iterator[ExportFile]:
    return plain.files(frozen, weights, columns, ROW)


def columns(row: Row) -> dict[str, Any]:
    return {"messages": row.prompt + row.completion}
