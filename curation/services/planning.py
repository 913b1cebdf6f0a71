"""What freezing now would give: which texts, on which side, and what speaks against it. Writes nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from curation.domain import chatml, snapshot
from curation.domain.labels import GENERATIONS, TYPES
from curation.domain.split import split_of
from curation.domain.strata import Stratum, strata, thin
from curation.models import Example, Snapshot
from curation.services import (
    blending,
    clustering,
    deduplicating,
    examining,
    gating,
    leaks,
    selecting,
    telling,
    thinning,
)
from curation.services.blending import ChosenGeneral
from curation.services.selecting import EVERYTHING, Chosen, ChosenProgram, Selection
from curation.services.telling import Tell

SEED = 7  # of the first small numbers, one whose split of the shipped examples is near 90/10
VALIDATION_PER_MILLE = 100
POLICY = {
    "near_duplicate_text": deduplicating.WHOLE,
    "near_duplicate_code": deduplicating.CODE,
    "near_duplicate_code_tokens": deduplicating.CODE_TOKENS,
}


@dataclass(frozen=True)
class SnapshotPlan:
    """What freezing now would give. `clusters` and `splits` are of `chosen.in_order`."""

    selected: Chosen  # what is there to take
    chosen: Chosen  # without examples that today's rules refuse, and programs near to one that is taken
    general: tuple[ChosenGeneral, ...]
    clusters: tuple[str, ...]
    splits: tuple[str, ...]
    manifest: str
    digest: str
    gates: gating.GateReport
    counts: dict[str, Any]
    leaks: leaks.LeakReport
    strata: tuple[Stratum, ...]

    @property
    def report(self) -> dict[str, Any]:
        """What the version keeps beside its content; not part of the digest."""
        return {
            "gates": self.gates.as_list(),
            "counts": self.counts,
            "leaks": self.leaks.as_dict(),
            "strata": [vars(one) for one in self.strata],
        }


def plan_snapshot(
    *,
    selection: Selection = EVERYTHING,
    seed: int = SEED,
    validation_per_mille: int = VALIDATION_PER_MILLE,
    general_per_mille: int = 0,
    tell: Tell = telling.nobody,
) -> SnapshotPlan:
    """Select, examine, cluster and split what is approved now.

    Args:
        general_per_mille: The share of general code in all rows of stage 2 that are trained on.
        tell: Told at each stage how far it is; what it raises ends the planning.
    """
    tell("choosing the texts", 0, 0)
    selected = selecting.choose(selection)
    prepared = clustering.stored(one.content_hash for one in selected.examples)
    found = examining.examine(selected, known=prepared, tell=tell)
    readable = found.chosen  # numbers below are places in its order, also of what is left out later
    alike = clustering.likeness_of(readable, prepared, found.fresh, tell=tell)
    near = clustering.edges(alike)
    groups = clustering.groups(alike, near)
    earlier = _earlier_clusters(readable, tell)
    clusters = clustering.names(readable, groups, earlier)
    sides = [split_of(c, seed=seed, validation_per_mille=validation_per_mille) for c in clusters]

    # After the clusters: a program that is left out still holds its cluster to its side.
    out = _left_out(readable, found, clusters)
    alike.leave_out(out)
    near = [one for one in near if one.i not in out and one.j not in out]
    n = len(readable.examples)
    chosen = replace(readable, corpus=tuple(p for k, p in enumerate(readable.corpus, n) if k not in out))
    kept, splits = (tuple(v for k, v in enumerate(some) if k not in out) for some in (clusters, sides))

    general = blending.choose(rows=_trained(chosen, splits), per_mille=general_per_mille, seed=seed)
    beside = examining.examine_general(found, general)
    grown = clustering.grown_together(readable, groups, earlier)
    close = leaks.report(readable, alike, near, sides, beside, grown, tell=tell)
    spread = strata((one.label, one.type, side) for one, side in zip(chosen.examples, splits, strict=False))
    paths = leaks.paths_of(readable)
    gates = (
        gating.not_empty(
            len(selected.examples),
            Example.objects.with_status_in("needs_review").count(),
            narrowed=bool(selection.narrowed),
        ),
        gating.readable(found.broken),
        gating.trainable(found.untrainable),
        gating.no_control_tokens(found.control_tokens),
        gating.no_secrets(found.secrets),
        gating.two_people(examining.approved_by_nobody_else(chosen.examples, tell=tell)),
        gating.holdout_firewall(close),
        gating.no_leak(close),
        gating.code_check(found.findings, found.unsound, n),
        gating.generation_labels(found.contradicted, found.labels, n),
        gating.undecided_duplicates(
            [f"{paths[i]} and {paths[j]}" for i, j in clustering.undecided(readable, alike)]
        ),
        gating.one_of_alike([(paths[gone], paths[taken]) for gone, taken in sorted(out.items())]),
        gating.repeated_phrases(_phrases(found, groups)),
        gating.coverage(thin(spread, **_asked(selection))),
        gating.both_sides(*(splits[:n].count(side) for side in leaks.SIDES)),
        gating.stable_split(*_moved(chosen, splits), grown=len(grown)),
        *gating.general_share(len(general), _trained(chosen, splits), general_per_mille),
    )
    tell("writing down what would be in it", 0, 0)
    policy = {
        **POLICY,
        "selection": selection.policy,
        "validation_per_mille": validation_per_mille,
        **({"general_per_mille": general_per_mille} if general_per_mille else {}),
    }
    manifest = snapshot.canonical(_manifest(chosen, general, kept, splits, policy=policy, seed=seed))
    return SnapshotPlan(
        selected,
        chosen,
        general,
        kept,
        splits,
        manifest,
        snapshot.digest_of(manifest),
        gating.GateReport(gates),
        _counts(chosen, general, splits, kept, close),
        close,
        tuple(spread),
    )


def is_present(plan: SnapshotPlan, *, selection: Selection, seed: int, general_per_mille: int) -> bool:
    """Whether the same would be chosen now."""
    rows = _trained(plan.chosen, plan.splits)
    general = blending.choose(rows=rows, per_mille=general_per_mille, seed=seed)
    return (selecting.choose(selection), general) == (plan.selected, plan.general)


def _left_out(readable: Chosen, found: examining.Examined, clusters: Sequence[str]) -> dict[int, int]:
    """Programs that are near to one that is taken, and that one; by their places."""
    programs = dict(enumerate(readable.corpus, len(readable.examples)))
    items = {place: found.fresh[one.content_hash] for place, one in programs.items()}
    return thinning.left_out(items, clusters, {place: one.since for place, one in programs.items()})


def _trained(chosen: Chosen, splits: Sequence[str]) -> int:
    """How many rows of stage 2 are trained on, besides general code."""
    n, m = len(chosen.examples), len(chosen.examples) + len(chosen.corpus)
    return [*splits[:n], *splits[m:]].count("train")


def _manifest(
    chosen: Chosen,
    general: Sequence[ChosenGeneral],
    clusters: Sequence[str],
    splits: Sequence[str],
    *,
    policy: dict[str, Any],
    seed: int,
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
        policy=policy,
        seed=seed,
    )


def _earlier_clusters(chosen: Chosen, tell: Tell) -> dict[str, str]:
    """The cluster id that each text was first frozen with; an edited text inherits that of its path.

    So neither a new near-duplicate nor an edit moves an example to the other side of the split.
    """
    paths = dict(zip(leaks.paths_of(chosen), (one.content_hash for one in chosen.in_order), strict=True))
    hashes = set(paths.values())
    by_hash: dict[str, str] = {}
    by_path: dict[str, str] = {}
    versions = list(Snapshot.objects.order_by("pk").values_list("pk", flat=True))
    for number, pk in enumerate(versions):  # each is read to its end: `tell` may write (telling.Tell)
        tell("reading earlier versions", number, len(versions))
        frozen = json.loads(Snapshot.objects.values_list("manifest", flat=True).get(pk=pk))
        kinds = ("", frozen["examples"]), ("corpus/", frozen["corpus"]), ("", frozen.get("conversations", []))
        for prefix, entries in kinds:
            for entry in entries:
                if entry["content_hash"] in hashes:
                    by_hash.setdefault(entry["content_hash"], entry["cluster"])
                if (path := prefix + entry["path"]) in paths:
                    by_path.setdefault(path, entry["cluster"])
    found = {
        content_hash: by_hash.get(content_hash) or by_path.get(path) for path, content_hash in paths.items()
    }
    return {content_hash: cluster for content_hash, cluster in found.items() if cluster}


def _moved(chosen: Chosen, splits: Sequence[str]) -> tuple[list[str], str]:
    """Each path that stood on the other side in the newest version, and that version's name."""
    earlier = Snapshot.objects.only("name").order_by("-pk").first()
    if earlier is None:
        return [], ""
    before = dict(earlier.entries.values_list("path", "split"))
    now = {one.path: split for one, split in zip(chosen.examples, splits, strict=False)}
    return [f"{p}: {before[p]} → {s}" for p, s in now.items() if before.get(p, s) != s], earlier.name


def _phrases(found: examining.Examined, numbers: Sequence[int]) -> list[str]:
    examples = found.chosen.examples
    repeated = found.phrases.repeated(numbers[: len(examples)])
    told = examining.told(repeated[: gating.MAX_OFFENDERS], examples)
    return [*told, *("" for _ in repeated[gating.MAX_OFFENDERS :])]


def _asked(selection: Selection) -> dict[str, Sequence[str]]:
    """What kinds of example a selection asks for: the others are missing on purpose."""
    generations = (selection.generation,) if selection.generation else GENERATIONS
    return {"generations": generations, "types": (selection.type,) if selection.type else TYPES}


def _counts(
    chosen: Chosen,
    general: Sequence[ChosenGeneral],
    splits: Sequence[str],
    clusters: Iterable[str],
    close: leaks.LeakReport,
) -> dict[str, Any]:
    n, m = len(chosen.examples), len(chosen.examples) + len(chosen.corpus)
    labels = Counter(word for one in chosen.examples for word in one.label.split())
    return {
        "examples": dict(Counter(splits[:n])),
        "corpus": dict(Counter(splits[n:m])),
        "conversations": dict(Counter(splits[m:])),
        **({"general": {"train": len(general)}} if general else {}),
        "clusters": len(set(clusters)),
        "type": dict(sorted(Counter(one.type for one in chosen.examples).items())),
        "topic": dict(sorted(Counter(one.topic for one in chosen.examples).items())),
        "generation": dict(sorted(labels.items())),
        "largest_similarity": round(close.largest, 4),
        "task_set": close.task_set,
    }
