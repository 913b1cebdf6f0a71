"""Every format of a dataset version is opened by the library that reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.models import Snapshot
from curation.services import exporting, importing
from tests import makers

pytestmark = [pytest.mark.slow(5), pytest.mark.one_database]

TYPES = ("completion", "comprehension", "migration", "explanation")
SIDES = "### Before (vpro5)\n\n```bbj\n{code}```\n\n### After (dwc)\n\n```bbj"


@pytest.fixture
def version(db: None, tmp_path: Path) -> Snapshot:
    """All four types, two label sets, both sides, raw programs."""
    for kind in TYPES:
        text = makers.example_text(f"A {kind} of ours", type=kind, generation="dwc")
        if kind == "migration":
            before = SIDES.format(code=makers.program("before this"))
            text = text.replace(
                "generation: dwc", "generation: dwc\nfrom_generation: vpro5\nto_generation: dwc"
            )
            text = text.replace("```bbj", before, 1)
        makers.approved(f"strings/{kind}.md", text)
    for n in range(4):
        makers.approved(f"gui/more-{n}.md", makers.example_text(f"More {n}", generation="[bbj-gui, dwc]"))
        makers.put(tmp_path, f"made/corpus/program-{n}.bbj", makers.program(f"Program {n}"))
    importing.import_corpus(tmp_path / "made")
    return makers.freeze(name="v1", author=makers.user("maintainer"), validation_per_mille=300)


def load(folder: Path, cache: Path, *config: str) -> Any:
    from datasets import load_dataset

    return load_dataset(str(folder), *config, cache_dir=str(cache))


def rows_of(dataset: Any) -> int:
    return sum(len(side) for side in dataset.values())


def test_datasets_opens_the_hugging_face_folder_and_trl_knows_the_rows(version, tmp_path):
    from trl.data_utils import is_conversational

    folder = exporting.export_snapshot(version, tmp_path / "hf", format="huggingface", weights=True)
    cache = tmp_path / "cache"

    prompts, messages, corpus = (
        load(folder, cache),
        load(folder, cache, "messages"),
        load(folder, cache, "corpus"),
    )

    assert set(prompts) == {"train", "validation"}
    assert rows_of(prompts) == rows_of(messages) == 8
    assert rows_of(corpus) == 4
    for dataset in (prompts, messages):
        assert is_conversational(dataset["train"][0])
        labels = {label for side in dataset.values() for row in side for label in row["generation"]}
        assert labels == {"bbj-gui", "dwc"}
        assert {row["type"] for side in dataset.values() for row in side} == set(TYPES)
        assert all(isinstance(row["weight"], float) for row in dataset["train"])
    for row, whole in zip(prompts["train"], messages["train"], strict=True):
        assert row["prompt"] + row["completion"] == whole["messages"]
    texts = dict(version.corpus_files.values_list("corpus_file__path", "corpus_file__text"))
    assert {row["path"]: row["text"] for side in corpus.values() for row in side} == texts


@pytest.mark.parametrize(
    ("format", "columns"), [("chatml", {"prompt", "completion"}), ("messages", {"messages"})]
)
def test_datasets_and_trl_take_the_json_lines_as_they_are(version, tmp_path, format, columns):
    from trl.data_utils import is_conversational

    folder = exporting.export_snapshot(version, tmp_path / format, format=format)

    dataset = load(folder, tmp_path / "cache")

    assert set(dataset["train"].column_names) == columns
    assert is_conversational(dataset["train"][0])
    written = [json.loads(line) for line in (folder / "train.jsonl").read_text().split("\n") if line]
    assert list(dataset["train"]) == written


def test_a_side_without_rows_does_not_stop_datasets(db, tmp_path):
    makers.approved("gui/only.md")
    frozen = makers.freeze(name="v1", author=makers.user("maintainer"), validation_per_mille=0)

    for format in ("huggingface", "chatml"):
        folder = exporting.export_snapshot(frozen, tmp_path / format, format=format)
        assert set(load(folder, tmp_path / "cache")) == {"train"}
