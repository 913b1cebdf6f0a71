"""The raw BBj programs of stage 1, byte for byte, as files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curation.domain.weights import Weights
from curation.models import Snapshot
from curation.services.exports import frozen_texts
from curation.services.exports.frozen_texts import SPLITS, ExportFile

TITLE = "Raw programs"
SAYS = "The stage-1 corpus alone: each BBj program as a file of its own."
WEIGHABLE = False
FOLDERS: tuple[str, ...] = ()


def paths(manifest: dict[str, Any]) -> list[str]:
    return [*program_paths(manifest), "manifest.json"]


def program_paths(manifest: dict[str, Any]) -> list[str]:
    return [f"corpus/{entry['split']}/{entry['path']}" for entry in manifest["corpus"]]


def files(frozen: Snapshot, weights: Weights | None) -> Iterator[ExportFile]:
    yield from programs(frozen)
    yield ExportFile("manifest.json", [frozen.manifest.encode()])


def programs(frozen: Snapshot) -> Iterator[ExportFile]:
    for split in SPLITS:
        for path, text in frozen_texts.programs(frozen, split):
            yield ExportFile(f"corpus/{split}/{path}", [text.encode()])
