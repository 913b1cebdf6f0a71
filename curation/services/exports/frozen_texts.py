"""The texts of a dataset version, a few hundred in memory at a time, in an order that no database decides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from curation.domain import chatml, front_matter, markdown
from curation.domain.labels import generations_of
from curation.domain.weights import UNLABELLED, Weights, weigh
from curation.models import ChatRecord, CorpusFile, GeneralExample, Revision, Snapshot

SPLITS = ("train", "validation")
CHUNK = 200  # texts; of the largest that an import takes, 50 MB

Messages = list[dict[str, str]]


class ExportRefused(Exception):
    """Nothing or only a part was written; the message says why and what to do."""


class ExportFile(NamedTuple):
    """A file of an export: its path, and its bytes part by part. Take the parts before the next file."""

    path: str
    parts: Iterable[bytes]


@dataclass(frozen=True)
class Row:
    """What training reads of an example, or of a conversation or general code, which have no labels."""

    path: str
    type: str  # "conversation" or "general" where it is no example
    topic: str
    generations: tuple[str, ...]
    difficulty: str
    prompt: Messages
    completion: Messages


def examples(frozen: Snapshot, *splits: str) -> Iterator[tuple[str, str]]:
    """Path and text of each example of these sides, in path order."""
    places = frozen.entries.filter(split__in=splits).values_list("path", "revision_id")
    yield from _texts(sorted(places), Revision)


def programs(frozen: Snapshot, split: str) -> Iterator[tuple[str, str]]:
    """Path and text of each raw program of one side, in path order."""
    places = frozen.corpus_files.filter(split=split).values_list("corpus_file__path", "corpus_file_id")
    yield from _texts(sorted(places), CorpusFile)


def rows(frozen: Snapshot, split: str) -> Iterator[Row]:
    """The training rows of one side: examples in path order, then conversations, then general code.

    Raises:
        ExportRefused: this studio cannot read a text, or it lacks a prompt or an answer.
    """
    for path, text in examples(frozen, split):
        yield _row(path, text)
    chosen = frozen.conversations.filter(split=split).values_list("record__content_hash", "record_id")
    for batch in _batches(sorted(chosen)):
        found = ChatRecord.objects.in_bulk([pk for _, pk in batch])
        for record in (found[pk] for _, pk in batch):
            rendered = chatml.render_conversation(record.system, record.prompt, record.answer)
            yield Row(record.path, "conversation", "", (), "", **rendered)
    if split == "train":
        yield from _general(frozen)


def _general(frozen: Snapshot) -> Iterator[Row]:
    taken = frozen.general.values_list("example__content_hash", "example_id")
    for batch in _batches(sorted(taken)):
        found = GeneralExample.objects.in_bulk([pk for _, pk in batch])
        for example in (found[pk] for _, pk in batch):
            rendered = chatml.render_general(example.system, example.prompt, example.answer)
            yield Row(example.path, "general", "", (), "", **rendered)


def weights_of(frozen: Snapshot) -> Weights:
    """The weight of each training row, by how frequent its generation labels are."""
    metas = (front_matter.read_again(text)[0] for _, text in examples(frozen, "train"))
    return weigh(generations_of(meta["generation"]) for meta in metas)


def weight_of(row: Row, split: str, weights: Weights | None) -> dict[str, float]:
    """The column `weight` of a row; no column without weights."""
    if weights is None:
        return {}
    return {"weight": weights.of(row.generations) if split == "train" else UNLABELLED}


def line(values: dict[str, Any]) -> bytes:
    """A line of a .jsonl file: one spelling for equal values."""
    return (json.dumps(values, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _row(path: str, text: str) -> Row:
    try:
        doc = markdown.read_again(text, path=path)
        rendered = chatml.render(doc)
    except chatml.RenderError as error:
        raise ExportRefused(f"{error}. Mend the example and freeze a new version.") from error
    except (ValueError, KeyError) as error:
        raise ExportRefused(
            f"{path}: this studio cannot read the frozen text: {error}. Use the version that froze it."
        ) from error
    return Row(path, doc.type, doc.topic, doc.generations, doc.difficulty, **rendered)


def _texts(
    places: Sequence[tuple[str, int]], model: type[Revision] | type[CorpusFile]
) -> Iterator[tuple[str, str]]:
    for batch in _batches(places):
        found = dict(model.objects.filter(pk__in=[pk for _, pk in batch]).values_list("pk", "text"))
        yield from ((path, found[pk]) for path, pk in batch)


def _batches(places: Sequence[tuple[str, int]]) -> Iterator[Sequence[tuple[str, int]]]:
    return (places[start : start + CHUNK] for start in range(0, len(places), CHUNK))
