"""Counting what a training run would learn of a whole dataset version; at once, or by a worker.

The database is the truth, a message is a wake-up (docs/decisions/0006). An audit is claimed by one UPDATE
that raises its fence; who lost the claim writes nothing more. What was counted once for a version, a
tokenizer, a template and a length is never counted again: none of them changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from curation.adapters.tokenizer import TrainingTokenizer, UnreadableTokenizer
from curation.domain import chatml
from curation.domain.mask_audit import Tally
from curation.models import MaskAudit, Snapshot
from curation.services import auditing, masking, waking
from curation.services.exports import frozen_texts
from curation.services.exports.frozen_texts import SPLITS, ExportRefused, Row

TASK = "curation.tasks.audit_masks"
AT_ONCE = 300  # rows that are counted while somebody waits: some tenths of a second
BATCH = 200  # rows between two signs of life
LEASE_S = 60
MOST_ATTEMPTS = 3


class NotInspected(Exception):
    """Nothing is counted; the message says why, and what to do."""


class _Lost(Exception):
    """Somebody stopped this audit, or another process has it."""


def audits_of(snapshot: Snapshot) -> list[MaskAudit]:
    """The audits of a version, the newest first."""
    return list(snapshot.mask_audits.defer("result").select_related("requested_by")[:20])


def finished(snapshot: Snapshot, *, tokenizer_digest: str, limit: int) -> MaskAudit | None:
    """What was counted for exactly this, if it was."""
    return MaskAudit.objects.filter(
        snapshot=snapshot,
        tokenizer_digest=tokenizer_digest,
        template_version=chatml.TEMPLATE_VERSION,
        limit=limit,
        state="done",
    ).first()


def totals(audit: MaskAudit) -> dict[str, int]:
    """The counts of both sides together: rows, cut, silent, endless, kept, trained."""
    keys = ("rows", "cut", "silent", "endless", "kept", "trained")
    return {key: sum(side[key] for side in audit.result.values()) for key in keys}


def request(*, snapshot: Snapshot, tokenizer: TrainingTokenizer, limit: int, by: User) -> MaskAudit:
    """Have a version counted. A small one is done when this returns; what was counted before is given back.

    Raises:
        NotInspected: the length is none, or the tokenizer cannot be read.
    """
    if not masking.LEAST <= limit <= masking.MOST:
        raise NotInspected(f"A length of {limit} tokens is none. Write {masking.LEAST} to {masking.MOST}.")
    try:
        digest = tokenizer.digest
    except UnreadableTokenizer as error:
        raise NotInspected(f"{error}. Put the base model's file there again.") from error
    total = snapshot.entries.count() + snapshot.conversations.count() + snapshot.general.count()
    with transaction.atomic():
        audit, made = MaskAudit.objects.get_or_create(
            snapshot=snapshot,
            tokenizer_digest=digest,
            template_version=chatml.TEMPLATE_VERSION,
            limit=limit,
            defaults={"tokenizer": tokenizer.name, "requested_by": by, "total": total},
        )
        again = not made and MaskAudit.objects.filter(pk=audit.pk, state__in=["failed", "cancelled"]).update(
            state="queued", attempt=0, done=0, failure_message="", finished_at=None
        )
        if made or again:
            auditing.record(
                actor=by,
                action="snapshot.audit_mask",
                subject=snapshot,
                tokenizer=tokenizer.name,
                limit=limit,
            )
    if made or again:
        if total > AT_ONCE:
            waking.wake(TASK)
        else:
            carry_out(audit.pk)
    audit.refresh_from_db()
    return audit


def cancel(audit: MaskAudit, *, by: User) -> bool:
    """Stop it; whoever counts notices at its next sign of life. False: there was nothing to stop."""
    with transaction.atomic():
        stopped = MaskAudit.objects.filter(pk=audit.pk, state__in=["queued", "running"]).update(
            state="cancelled", lease_until=None, finished_at=Now()
        )
        if stopped:
            auditing.record(
                actor=by, action="snapshot.cancel_mask", subject=audit.snapshot, limit=audit.limit
            )
    return bool(stopped)


def carry_out_waiting() -> int:
    """Count every audit that nobody counts. Returns how many; safe to call as often as you like."""
    done = 0
    for pk in list(MaskAudit.objects.filter(_free()).order_by("pk").values_list("pk", flat=True)):
        done += carry_out(pk)
    return done


def carry_out(audit_id: int) -> bool:
    """Count one audit, unless somebody else does. Returns whether this call did."""
    claimed = MaskAudit.objects.filter(_free(), pk=audit_id).update(
        state="running", fence=F("fence") + 1, attempt=F("attempt") + 1, lease_until=_lease(), done=0
    )
    if not claimed:
        return False
    audit = MaskAudit.objects.select_related("snapshot").get(pk=audit_id)
    if audit.attempt > MOST_ATTEMPTS:
        message = f"Its worker was lost {MOST_ATTEMPTS} times. Look at the machine's memory, then ask again."
        _end(audit, state="failed", failure_message=message)
        return False
    try:
        result = _count(audit)
    except _Lost:
        return False
    except (ExportRefused, masking.NotMasked, UnreadableTokenizer) as error:
        _end(audit, state="failed", failure_message=str(error))
        return False
    return _end(audit, state="done", done=audit.total, result=result)


def _count(audit: MaskAudit) -> dict[str, Any]:
    tokenizer = next((t for t in masking.shelf() if t.digest == audit.tokenizer_digest), None)
    if tokenizer is None:
        raise masking.NotMasked(
            f"The tokenizer of {audit.tokenizer} is not on this machine's shelf any more. Put it there and "
            "ask again."
        )
    tallies = {split: Tally() for split in SPLITS}
    done = 0
    for split, rows in _batches(audit.snapshot):
        rendered = [{"prompt": row.prompt, "completion": row.completion} for row in rows]
        masks = masking.masks(rendered, tokenizer=tokenizer, limit=audit.limit)
        for row, mask in zip(rows, masks, strict=True):
            tallies[split].add(row.path, mask)
        done += len(rows)
        if not _mine(audit).update(done=done, lease_until=_lease()):
            raise _Lost
    return {split: tally.summary() for split, tally in tallies.items()}


def _batches(snapshot: Snapshot) -> Iterator[tuple[str, list[Row]]]:
    for split in SPLITS:
        rows = frozen_texts.rows(snapshot, split)
        while batch := list(islice(rows, BATCH)):
            yield split, batch


def _free() -> Q:
    """Those that nobody counts: waiting, or with a worker that gave no sign of life."""
    return Q(state="queued") | Q(state="running", lease_until__lt=Now())


def _mine(audit: MaskAudit) -> QuerySet[MaskAudit]:
    return MaskAudit.objects.filter(pk=audit.pk, fence=audit.fence, state="running")


def _end(audit: MaskAudit, **values: Any) -> bool:
    return bool(_mine(audit).update(lease_until=None, finished_at=Now(), **values))


def _lease() -> Any:
    return Now() + timedelta(seconds=LEASE_S)
