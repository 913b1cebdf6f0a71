"""The import itself: every good item of a checked job becomes a revision or a conversation, all or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models.functions import Now

from curation.domain.labelling import IMPORT
from curation.models import ChatRecord, Example, ImportItem, ImportJob
from curation.services import auditing, comparing, mending, queueing, rewriting, standing

BATCH = 500


def store(claim: queueing.Claim) -> None:
    """Write what is good now, in one transaction; each item notes what became of it.

    An example that somebody changed since the check is left alone: its item becomes "stale".

    Raises:
        queueing.CancelRequested, queueing.LostClaim: nothing was written.
    """
    job = ImportJob.objects.select_related("requested_by").get(pk=claim.job_id)
    total = job.items.good().count()
    heartbeat = queueing.Heartbeat(claim)
    heartbeat.beat(0, total)
    stored: Counter[str] = Counter()
    with transaction.atomic():
        # Not one write to the job's row before the end: whoever asks to cancel would have to wait for it.
        for batch in _batches(job):
            heartbeat.listen()
            stored += _store_examples(job, [item for item in batch if item.kind == "example"])
            stored += _store_records(job, [item for item in batch if item.kind == "record"])
        comparing.wake_when_saved()
        auditing.record(actor=job.requested_by, action="import.store", subject=job, stored=dict(stored))
        queueing.move(claim, "done", finished_at=Now(), done=total, total=total)


def _batches(job: ImportJob) -> Iterator[list[ImportItem]]:
    after = 0
    while batch := list(job.items.good().filter(position__gt=after).order_by("position")[:BATCH]):
        yield batch
        after = batch[-1].position


def _store_examples(job: ImportJob, items: Sequence[ImportItem]) -> Counter[str]:
    known = Example.objects.filter(path__in=[item.path for item in items])
    standing.lock(known.values_list("pk", flat=True))
    present = {example.path: example for example in known.select_related("head")}
    fresh: list[ImportItem] = []
    outcomes: dict[str, list[int]] = {}
    for item in items:
        example = present.get(item.path)
        now = example.content_hash if example else ""
        if now == item.content_hash:
            outcome = "unchanged"
        elif now != item.base_hash:
            outcome = "stale"
        else:
            outcome = "changed" if example else "created"
            fresh.append(item)
        outcomes.setdefault(outcome, []).append(item.pk)
    _write(job, fresh, present)
    return _note(outcomes)


def _write(job: ImportJob, items: Sequence[ImportItem], present: dict[str, Example]) -> None:
    texts = [
        rewriting.NewText(
            example=present.get(item.path) or Example(path=item.path),
            described=rewriting.Described(item.text, item.content_hash, item.meta, item.meta["findings"]),
            origin=origin_of(item) if item.source else "",
        )
        for item in items
    ]
    rewriting.write(texts, author=job.requested_by, note=job.note, labelled=IMPORT, job=job)


def _store_records(job: ImportJob, items: Sequence[ImportItem]) -> Counter[str]:
    records = [
        ChatRecord(
            system=row.system,
            prompt=row.prompt,
            answer=row.answer,
            content_hash=item.content_hash,
            why=item.why,
            origin=origin_of(item),
            author=job.requested_by,
        )
        for item, row in zip(items, mending.rows_of(items), strict=True)
    ]
    ChatRecord.objects.bulk_create(records, ignore_conflicts=True)  # the same conversation on two lines
    return _note({"created": [item.pk for item in items]})


def _note(outcomes: dict[str, list[int]]) -> Counter[str]:
    """Returns how many there are of each."""
    for outcome, items in outcomes.items():
        ImportItem.objects.filter(pk__in=items).update(outcome=outcome)
    return Counter({outcome: len(items) for outcome, items in outcomes.items()})


def place_of(origin: str) -> tuple[int, int] | None:
    """(import, line) of an origin that `origin_of` gave; None for one of another kind."""
    kind, _, place = origin.partition(":")
    job, _, position = place.partition(":")
    return (
        (int(job), int(position)) if kind == "import" and job.isdecimal() and position.isdecimal() else None
    )


def origin_of(item: ImportItem) -> str:
    """ "import:17:123": line 123 of what import 17 read."""
    return f"import:{item.job_id}:{item.position}"
