"""The frozen example files, byte for byte at their paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curation.domain import tree_manifest
from curation.domain.weights import Weights
from curation.models import Snapshot
from curation.services.exports import frozen_texts
from curation.services.exports.frozen_texts import SPLITS, ExportFile

TITLE = "Markdown files"
SAYS = "Each example as the file that was frozen; an import of the folder knows who changed a file since."
WEIGHABLE = False
FOLDERS: tuple[str, ...] = ()


def paths(manifest: dict[str, Any]) -> list[str]:
    return [*(entry["path"] for entry in manifest["examples"]), tree_manifest.NAME, "manifest.json"]


def files(frozen: Snapshot, weights: Weights | None) -> Iterator[ExportFile]:
    for path, text in frozen_texts.examples(frozen, *SPLITS):
        yield ExportFile(path, [text.encode()])
    hashes = dict(frozen.entries.values_list("path", "content_hash"))
    yield ExportFile(tree_manifest.NAME, [tree_manifest.write(hashes).encode()])
    yield ExportFile("manifest.json", [frozen.manifest.encode()])
