"""A folder that `datasets.load_dataset` opens: both forms of the rows, the raw programs, and a card."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from curation.domain import dataset_card
from curation.domain.dataset_card import Kind, Statistics
from curation.domain.weights import Weights
from curation.models import Snapshot
from curation.services.exports import chatml, frozen_texts, messages
from curation.services.exports.frozen_texts import SPLITS, ExportFile, Row

TITLE = "Hugging Face folder"
SAYS = (
    "For datasets.load_dataset: prompts and completions, messages, raw programs, and a card with statistics."
)
WEIGHABLE = True
FOLDERS: tuple[str, ...] = ()


def paths(manifest: dict[str, Any]) -> list[str]:
    folders = ("data", "messages", "corpus")
    return [
        *(f"{folder}/{split}.jsonl" for folder in folders for split in SPLITS),
        "README.md",
        "manifest.json",
    ]


def files(frozen: Snapshot, weights: Weights | None) -> Iterator[ExportFile]:
    """A side without rows has no file, and the card does not name it: an empty file is no dataset."""
    told, manifest = Statistics(), json.loads(frozen.manifest)
    rows = set(frozen.entries.values_list("split", flat=True).distinct())
    rows |= set(frozen.conversations.values_list("split", flat=True).distinct())
    programs = set(frozen.corpus_files.values_list("split", flat=True).distinct())
    for split in [split for split in SPLITS if split in rows]:
        yield ExportFile(f"data/{split}.jsonl", _rows(frozen, split, weights, chatml.columns, told))
    for split in [split for split in SPLITS if split in rows]:
        yield ExportFile(f"messages/{split}.jsonl", _rows(frozen, split, weights, messages.columns, None))
    for split in [split for split in SPLITS if split in programs]:
        yield ExportFile(f"corpus/{split}.jsonl", _programs(frozen, split, manifest, told))
    yield ExportFile("README.md", [dataset_card.card(frozen.digest, manifest, told, weights).encode()])
    yield ExportFile("manifest.json", [frozen.manifest.encode()])


def _rows(
    frozen: Snapshot,
    split: str,
    weights: Weights | None,
    columns: Callable[[Row], dict[str, Any]],
    told: Statistics | None,
) -> Iterator[bytes]:
    for row in frozen_texts.rows(frozen, split):
        if told is not None:
            told.rows[Kind(" + ".join(row.generations), row.type, row.topic, row.difficulty), split] += 1
        labels = {
            "path": row.path,
            "type": row.type,
            "generation": list(row.generations),
            "topic": row.topic,
            "difficulty": row.difficulty,
        }
        yield frozen_texts.line(columns(row) | labels | frozen_texts.weight_of(row, split, weights))


def _programs(frozen: Snapshot, split: str, manifest: dict[str, Any], told: Statistics) -> Iterator[bytes]:
    terms = {entry["path"]: entry for entry in manifest["corpus"]}
    for path, text in frozen_texts.programs(frozen, split):
        told.programs[split] += 1
        said = {name: terms[path].get(name, "") for name in dataset_card.TERMS}
        yield frozen_texts.line({"path": path, "text": text, **said})
