"""Opening an import: a file that somebody sent, or a place on this server, becomes a job in the queue."""

from __future__ import annotations

import hashlib
import shutil
import time
import uuid
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from curation.domain.labels import TOPICS
from curation.models import ImportJob
from curation.services import auditing, queueing

LARGEST_UPLOAD_BYTES = 100 * 1000 * 1000
_KINDS = {
    ".md": "markdown",
    ".jsonl": "chatml",
    ".zip": "archive",
    ".tar.gz": "archive",
    ".tgz": "archive",
    ".tar": "archive",
}
UPLOAD_SUFFIXES = tuple(_KINDS)
UPLOAD_TAKES_AT_MOST_S = 3600
MAX_NAME = 200  # characters; the width of the column


class UploadRefused(Exception):
    """Nothing was kept; the message says what to send instead."""


def kind_of(name: str) -> str:
    """markdown, chatml or archive, by the end of the file's name.

    Raises:
        UploadRefused: another kind of file.
    """
    for suffix, kind in _KINDS.items():
        if name.lower().endswith(suffix):
            return kind
    raise UploadRefused(f"{plain(name)}: not one of {', '.join(UPLOAD_SUFFIXES)}.")


def upload(
    *, name: str, chunks: Iterable[bytes], author: User, idempotency_key: str, topic: str = ""
) -> ImportJob:
    """Keep a file under a name of ours and queue its check.

    Args:
        name: As the browser sent it: shown, never used as a path.
        idempotency_key: The same key gives the same job, and so does a file that is being imported already.
        topic: The folder of a single Markdown file.

    Raises:
        UploadRefused: too large, of another kind, or a Markdown file without a topic.
    """
    kind = kind_of(name)
    if first := ImportJob.objects.filter(idempotency_key=idempotency_key).first():
        return first
    if kind == "markdown" and topic not in TOPICS:
        raise UploadRefused(f"A single Markdown file needs its topic: one of {', '.join(TOPICS)}.")
    folder = settings.VAR / "imports" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        sha256, size = keep(chunks, folder / "upload")
        active = ImportJob.objects.filter(sha256=sha256, topic=topic, source_name=plain(name))
        if same := active.exclude(state__in=["done", *queueing.TERMINAL]).first():
            shutil.rmtree(folder)
            return same
        job = open_job(
            kind=kind,
            name=name,
            source=folder / "upload",
            author=author,
            idempotency_key=idempotency_key,
            topic=topic,
            sha256=sha256,
            size_bytes=size,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if Path(job.source_path) != folder / "upload":  # the other click was faster by a hair
        shutil.rmtree(folder, ignore_errors=True)
    return job


def open_job(
    *,
    kind: str,
    name: str,
    source: Path,
    author: User,
    idempotency_key: str = "",
    topic: str = "",
    sha256: str = "",
    size_bytes: int = 0,
    note: str = "",
    wake_worker: bool = True,
) -> ImportJob:
    """Queue the check of what lies at `source` on this server.

    Args:
        wake_worker: False when the caller claims the job itself.
    """
    key = idempotency_key or uuid.uuid4().hex
    try:
        with transaction.atomic():
            job = ImportJob.objects.create(
                idempotency_key=key,
                requested_by=author,
                kind=kind,
                source_name=plain(name),
                source_path=str(source),
                topic=topic,
                sha256=sha256,
                size_bytes=size_bytes,
                note=note or f"imported from {plain(name)}"[:300],
            )
            auditing.record(
                actor=author,
                action="import.open",
                subject=job,
                kind=kind,
                name=job.source_name,
                sha256=sha256,
                size_bytes=size_bytes,
            )
            if wake_worker:
                transaction.on_commit(partial(queueing.publish, job.pk), robust=True)
    except IntegrityError:
        if first := ImportJob.objects.filter(idempotency_key=key).first():
            return first
        raise
    return job


def forget_upload(job: ImportJob) -> None:
    """Remove the uploaded file; a file or folder that only lies on this server stays."""
    folder = Path(job.source_path).parent
    if folder.parent == settings.VAR / "imports":
        shutil.rmtree(folder, ignore_errors=True)


def forget_unused() -> None:
    """Remove uploads that no check will read: of jobs that ended badly, or requests that died."""
    waiting = ImportJob.objects.filter(state__in=["queued", "checking"]).values_list("source_path", flat=True)
    used = {Path(path).parent.name for path in waiting}
    for folder in (settings.VAR / "imports").glob("*"):
        if folder.name not in used and time.time() - folder.stat().st_mtime > UPLOAD_TAKES_AT_MOST_S:
            shutil.rmtree(folder, ignore_errors=True)


def keep(chunks: Iterable[bytes], file: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with file.open("xb") as stream:
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST_UPLOAD_BYTES:
                raise UploadRefused(
                    f"The file is larger than {LARGEST_UPLOAD_BYTES // 1000**2} MB. Split it, or import "
                    "it on the server with manage.py import_examples."
                )
            digest.update(chunk)
            stream.write(chunk)
    if not size:
        raise UploadRefused("The file is empty.")
    return digest.hexdigest(), size


def plain(name: str) -> str:
    """A name for a page: its last part, visible signs only."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = last.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "�" for sign in visible)[-MAX_NAME:] or "upload"
