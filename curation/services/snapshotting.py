"""Freezing what is approved now into a dataset version that never changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone

from curation.domain import snapshot
from curation.models import (
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    SnapshotGeneral,
)
from curation.services import auditing, gating, planning, standing
from curation.services.planning import SEED, VALIDATION_PER_MILLE, SnapshotPlan, plan_snapshot
from curation.services.selecting import EVERYTHING, Selection

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_NAME = 80
NAME_RULE = "A name holds letters, digits, dots, hyphens and underscores, and starts with a letter or digit."
WRITTEN_AT_ONCE = 2_000  # rows


class FreezeRefused(Exception):
    """Nothing was frozen; the message says why and what to do. `code` is the same for a program."""

    code = "refused"


class EmptySnapshot(FreezeRefused):
    """No example is approved."""

    code = "empty"


class HoldoutLeak(FreezeRefused):
    """A text is close to a held-out test task."""

    code = "holdout"


class WarningsOpen(FreezeRefused):
    """A warning was not waived."""

    code = "warnings"


class PlanChanged(FreezeRefused):
    """What would be frozen is not what the person looked at."""

    code = "changed"


class NameTaken(FreezeRefused):
    """Another dataset version has this name."""

    code = "name-taken"


class Onlooker:
    """Who follows a version being frozen; this one does nothing. What a method raises freezes nothing."""

    def tell(self, stage: str, done: int, of: int) -> None:
        """How far it is: telling.Tell."""

    def planned(self, plan: SnapshotPlan) -> None:
        """What would be frozen, before anything is refused."""

    def frozen(self, version: Snapshot) -> None:
        """The version, in the transaction that writes it."""


def freeze(
    *,
    name: str,
    author: User,
    selection: Selection = EVERYTHING,
    seed: int = SEED,
    validation_per_mille: int = VALIDATION_PER_MILLE,
    general_per_mille: int = 0,
    waivers: Mapping[str, str] | None = None,
    seen: str = "",
    onlooker: Onlooker | None = None,
) -> Snapshot:
    """Freeze what is approved and selected as `name`; the same content gives the version that holds it.

    Args:
        waivers: Why, by the code of a warning, the version is frozen in spite of it (gating.ANY: whichever).
        seen: Digest of the plan that `author` looked at, if somebody did.

    Raises:
        EmptySnapshot, HoldoutLeak, NameTaken, WarningsOpen, PlanChanged, FreezeRefused: nothing was written.
    """
    check_name(name)
    onlooker = onlooker or Onlooker()
    # The list's column is an index; what is frozen goes by the reviews themselves.
    standing.refresh_all(onlooker.tell)
    for _ in range(3):
        plan = plan_snapshot(
            selection=selection,
            seed=seed,
            validation_per_mille=validation_per_mille,
            general_per_mille=general_per_mille,
            tell=onlooker.tell,
        )
        onlooker.planned(plan)
        refuse(plan.gates)
        if frozen := Snapshot.objects.filter(digest=plan.digest).first():
            return frozen
        if seen and seen != plan.digest:
            raise PlanChanged(
                "What would be frozen has changed since you looked. Look at it again, then freeze."
            )
        gates = waived(plan.gates, waivers or {}, author)
        onlooker.tell("writing the version", 0, 0)
        try:
            with transaction.atomic():
                if not planning.is_present(
                    plan, selection=selection, seed=seed, general_per_mille=general_per_mille
                ):
                    continue  # somebody approved, edited, chose or imported meanwhile: look again
                if there := _already(plan.digest, name):
                    return there
                frozen = _write(replace(plan, gates=gates), name, author)
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
                    waived={gate.code: gate.waiver.reason for gate in gates.gates if gate.waiver},
                )
                onlooker.frozen(frozen)
                return frozen
        except IntegrityError:
            if there := _already(plan.digest, name):  # somebody else froze it in the same moment
                return there
            raise
    raise FreezeRefused("Examples kept changing while the version was made. Try again in a moment.")


def _already(digest: str, name: str) -> Snapshot | None:
    """The version that holds this content.

    Raises:
        NameTaken: there is none, and the name belongs to another one.
    """
    if there := Snapshot.objects.filter(digest=digest).first():
        return there
    if Snapshot.objects.filter(name=name).exists():
        raise taken(name)
    return None


def check_name(name: str) -> None:
    """
    Raises:
        FreezeRefused: no version can have this name.
    """
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise FreezeRefused(
            f'The name "{name[:MAX_NAME]}" cannot be used. {NAME_RULE} At most {MAX_NAME} characters.'
        )


def taken(name: str) -> NameTaken:
    return NameTaken(f'There is a dataset version "{name}" with other content. Choose another name.')


def refuse(report: gating.GateReport) -> None:
    """Raise for the first gate that blocks; the message names up to three offenders."""
    if not report.blocking:
        return
    gate = report.blocking[0]
    kinds = {"not-empty": EmptySnapshot, "holdout": HoldoutLeak}
    named = "; ".join(gate.offenders[:3])
    more = f" (and {len(gate.offenders) - 3} more)" if len(gate.offenders) > 3 else ""
    raise kinds.get(gate.code, FreezeRefused)(f"{gate.finding} {named}{more}".strip())


def waived(report: gating.GateReport, waivers: Mapping[str, str], author: User) -> gating.GateReport:
    """The gates with what `author` waives.

    Raises:
        FreezeRefused, WarningsOpen: a reason is none, or a warning has none.
    """
    try:
        report = report.waived(waivers, by=author.get_username(), at=timezone.now())
    except gating.WaiverRefused as error:
        raise FreezeRefused(str(error)) from error
    if warnings := report.open_warnings:
        told = " ".join(f"{gate.title} ({gate.code}): {gate.finding}" for gate in warnings)
        raise WarningsOpen(
            f"Nobody has said why the version may be frozen in spite of {len(warnings)} warnings. Mend what "
            f"they name, or waive each with a reason. {told}"
        )
    return report


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
