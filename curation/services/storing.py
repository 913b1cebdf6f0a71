"""The import itself: every good item of a checked job becomes a revision or a conversation, all or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from curation.domain.bbj import CHECK_VERSION
from curation.domain.labelling import IMPORT
from curation.models import ChatRecord, Example, ImportItem, ImportJob, Revision
from curation.services import auditing, comparing, describing, marking, mending, queueing, standing

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
    """The bulk twin of authoring.store; a test compares the rows of both."""
    parents = {path: example.head for path, example in present.items()}
    new = {item.path: Example(path=item.path) for item in items if item.path not in present}
    examples = {**present, **new}
    for item in items:
        describing.describe(
            examples[item.path], item.meta, content_hash=item.content_hash, author=job.requested_by
        )
        examples[item.path].updated_at = timezone.now()
        examples[item.path].import_job = job
    Example.objects.bulk_create(new.values())
    revisions = []
    for item in items:
        parent = parents.get(item.path)
        revisions.append(
            Revision(
                example=examples[item.path],
                number=parent.number + 1 if parent else 1,
                parent=parent,
                text=item.text,
                content_hash=item.content_hash,
                author=job.requested_by,
                note=job.note,
                origin=origin_of(item) if item.source else "",
                checker=CHECK_VERSION,
                findings=item.meta["findings"],
            )
        )
    Revision.objects.bulk_create(revisions)
    labels = [(examples[item.path], item.meta.get("labels", {})) for item in items]
    marking.mark_new_texts(labels, by=job.requested_by, source=IMPORT)
    changed = [examples[item.path] for item in items if item.path in present]
    columns = [*describing.COLUMNS, "updated_at", "import_job", "label_source"]
    Example.objects.bulk_update(changed, columns, batch_size=100)
    Example.objects.bulk_update(new.values(), ["label_source"], batch_size=100)
    newest = Revision.objects.filter(example=OuterRef("pk")).order_by("-number").values("pk")[:1]
    written = [examples[item.path].pk for item in items]
    Example.objects.filter(pk__in=written).update(head=Subquery(newest))
    describing.index([(examples[item.path], item.text, item.meta.get("tags", ())) for item in items])
    standing.refresh(example.pk for example in changed)  # a new text has no verdicts


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
