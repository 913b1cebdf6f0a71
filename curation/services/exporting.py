"""Writing a frozen dataset version out for training.

Byte-identical when repeated, on any machine: nothing but the frozen texts decides.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from curation.domain import chatml, markdown
from curation.models import Snapshot
from curation.services import snapshotting

SPLITS = ("train", "validation")
FILES = ("manifest.json", "train.jsonl", "validation.jsonl", "README.md")


class ExportRefused(Exception):
    """Nothing or only a part was written; the message says why and what to do."""


def export_snapshot(frozen: Snapshot, to: Path) -> Path:
    """Write manifest.json, train.jsonl, validation.jsonl, corpus/{train,validation}/ and README.md into `to`.

    Other files in `to` stay. Each file appears whole or not at all. SHA-256 of manifest.json is the digest.

    Raises:
        ExportRefused: `to` holds something else under one of these names, or cannot be written.
    """
    to = Path(to)
    _same_templates(frozen)
    try:
        to.mkdir(parents=True, exist_ok=True)
        if not (to / "manifest.json").exists():
            for name in ("corpus", *FILES):
                if os.path.lexists(to / name):
                    raise ExportRefused(
                        f"{to / name} exists and is no part of an export. Give an empty folder."
                    )
        (to / "manifest.json").unlink(missing_ok=True)
        for split in SPLITS:
            write_whole(to / f"{split}.jsonl", jsonl(frozen, split))
            _write_corpus(frozen, split, to / "corpus" / split)
        write_whole(to / "README.md", dataset_card(frozen))
        write_whole(to / "manifest.json", frozen.manifest)  # last: a folder with it is whole
    except OSError as error:
        raise ExportRefused(
            f"{to}: cannot be written ({error.strerror}). Free space or give access, then repeat."
        ) from error
    return to


def jsonl(frozen: Snapshot, split: str) -> str:
    """The ChatML rows of one side, a line each: examples in path order, then conversations."""
    entries = frozen.entries.filter(split=split).select_related("revision")
    rows = [_row(path, text) for path, text in sorted((e.path, e.revision.text) for e in entries)]
    chosen = frozen.conversations.filter(split=split).select_related("record")
    rows += [
        _line(chatml.render_conversation(record.system, record.prompt, record.answer))
        for record in sorted((row.record for row in chosen), key=lambda record: record.path)
    ]
    return "".join(rows)


def _row(path: str, text: str) -> str:
    doc = markdown.parse(text, path=path).doc
    if doc is None:
        raise ExportRefused(
            f"{path}: this studio cannot read the frozen text. Use the version that froze it."
        )
    try:
        return _line(chatml.render(doc))
    except chatml.RenderError as error:
        raise ExportRefused(f"{error}. Mend the example and freeze a new version.") from error


def _line(row: dict[str, list[dict[str, str]]]) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n"


def dataset_card(frozen: Snapshot) -> str:
    """README.md of an export, in the Hugging Face form; says only what the manifest says."""
    sides = Counter(frozen.entries.values_list("split", flat=True))
    programs = Counter(frozen.corpus_files.values_list("split", flat=True))
    talks = Counter(frozen.conversations.values_list("split", flat=True))
    also = f"\n| conversations | {talks['train']} | {talks['validation']} |" if talks else ""
    manifest = snapshotting.manifest_of(frozen)
    return f"""---
configs:
  - config_name: default
    data_files:
      - split: train
        path: train.jsonl
      - split: validation
        path: validation.jsonl
---

# BBj examples, version {frozen.digest[:12]}

| | train | validation |
| --- | --- | --- |
| examples | {sides["train"]} | {sides["validation"]} |
| raw programs | {programs["train"]} | {programs["validation"]} |{also}

Each line of a `.jsonl` file is one example: `prompt` (system, user) and `completion` (assistant), template
`{manifest["template_version"]}`. Raw BBj programs for continued pretraining are under `corpus/`.

Near-duplicates share a cluster, and a cluster stands on one side only. `manifest.json` lists every text with
its SHA-256, cluster and side; its own SHA-256 is the version's digest, `{frozen.digest}`.
"""


def file_of(frozen: Snapshot, name: str) -> str:
    """The text of one of FILES.

    Raises:
        ExportRefused: The version was frozen for other templates than this studio has.
    """
    writers: dict[str, Callable[[], str]] = {
        "manifest.json": lambda: frozen.manifest,
        "train.jsonl": lambda: jsonl(frozen, "train"),
        "validation.jsonl": lambda: jsonl(frozen, "validation"),
        "README.md": lambda: dataset_card(frozen),
    }
    _same_templates(frozen)
    return writers[name]()


def _same_templates(frozen: Snapshot) -> None:
    version = snapshotting.manifest_of(frozen)["template_version"]
    if version != chatml.TEMPLATE_VERSION:
        raise ExportRefused(
            f'{frozen.name} was frozen for templates "{version}"; here they are "{chatml.TEMPLATE_VERSION}". '
            "Freeze a new version, or export with the studio that froze it."
        )


def _write_corpus(frozen: Snapshot, split: str, folder: Path) -> None:
    files = {
        row.corpus_file.path: row.corpus_file.text
        for row in frozen.corpus_files.filter(split=split).select_related("corpus_file")
    }
    for old in sorted(folder.rglob("*")):
        if (old.is_file() or old.is_symlink()) and old.relative_to(folder).as_posix() not in files:
            old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in sorted(files.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / path, text)


def write_whole(file: Path, text: str) -> None:
    """The file appears whole or not at all."""
    part = file.with_name(file.name + ".part")
    with open(part, "wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, file)
