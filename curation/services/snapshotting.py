"""Freezing everything that is approved now into a dataset version that never changes."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    ChatRecord,
    CorpusFile,
    Example,
    Revision,
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    TaskSet,
)
from curation.services import auditing, authoring, choosing, deduplicating, gating, importing, standing
from curation.services.deduplicating import Compared

SEED = 7  # of the first small numbers, one whose split of the shipped examples is near 90/10
VALIDATION_PER_MILLE = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_NAME = 80
NAME_RULE = "A name holds letters, digits, dots, hyphens and underscores, and starts with a letter or digit."
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

    revisions: tuple[Revision, ...]
    corpus: tuple[CorpusFile, ...]
    conversations: tuple[ChatRecord, ...]
    clusters: tuple[str, ...]  # of the revisions, then of the corpus, then of the conversations
    splits: tuple[str, ...]
    manifest: str
    digest: str
    gates: gating.GateReport
    counts: dict[str, Any]

    @property
    def report(self) -> dict[str, Any]:
        return {"gates": self.gates.as_list(), "counts": self.counts}


def plan_snapshot(*, seed: int = SEED, validation_per_mille: int = VALIDATION_PER_MILLE) -> SnapshotPlan:
    """Select, cluster, split and examine everything that is approved now."""
    revisions, corpus = approved_revisions(), importing.newest_corpus()
    conversations = choosing.chosen_conversations()
    docs, broken = _readable(revisions)
    items = [
        *(deduplicating.compared_example(d, markdown.content_hash(d.text)) for d in docs.values()),
        *(deduplicating.compared_program(f"corpus/{f.path}", f.text, f.content_hash) for f in corpus),
        *(
            deduplicating.compared_conversation(r.path, r.content_hash, prompt=r.prompt, answer=r.answer)
            for r in conversations
        ),
    ]
    pairs = deduplicating.near_edges(items)  # a cluster on both sides has an edge across
    clusters = deduplicating.cluster_ids(items, pairs, _known_clusters(items))
    splits = [split_of(c, seed=seed, validation_per_mille=validation_per_mille) for c in clusters]
    kept = [revision for revision in revisions if revision.example.path in docs]
    manifest = _manifest(kept, corpus, conversations, clusters, splits, seed, validation_per_mille)
    others = {f"corpus/{f.path}": f.text for f in corpus}
    others |= {record.path: f"{record.system}\n{record.prompt}\n{record.answer}" for record in conversations}
    waiting = Example.objects.with_status_in("needs_review").count()
    leaks = [(items[p.i].path, items[p.j].path, p.score) for p in pairs if splits[p.i] != splits[p.j]]
    largest, sampled = _closest_across(items, splits)
    earlier, moved = _moved(kept, splits)
    tasks, set_name = _tasks()
    train, validation = (splits[: len(kept)].count(side) for side in ("train", "validation"))
    gates = gating.GateReport(
        (
            gating.not_empty(len(revisions), waiting),
            gating.readable(broken),
            gating.trainable(list(docs.values())),
            gating.no_control_tokens(list(docs.values()), others),
            gating.code_check({r.example.path: _findings(r, docs[r.example.path]) for r in kept}),
            gating.generation_labels(list(docs.values())),
            gating.holdout_firewall(items, tasks, set_name),
            gating.no_leak(leaks, largest, sampled),
            gating.near_duplicates(items, clusters),
            gating.both_sides(train, validation),
            gating.stable_split(moved, earlier),
        )
    )
    counts = _counts(list(docs.values()), len(corpus), splits, clusters, largest, set_name)
    return SnapshotPlan(
        tuple(kept),
        tuple(corpus),
        tuple(conversations),
        tuple(clusters),
        tuple(splits),
        snapshot.canonical(manifest),
        snapshot.digest(manifest),
        gates,
        counts,
    )


def freeze(
    *, name: str, author: User, seed: int = SEED, validation_per_mille: int = VALIDATION_PER_MILLE
) -> Snapshot:
    """Freeze everything approved as `name`. The same content gives the version that holds it already.

    Raises:
        EmptySnapshot, HoldoutLeak, NameTaken, FreezeRefused: nothing was written.
    """
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise FreezeRefused(
            f'The name "{name[:MAX_NAME]}" cannot be used. {NAME_RULE} At most {MAX_NAME} characters.'
        )
    standing.refresh_all()  # the list's column is an index; what is frozen goes by the reviews themselves
    for _ in range(3):
        plan = plan_snapshot(seed=seed, validation_per_mille=validation_per_mille)
        refuse(plan.gates)
        with transaction.atomic():
            if frozen := Snapshot.objects.filter(digest=plan.digest).first():
                return frozen
            if _selection() != _keys(plan.revisions, plan.corpus, plan.conversations):
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
                examples=len(plan.revisions),
                corpus=len(plan.corpus),
                conversations=len(plan.conversations),
            )
            return frozen
    raise FreezeRefused("Examples kept changing while the version was made. Try again in a moment.")


def refuse(report: gating.GateReport) -> None:
    """Raise for the first gate that blocks; the message names up to three offenders."""
    if not report.blocking:
        return
    gate = report.blocking[0]
    kinds = {"not-empty": EmptySnapshot, "holdout": HoldoutLeak}
    named = "; ".join(gate.offenders[:3])
    more = f" (and {len(gate.offenders) - 3} more)" if len(gate.offenders) > 3 else ""
    raise kinds.get(gate.code, FreezeRefused)(f"{gate.finding} {named}{more}".strip())


def approved_revisions() -> list[Revision]:
    """The present text of every approved example, in path order."""
    approved = Example.objects.approved().select_related("head__example").order_by("path")
    revisions = [example.head for example in approved if example.head]
    return sorted(revisions, key=lambda revision: revision.example.path)


def _selection() -> list[list[int]]:
    return _keys(approved_revisions(), importing.newest_corpus(), choosing.chosen_conversations())


def _keys(*kinds: Sequence[Model]) -> list[list[int]]:
    return [[text.pk for text in texts] for texts in kinds]


def _write(plan: SnapshotPlan, name: str, author: User) -> Snapshot:
    frozen = Snapshot.objects.create(
        name=name, digest=plan.digest, manifest=plan.manifest, report=plan.report, created_by=author
    )
    n, m = len(plan.revisions), len(plan.revisions) + len(plan.corpus)
    SnapshotEntry.objects.bulk_create(
        SnapshotEntry(
            snapshot=frozen,
            revision=revision,
            path=revision.example.path,
            content_hash=revision.content_hash,
            cluster=cluster,
            split=split,
        )
        for revision, cluster, split in zip(plan.revisions, plan.clusters[:n], plan.splits[:n], strict=True)
    )
    SnapshotCorpusFile.objects.bulk_create(
        SnapshotCorpusFile(snapshot=frozen, corpus_file=file, split=split)
        for file, split in zip(plan.corpus, plan.splits[n:m], strict=True)
    )
    SnapshotConversation.objects.bulk_create(
        SnapshotConversation(snapshot=frozen, record=record, split=split)
        for record, split in zip(plan.conversations, plan.splits[m:], strict=True)
    )
    return frozen


def _readable(revisions: Sequence[Revision]) -> tuple[dict[str, ExampleDoc], dict[str, str]]:
    """The approved examples as read today, and the first error of each that today's rules refuse."""
    docs: dict[str, ExampleDoc] = {}
    broken: dict[str, str] = {}
    for revision in revisions:
        path = revision.example.path
        parsed = markdown.parse(revision.text, path=path)
        if parsed.doc and not has_errors(parsed.problems):
            docs[path] = parsed.doc
        else:
            error = next(p for p in parsed.problems if p.severity == "error")
            broken[path] = f"line {error.line}: {error.message}"
    return docs, broken


def _findings(revision: Revision, doc: ExampleDoc) -> list[dict[str, Any]]:
    """What today's offline check says: as stored, unless an older check looked at the text."""
    stored: list[dict[str, Any]] = revision.findings
    return stored if revision.checker == CHECK_VERSION else authoring.findings(doc)


def _manifest(
    revisions: Sequence[Revision],
    corpus: Sequence[CorpusFile],
    conversations: Sequence[ChatRecord],
    clusters: Sequence[str],
    splits: Sequence[str],
    seed: int,
    validation_per_mille: int,
) -> dict[str, Any]:
    rows = [(r.example.path, r.content_hash) for r in revisions]
    rows += [(file.path, file.content_hash) for file in corpus]
    rows += [(record.path, record.content_hash) for record in conversations]
    members = [
        snapshot.Member(path=path, content_hash=content_hash, cluster=cluster, split=split)
        for (path, content_hash), cluster, split in zip(rows, clusters, splits, strict=True)
    ]
    n, m = len(revisions), len(revisions) + len(corpus)
    return snapshot.build_manifest(
        members[:n],
        members[n:m],
        members[m:],
        template_version=chatml.TEMPLATE_VERSION,
        policy={**POLICY, "validation_per_mille": validation_per_mille},
        seed=seed,
    )


POLICY = {
    "selection": "approved",
    "near_duplicate_text": deduplicating.WHOLE,
    "near_duplicate_code": deduplicating.CODE,
    "near_duplicate_code_tokens": deduplicating.CODE_TOKENS,
}


def _tasks() -> tuple[list[Compared], str]:
    task_set = TaskSet.objects.order_by("-pk").first()
    if task_set is None:
        return [], ""
    docs = [(t, markdown.parse(t.text, path=t.path).doc) for t in task_set.tasks.all()]
    return [deduplicating.compared_example(doc, t.content_hash) for t, doc in docs if doc], task_set.name


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


def _moved(revisions: Sequence[Revision], splits: Sequence[str]) -> tuple[str, list[str]]:
    """Name of the newest version, and each path that stood on the other side there."""
    earlier = Snapshot.objects.order_by("-pk").first()
    if earlier is None:
        return "", []
    before = dict(earlier.entries.values_list("path", "split"))
    now = {r.example.path: split for r, split in zip(revisions, splits, strict=False)}
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
    return hashlib.sha256(frozen.manifest.encode()).hexdigest()


def manifest_of(frozen: Snapshot) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(frozen.manifest)
    return manifest
