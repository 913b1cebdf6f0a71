"""Counting what a training run would learn of a whole dataset version; at once, or by a worker.

The database is the truth, a message is a wake-up (docs/decisions/0006). An audit is claimed by one UPDATE
that raises its fence; who lost the claim writes nothing more. What was counted once for a version, a
tokenizer, a template and a length is never counted again: none of them changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from curation.adapters.tokenizer import TrainingTokenizer, UnreadableTokenizer
from curation.domain import chatml
from curation.domain.mask_audit import Tally
from curation.models import MaskAudit, Snapshot
from curation.services import auditing, claiming, masking, waking
from curation.services.exports import frozen_texts
from curation.services.exports.frozen_texts import SPLITS, ExportRefused, Row

TASK = "curation.tasks.audit_masks"
AT_ONCE = 300  # rows that are counted while somebody waits: some tenths of a second
BATCH = 200  # rows between two signs of life
LEASE_S = 60
MOST_ATTEMPTS = 3


class NotInspected(Exception):
    """Nothing is counted; the message says why, and what to do."""


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
        stopped = claiming.stop(audit)
        if stopped:
            auditing.record(
                actor=by, action="snapshot.cancel_mask", subject=audit.snapshot, limit=audit.limit
            )
    return stopped


def carry_out_waiting() -> int:
    """Count every audit that nobody counts. Returns how many; safe to call as often as you like."""
    return sum(carry_out(pk) for pk in claiming.waiting(MaskAudit))


def carry_out(audit_id: int) -> bool:
    """Count one audit, unless somebody else does. Returns whether this call did."""
    audit = claiming.claim(MaskAudit, audit_id, lease_s=LEASE_S, done=0)
    if audit is None:
        return False
    if audit.attempt > MOST_ATTEMPTS:
        message = f"Its worker was lost {MOST_ATTEMPTS} times. Look at the machine's memory, then ask again."
        claiming.end(audit, state="failed", failure_message=message)
        return False
    try:
        result = _count(audit)
    except claiming.LostClaim:
        return False
    except (ExportRefused, masking.NotMasked, UnreadableTokenizer) as error:
        claiming.end(audit, state="failed", failure_message=str(error))
        return False
    return claiming.end(audit, state="done", done=audit.total, result=result)


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
        claiming.renew(audit, lease_s=LEASE_S, done=done)
    return {split: tally.summary() for split, tally in tallies.items()}


def _batches(snapshot: Snapshot) -> Iterator[tuple[str, list[Row]]]:
    for split in SPLITS:
        rows = frozen_texts.rows(snapshot, split)
        while batch := list(islice(rows, BATCH)):
            yield split, batch
