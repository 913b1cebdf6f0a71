"""Reading the audit log: finding entries, telling each in words, and writing them out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat
from django.urls import reverse

from curation.models import AuditEntry
from curation.services import reviewing

CHUNK = 500  # entries, read and sent at once
OUT_OF_ORDER = 1000  # entries that transactions side by side may write between two of another order in time
LONGEST_FACT = 300  # characters on the page; an export has the whole
MOST_LISTED = 20  # values of a list on the page
COLUMNS = (
    "id",
    "at",
    "actor",
    "through",
    "action",
    "subject_kind",
    "subject_id",
    "subject",
    "undoes",
    "detail",
)

# What the studio does -> in words, between who did it and the name of what it was done to.
WORDS = {
    "example.create": "wrote",
    "example.revise": "changed",
    "example.mend": "mended, and found right,",
    "example.merge": "put together two texts of",
    "example.restore": "brought back an earlier text of",
    "example.relabel": "relabelled",
    "example.reviews_needed": "set how many reviewers are needed for",
    "example.undo": "took back a change of",
    "label.choose": "labelled",
    "label.confirm": "confirmed the label of",
    "label.accept": "accepted the suggested label of",
    "label.undo": "took back a label of",
    "review.approve": "approved",
    "review.request_changes": "asked for changes of",
    "review.reject": "rejected",
    "review.undo": "took back a verdict on",
    "assignment.add": "assigned reviewers to",
    "assignment.remove": "took back an assignment of",
    "assignment.undo": "took back a change of the assignments of",
    "bulk.difficulty": "set the difficulty of",
    "bulk.add_tag": "added a tag to",
    "bulk.remove_tag": "removed a tag from",
    "bulk.generation": "set the generations of",
    "bulk.request_changes": "asked for changes of",
    "bulk.reject": "rejected",
    "bulk.assign": "assigned a reviewer to",
    "bulk.unassign": "took back the assignments of",
    "bulk.needed": "set how many reviewers are needed for",
    "bulk.undo": "took back a change of many examples",
    "comment.add": "commented on",
    "view.save": "saved the view",
    "view.change": "changed the view",
    "view.delete": "deleted the view",
    "secret.waive": "said that what looks like a secret is none in",
    "duplicate.keep": "set near-duplicates aside for",
    "duplicate.distinct": "said that another example is no duplicate of",
    "duplicate.undo": "took back a decision about near-duplicates of",
    "conversation.take": "took into dataset versions",
    "conversation.leave_out": "left out of dataset versions",
    "draft.from_failure": "opened from a failed answer",
    "import.open": "brought in",
    "import.store": "stored what is good of",
    "import.seed": "stored the shipped examples",
    "import.reconcile": "decided about files changed on both sides of",
    "import.reopen": "took back decisions about files of",
    "import.corpus": "stored programs for stage 1",
    "import.tasks": "stored test tasks",
    "corpus.add": "added programs to the corpus",
    "corpus.relicense": "changed licence or source of",
    "corpus.take_out": "took out of the corpus",
    "corpus.put_back": "put back into the corpus",
    "general.add": "added general code",
    "general.take_out": "took general code out of dataset versions",
    "general.put_back": "put general code back into dataset versions",
    "import.task_examples": "stored the shipped test tasks",
    "holdout.look": "looked at the test task",
    "task_set.freeze": "froze the task set",
    "task.mark": "marked what the right answer is of",
    "task.download": "downloaded the test tasks",
    "defect.mend": "had a rule mend a line of",
    "defect.edit": "edited a line of",
    "defect.keep": "kept a line of",
    "defect.leave_out": "left out a line of",
    "defect.mend_all": "had a rule mend all alike lines of",
    "defect.choose": "chose between lines that ask the same in",
    "defect.choose_first": "kept the first of lines that are the same in",
    "snapshot.freeze": "froze",
    "freezing.look": "had a worker check what to freeze as",
    "freezing.ask": "had a worker freeze",
    "freezing.cancel": "stopped freezing",
    "snapshot.audit_mask": "had the loss mask counted of",
    "snapshot.cancel_mask": "stopped counting the loss mask of",
    "probe.request": "had it measured how long training takes on",
    "probe.cancel": "stopped measuring how long training takes on",
    "run.launch": "started",
    "run.cancel": "stopped",
    "run.keep": "ended early and kept",
    "run.move": "moved in the queue",
    "evaluation.store": "stored the score",
    "token.create": "made",
    "token.revoke": "revoked",
    "audit.export": "exported the audit log",
    "backup.restore": "put a backup in the studio's place",
    "account.sign_in": "signed in as",
    "account.sign_out": "signed out as",
    "account.sign_in_failed": "failed to sign in",
    "account.create": "made the account",
    "account.change": "changed the account",
    "account.password": "changed the password of",
    "account.roles": "changed the roles of",
    "account.permissions": "changed the permissions of",
    "account.delete": "deleted the account",
    "group.create": "made the role",
    "group.change": "changed the role",
    "group.permissions": "changed the permissions of the role",
    "group.delete": "deleted the role",
}

# Kind of a subject -> the page that shows one.
PAGES = {
    "example": "example_page",
    "snapshot": "snapshot_page",
    "run": "run_page",
    "evaluation": "evaluation_page",
    "importjob": "import_page",
    "freezejob": "freeze_page",
    "corpusprogram": "corpus_page",
}
KIND_WORDS = {
    "apitoken": "API token",
    "chatrecord": "conversation",
    "corpusprogram": "program",
    "evaluation": "score",
    "freezejob": "freezing",
    "group": "role",
    "importjob": "import",
    "savedview": "view",
    "snapshot": "dataset version",
    "taskset": "test tasks",
    "user": "account",
}
KINDS = sorted({"draft", "example", "run", *KIND_WORDS}, key=lambda kind: KIND_WORDS.get(kind, kind))

# What the detail of an entry about several lists -> what they are.
SEVERAL = {
    "examples": "examples",
    "pairs": "examples",
    "before": "examples",
    "records": "conversations",
}
SOMEBODY = {"account.sign_in_failed": "somebody"}  # the studio itself does all else that nobody did


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries; empty means: any."""

    who: User | None = None
    action: str = ""
    kind: str = ""
    subject: str = ""  # how its name begins
    since: date | None = None
    until: date | None = None  # that day is included


def entries(wanted: Wanted, *, reader: User) -> QuerySet[AuditEntry]:
    """The entries that match, newest first, without words that are hidden from this reader yet."""
    rows = reviewing.without_blind(AuditEntry.objects.order_by("-pk"), reader)
    if wanted.who:
        rows = rows.filter(actor=wanted.who)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.subject:
        rows = rows.filter(pk__in=_subject_begins(wanted.subject).values("pk"))
    if wanted.kind and wanted.subject:  # few names begin alike, so not by the index of kinds
        rows = rows.alias(kind=Concat("subject_kind", Value(""))).filter(kind=wanted.kind)
    elif wanted.kind:
        rows = rows.filter(subject_kind=wanted.kind)
    if wanted.since:
        rows = _since(rows, _midnight(wanted.since))
    if wanted.until:
        rows = _until(rows, _midnight(wanted.until) + timedelta(days=1))
    return rows.select_related("actor", "undone_by__actor")


def _subject_begins(words: str) -> QuerySet[AuditEntry]:
    """By the index on the subject, in either database: SQLite uses none for LIKE."""
    rows = AuditEntry.objects.order_by()
    if connection.vendor == "sqlite":
        return rows.filter(subject__gte=words, subject__lt=words + "\U0010ffff")
    return rows.filter(subject__startswith=words)


def _since(rows: QuerySet[AuditEntry], start: datetime) -> QuerySet[AuditEntry]:
    """From a moment on. The place in the order is looked up first: the database would read all to find it."""
    first = AuditEntry.objects.filter(at__gte=start).order_by("at").values_list("pk", flat=True).first()
    return rows.none() if first is None else rows.filter(at__gte=start, pk__gte=first - OUT_OF_ORDER)


def _until(rows: QuerySet[AuditEntry], end: datetime) -> QuerySet[AuditEntry]:
    last = AuditEntry.objects.filter(at__lt=end).order_by("-at").values_list("pk", flat=True).first()
    return rows.none() if last is None else rows.filter(at__lt=end, pk__lte=last + OUT_OF_ORDER)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


# In words


@dataclass(frozen=True)
class Told:
    """An entry as the page shows it."""

    entry: AuditEntry
    who: str
    words: str
    subject: str
    address: str  # of the page that shows the subject, or ""
    facts: list[tuple[str, str]]


def told(entry: AuditEntry) -> Told:
    page = PAGES.get(entry.subject_kind)
    subject = _subject(entry)
    return Told(
        entry=entry,
        who=entry.actor.get_username() if entry.actor else SOMEBODY.get(entry.action, "the studio"),
        words=WORDS.get(entry.action) or f"used {entry.action}{' for' if subject else ''}",
        subject=subject,
        address=reverse(page, args=[entry.subject_id]) if page and entry.subject_id else "",
        facts=[(name.replace("_", " "), _fact(value)) for name, value in entry.detail.items() if value],
    )


def _subject(entry: AuditEntry) -> str:
    """What it was done to: its name then, its number, or how many there were."""
    if entry.subject or entry.subject_id:
        kind = KIND_WORDS.get(entry.subject_kind, entry.subject_kind)
        return entry.subject or f"{kind} {entry.subject_id}"
    for name, many in SEVERAL.items():
        if found := entry.detail.get(name):
            return f"{len({one[0] if isinstance(one, list) else one for one in found}):,} {many}"
    return f"as {entry.detail['tried']}" if entry.detail.get("tried") else ""


def _fact(value: Any) -> str:
    if isinstance(value, list) and len(value) > MOST_LISTED:
        rest = len(value) - MOST_LISTED
        return f"{_fact(value[:MOST_LISTED])} and {rest:,} more"
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        text = ", ".join(str(one) for one in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_FACT else text[:LONGEST_FACT] + " …"


# Written out


def exported(rows: QuerySet[AuditEntry], *, newest: int, format: str) -> Iterator[bytes]:
    """The entries up to `newest` as a CSV or JSONL file, chunk by chunk."""
    if format == "csv":
        yield _csv_lines([COLUMNS])
    last = newest + 1
    while chunk := list(rows.filter(pk__lt=last)[:CHUNK]):
        last = chunk[-1].pk
        values = [_values(entry) for entry in chunk]
        yield _csv_lines(map(_cells, values)) if format == "csv" else b"".join(map(_json_line, values))


def _values(entry: AuditEntry) -> dict[str, Any]:
    row = {name: getattr(entry, name) for name in COLUMNS}
    row["at"] = entry.at.isoformat()
    row["actor"] = entry.actor.get_username() if entry.actor else ""
    row["undoes"] = entry.undoes_id
    return row


def _json_line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, cls=DjangoJSONEncoder).encode() + b"\n"


def _cells(row: dict[str, Any]) -> list[Any]:
    detail = json.dumps(row["detail"], ensure_ascii=False, cls=DjangoJSONEncoder)
    return [_no_formula(value) for value in (row | {"detail": detail}).values()]


def _no_formula(value: Any) -> Any:
    """A spreadsheet computes what begins like this; with an apostrophe before it, it is text."""
    risky = isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@")
    return f"'{value}" if risky or (isinstance(value, str) and value[:1] in ("\t", "\r")) else value


def _csv_lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
