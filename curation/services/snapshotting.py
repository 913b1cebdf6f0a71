"""Freezing what is approved now into a dataset version that never changes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model
from rapidfuzz import process
from rapidfuzz.distance import Indel

from curation.domain import chatml, markdown, snapshot
from curation.domain.bbj import CHECK_VERSION
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import has_errors
from curation.domain.split import split_of
from curation.models import (
    Example,
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    SnapshotGeneral,
)
from curation.services import (
    auditing,
    authoring,
    blending,
    deduplicating,
    gating,
    selecting,
    standing,
    thinning,
)
from curation.services.blending import ChosenGeneral
from curation.services.deduplicating import Compared
from curation.services.selecting import EVERYTHING, Chosen, ChosenExample, ChosenProgram, Selection

One = TypeVar("One")
SEED = 7  # of the first small numbers, one whose split of the shipped examples is near 90/10
VALIDATION_PER_MILLE = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_NAME = 80
NAME_RULE = "A name holds letters, digits, dots, hyphens and underscores, and starts with a letter or digit."
WRITTEN_AT_ONCE = 2_000  # rows
COMPARED_AT_MOST = 200_000  # pairs (some 4 s); past that the closest pair across the split is of a sample


class FreezeRefused(Exception):
    """Nothing was frozen; the message says why and what to do."""


class EmptySnapshot(FreezeRefused):
    """No example is approved."""


class HoldoutLeak(FreezeRefused):
    """A text is close to a held-out test task."""


class NameTaken(FreezeRefused):
    """Another dataset version has this name."""


@dataclass(frozen=True)
class SnapshotPlan:
    """What freezing now would give. Reading only: making a plan writes nothing."""

    selected: Chosen  # what is there to take
    chosen: Chosen  # without examples that today's rules refuse, and programs near to one that is taken
    general: tuple[ChosenGeneral, ...]
    clusters: tuple[str, ...]  # of the examples, then of the corpus, then of the conversations
    splits: tuple[str, ...]
    manifest: str
    digest: str
    gates: gating.GateReport
    counts: dict[str, Any]

    @property
    def report(self) -> dict[str, Any]:
        return {"gates": self.gates.as_list(), "counts": self.counts}


def plan_snapshot(
    *,
    selection: Selection = EVERYTHING,
    seed: int = SEED,
    validation_per_mille: int = VALIDATION_PER_MILLE,
    general_per_mille: int = 0,
) -> SnapshotPlan:
    """Select, cluster, split and examine what is approved now.

    Args:
        general_per_mille: The share of general code in all rows of stage 2 that are trained on.
    """
    selected = selecting.choose(selection)
    docs, broken, findings = _readable(selected.examples)
    corpus = {file.path: file.text for _, file in selecting.programs_of(selected.corpus)}
    conversations = [record for _, record in selecting.records_of(selected.conversations)]
    chosen = replace(selected, examples=tuple(one for one in selected.examples if one.path in docs))
    items = [
        *(deduplicating.compared_example(docs[one.path], one.content_hash) for one in chosen.examples),
        *(
            deduplicating.compared_program(f"corpus/{one.path}", corpus[one.path], one.content_hash)
            for one in chosen.corpus
        ),
        *(
            deduplicating.compared_conversation(r.path, r.content_hash, prompt=r.prompt, answer=r.answer)
            for r in conversations
        ),
    ]
    pairs = deduplicating.near_edges(items)  # a cluster on both sides has an edge across
    clusters = deduplicating.cluster_ids(items, pairs, _known_clusters(items))
    splits = [split_of(c, seed=seed, validation_per_mille=validation_per_mille) for c in clusters]
    leaks = [(items[p.i].path, items[p.j].path, p.score) for p in pairs if splits[p.i] != splits[p.j]]
    # After the clusters: a program that is left out still holds its cluster to its side.
    n = len(chosen.examples)
    out = thinning.left_out(items, clusters, {n + k: one.since for k, one in enumerate(chosen.corpus)})
    alike = [(items[gone].path, items[kept].path) for gone, kept in sorted(out.items())]
    items, clusters, splits = _without(items, out), _without(clusters, out), _without(splits, out)
    chosen = replace(chosen, corpus=tuple(one for k, one in enumerate(chosen.corpus) if n + k not in out))
    general = blending.choose(rows=_trained(chosen, splits), per_mille=general_per_mille, seed=seed)
    manifest = _manifest(
        chosen, general, clusters, splits, selection, seed, validation_per_mille, general_per_mille
    )
    others = {f"corpus/{path}": text for path, text in corpus.items()}
    others |= {record.path: f"{record.system}\n{record.prompt}\n{record.answer}" for record in conversations}
    code = list(blending.texts_of(general))
    others |= {one.path: f"{one.system}\n{one.prompt}\n{one.answer}" for one in code}
    beside = [deduplicating.compared_general(one) for one in code]
    leaks += _near_to_validation(beside, items, splits)
    waiting = Example.objects.with_status_in("needs_review").count()
    largest, sampled = _closest_across(items, splits)
    earlier, moved = _moved(chosen.examples, splits)
    tasks, set_name = deduplicating.held_out()
    train, validation = (splits[: len(docs)].count(side) for side in ("train", "validation"))
    gates = gating.GateReport(
        (
            gating.not_empty(len(selected.examples), waiting, narrowed=bool(selection.narrowed)),
            gating.readable(broken),
            gating.trainable(list(docs.values())),
            gating.no_control_tokens(list(docs.values()), others),
            gating.code_check(findings),
            gating.generation_labels(list(docs.values())),
            gating.holdout_firewall([*items, *beside], tasks, set_name),
            gating.no_leak(leaks, largest, sampled),
            gating.near_duplicates(items, clusters),
            gating.one_of_alike(alike),
            gating.both_sides(train, validation),
            gating.stable_split(moved, earlier),
            *gating.general_share(len(general), _trained(chosen, splits), general_per_mille),
        )
    )
    counts = _counts(list(docs.values()), len(chosen.corpus), splits, clusters, largest, set_name)
    if general:
        counts["general"] = {"train": len(general)}
    text = snapshot.canonical(manifest)
    return SnapshotPlan(
        selected,
        chosen,
        general,
        tuple(clusters),
        tuple(splits),
        text,
        snapshot.digest_of(text),
        gates,
        counts,
    )


def freeze(
    *,
    name: str,
    author: User,
    selection: Selection = EVERYTHING,
    seed: int = SEED,
    validation_per_mille: int = VALIDATION_PER_MILLE,
    general_per_mille: int = 0,
) -> Snapshot:
    """Freeze what is approved and selected as `name`; the same content gives the version that holds it.

    Raises:
        EmptySnapshot, HoldoutLeak, NameTaken, FreezeRefused: nothing was written.
    """
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise FreezeRefused(
            f'The name "{name[:MAX_NAME]}" cannot be used. {NAME_RULE} At most {MAX_NAME} characters.'
        )
    standing.refresh_all()  # the list's column is an index; what is frozen goes by the reviews themselves
    for _ in range(3):
        plan = plan_snapshot(
            selection=selection,
            seed=seed,
            validation_per_mille=validation_per_mille,
            general_per_mille=general_per_mille,
        )
        refuse(plan.gates)
        with transaction.atomic():
            if frozen := Snapshot.objects.filter(digest=plan.digest).first():
                return frozen
            if not _is_present(plan, selection, seed, general_per_mille):
                continue  # somebody approved, edited, chose or imported meanwhile: look again
            if Snapshot.objects.filter(name=name).exists():
                raise NameTaken(
                    f'There is a dataset version "{name}" with other content. Choose another name.'
                )
            frozen = _write(plan, name, author)
            auditing.record(
                actor=author,
                action="snapshot.freeze",
                subject=frozen,
                digest=plan.digest,
                seed=seed,
                validation_per_mille=validation_per_mille,
                selection=selection.policy,
                examples=len(plan.chosen.examples),
                corpus=len(plan.chosen.corpus),
                conversations=len(plan.chosen.conversations),
                general=len(plan.general),
            )
            return frozen
    raise FreezeRefused("Examples kept changing while the version was made. Try again in a moment.")


def _is_present(plan: SnapshotPlan, selection: Selection, seed: int, general_per_mille: int) -> bool:
    """Whether the same would be chosen now."""
    rows = _trained(plan.chosen, plan.splits)
    general = blending.choose(rows=rows, per_mille=general_per_mille, seed=seed)
    return (selecting.choose(selection), general) == (plan.selected, plan.general)


def refuse(report: gating.GateReport) -> None:
    """Raise for the first gate that blocks; the message names up to three offenders."""
    if not report.blocking:
        return
    gate = report.blocking[0]
    kinds = {"not-empty": EmptySnapshot, "holdout": HoldoutLeak}
    named = "; ".join(gate.offenders[:3])
    more = f" (and {len(gate.offenders) - 3} more)" if len(gate.offenders) > 3 else ""
    raise kinds.get(gate.code, FreezeRefused)(f"{gate.finding} {named}{more}".strip())


def _write(plan: SnapshotPlan, name: str, author: User) -> Snapshot:
    chosen = plan.chosen
    frozen = Snapshot.objects.create(
        name=name, digest=plan.digest, manifest=plan.manifest, report=plan.report, created_by=author
    )
    n, m = len(chosen.examples), len(chosen.examples) + len(chosen.corpus)
    _create(
        SnapshotEntry,
        (
            SnapshotEntry(
                snapshot=frozen,
                revision_id=one.revision,
                path=one.path,
                content_hash=one.content_hash,
                cluster=cluster,
                split=split,
            )
            for one, cluster, split in zip(chosen.examples, plan.clusters[:n], plan.splits[:n], strict=True)
        ),
    )
    _create(
        SnapshotCorpusFile,
        (
            SnapshotCorpusFile(snapshot=frozen, corpus_file_id=one.pk, split=split)
            for one, split in zip(chosen.corpus, plan.splits[n:m], strict=True)
        ),
    )
    _create(
        SnapshotConversation,
        (
            SnapshotConversation(snapshot=frozen, record_id=one.pk, split=split)
            for one, split in zip(chosen.conversations, plan.splits[m:], strict=True)
        ),
    )
    _create(SnapshotGeneral, (SnapshotGeneral(snapshot=frozen, example_id=one.pk) for one in plan.general))
    return frozen


def _create(model: type[Model], rows: Iterator[Model]) -> None:
    while part := list(islice(rows, WRITTEN_AT_ONCE)):
        model._default_manager.bulk_create(part)


def _readable(
    examples: Sequence[ChosenExample],
) -> tuple[dict[str, ExampleDoc], dict[str, str], dict[str, list[dict[str, Any]]]]:
    """The examples as read today, the first error of each that today's rules refuse, and what the check said.

    The check's words are as stored, unless an older check looked at the text.
    """
    docs: dict[str, ExampleDoc] = {}
    broken: dict[str, str] = {}
    findings: dict[str, list[dict[str, Any]]] = {}
    for one, revision in selecting.revisions_of(examples):
        parsed = markdown.parse(revision.text, path=one.path)
        if parsed.doc and not has_errors(parsed.problems):
            docs[one.path] = parsed.doc
            known = revision.checker == CHECK_VERSION
            findings[one.path] = revision.findings if known else authoring.findings(parsed.doc)
        else:
            error = next(p for p in parsed.problems if p.severity == "error")
            broken[one.path] = f"line {error.line}: {error.message}"
    return docs, broken, findings


def _without(each: Sequence[One], out: Mapping[int, int]) -> list[One]:
    return [one for number, one in enumerate(each) if number not in out]


def _trained(chosen: Chosen, splits: Sequence[str]) -> int:
    """How many rows of stage 2 are trained on, besides general code."""
    n, m = len(chosen.examples), len(chosen.examples) + len(chosen.corpus)
    return [*splits[:n], *splits[m:]].count("train")


def _near_to_validation(
    general: Sequence[Compared], items: Sequence[Compared], splits: Sequence[str]
) -> list[tuple[str, str, float]]:
    """General code is only trained on, so none may come close to what validates."""
    held = [item for item, split in zip(items, splits, strict=True) if split == "validation"]
    near = deduplicating.near_across(general, held) if general else []
    return [(general[pair.i].path, held[pair.j].path, pair.score) for pair in near]


def _manifest(
    chosen: Chosen,
    general: Sequence[ChosenGeneral],
    clusters: Sequence[str],
    splits: Sequence[str],
    selection: Selection,
    seed: int,
    validation_per_mille: int,
    general_per_mille: int,
) -> dict[str, Any]:
    members = [
        snapshot.Member(
            path=one.path,
            content_hash=one.content_hash,
            cluster=cluster,
            split=split,
            **({"licence": one.licence, "source": one.source} if isinstance(one, ChosenProgram) else {}),
        )
        for one, cluster, split in zip(chosen.in_order, clusters, splits, strict=True)
    ]
    n, m = len(chosen.examples), len(chosen.examples) + len(chosen.corpus)
    return snapshot.build_manifest(
        members[:n],
        members[n:m],
        members[m:],
        [
            snapshot.Member(one.path, one.content_hash, one.content_hash, "train", one.licence, one.source)
            for one in general
        ],
        template_version=chatml.TEMPLATE_VERSION,
        policy={
            **POLICY,
            "selection": selection.policy,
            "validation_per_mille": validation_per_mille,
            **({"general_per_mille": general_per_mille} if general_per_mille else {}),
        },
        seed=seed,
    )


POLICY = {
    "near_duplicate_text": deduplicating.WHOLE,
    "near_duplicate_code": deduplicating.CODE,
    "near_duplicate_code_tokens": deduplicating.CODE_TOKENS,
}


def _known_clusters(items: Sequence[Compared]) -> dict[str, str]:
    """The cluster id that each text was first frozen with; an edited text inherits that of its path.

    So neither a new near-duplicate nor an edit moves an example to the other side of the split.
    """
    by_hash: dict[str, str] = {}
    by_path: dict[str, str] = {}
    for manifest in Snapshot.objects.order_by("pk").values_list("manifest", flat=True):
        frozen = json.loads(manifest)
        kinds = ("", frozen["examples"]), ("corpus/", frozen["corpus"]), ("", frozen.get("conversations", []))
        for prefix, entries in kinds:
            for entry in entries:
                by_hash.setdefault(entry["content_hash"], entry["cluster"])
                by_path.setdefault(prefix + entry["path"], entry["cluster"])
    known = {item.content_hash: by_hash.get(item.content_hash) or by_path.get(item.path) for item in items}
    return {content_hash: cluster for content_hash, cluster in known.items() if cluster}


def _closest_across(items: Sequence[Compared], splits: Sequence[str]) -> tuple[float, bool]:
    """How alike the words of the closest two texts of the two sides are, and whether that is of a sample."""
    train, validation = (
        [item.whole for item, split in zip(items, splits, strict=True) if split == side]
        for side in ("train", "validation")
    )
    if not train or not validation:
        return 0.0, False
    step = len(train) * len(validation) // COMPARED_AT_MOST + 1
    scores = process.cdist(train[::step], validation, scorer=Indel.normalized_similarity, dtype=np.float64)
    return float(scores.max()), step > 1


def _moved(examples: Sequence[ChosenExample], splits: Sequence[str]) -> tuple[str, list[str]]:
    """Name of the newest version, and each path that stood on the other side there."""
    earlier = Snapshot.objects.order_by("-pk").first()
    if earlier is None:
        return "", []
    before = dict(earlier.entries.values_list("path", "split"))
    now = {one.path: split for one, split in zip(examples, splits, strict=False)}
    return earlier.name, [f"{p}: {before[p]} → {s}" for p, s in now.items() if before.get(p, s) != s]


def _counts(
    docs: Sequence[ExampleDoc],
    corpus: int,
    splits: Sequence[str],
    clusters: Sequence[str],
    largest: float,
    set_name: str,
) -> dict[str, Any]:
    n, m = len(docs), len(docs) + corpus
    return {
        "examples": dict(Counter(splits[:n])),
        "corpus": dict(Counter(splits[n:m])),
        "conversations": dict(Counter(splits[m:])),
        "clusters": len(set(clusters)),
        "type": dict(sorted(Counter(doc.type for doc in docs).items())),
        "topic": dict(sorted(Counter(doc.topic for doc in docs).items())),
        "generation": dict(sorted(Counter(label for doc in docs for label in doc.generations).items())),
        "largest_similarity": round(largest, 4),
        "task_set": set_name,
    }


def find(name_or_digest: str) -> Snapshot | None:
    """A dataset version by its name, or by its digest or the first 8 or more characters of it."""
    if named := Snapshot.objects.filter(name=name_or_digest).first():
        return named
    if not re.fullmatch(r"[0-9a-f]{8,64}", name_or_digest):
        return None
    matching = Snapshot.objects.filter(digest__startswith=name_or_digest)[:2]
    return matching[0] if len(matching) == 1 else None


def recomputed_digest(frozen: Snapshot) -> str:
    """SHA-256 of the stored manifest; differs from `digest` only when the database was tampered with."""
    return snapshot.digest_of(frozen.manifest)


def manifest_of(frozen: Snapshot) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(frozen.manifest)
    return manifest
