"""What the two forms of JSON lines share: the run folder's files, whatever a row's columns are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from curation.domain import chatml
from curation.domain.weights import FORMULA, Weights
from curation.models import Snapshot
from curation.services.exports import frozen_texts, raw_programs
from curation.services.exports.frozen_texts import SPLITS, ExportFile, Row

MANIFEST = "manifest.json"
FOLDERS = tuple(f"corpus/{split}" for split in SPLITS)  # there even when empty: training looks for both
README = "README.md"


def paths(manifest: dict[str, Any]) -> list[str]:
    lines = [f"{split}.jsonl" for split in SPLITS]
    return [*lines, *raw_programs.program_paths(manifest), README, MANIFEST]


def files(
    frozen: Snapshot, weights: Weights | None, columns: Callable[[Row], dict[str, Any]], row: str
) -> Iterator[ExportFile]:
    """The manifest comes last: a folder that has it is whole."""
    for split in SPLITS:
        lines = (
            frozen_texts.line(columns(one) | frozen_texts.weight_of(one, split, weights))
            for one in frozen_texts.rows(frozen, split)
        )
        yield ExportFile(f"{split}.jsonl", lines)
    yield from raw_programs.programs(frozen)
    yield ExportFile(README, [_card(frozen, weights, row).encode()])
    yield manifest_file(frozen)


def manifest_file(frozen: Snapshot) -> ExportFile:
    return ExportFile(MANIFEST, [frozen.manifest.encode()])


def _card(frozen: Snapshot, weights: Weights | None, row: str) -> str:
    """README.md, with the head that `datasets.load_dataset` reads; says only what the manifest says."""
    sides = Counter(frozen.entries.values_list("split", flat=True))
    programs = Counter(frozen.corpus_files.values_list("split", flat=True))
    talks = Counter(frozen.conversations.values_list("split", flat=True))
    also = f"\n| conversations | {talks['train']} | {talks['validation']} |" if talks else ""
    if general := frozen.general.count():
        also += f"\n| general code | {general} | 0 |"
    there = [split for split in SPLITS if sides[split] or talks[split]]
    data_files = "\n".join(f"      - split: {split}\n        path: {split}.jsonl" for split in there)
    weighed = f"\n`weight` is the {FORMULA}; validation rows weigh 1.\n" if weights else ""
    return f"""---
configs:
  - config_name: default
    data_files:
{data_files}
---

# BBj examples, version {frozen.digest[:12]}

| | train | validation |
| --- | --- | --- |
| examples | {sides["train"]} | {sides["validation"]} |
| raw programs | {programs["train"]} | {programs["validation"]} |{also}

Each line of a `.jsonl` file is one example: {row}, template
`{chatml.TEMPLATE_VERSION}`. Raw BBj programs for continued pretraining are under `corpus/`.
{weighed}
Near-duplicates share a cluster, and a cluster stands on one side only. `manifest.json` lists every text with
its SHA-256, cluster and side; its own SHA-256 is the version's digest, `{frozen.digest}`.
"""
