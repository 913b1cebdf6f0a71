"""The dry run of an import: every problem of every file or line, and what would be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models.functions import Now

from curation.domain import chat_rows, defects, reconciling, tree_manifest
from curation.domain.markdown import LARGEST_FILE_BYTES
from curation.domain.problems import Problem
from curation.models import ImportItem, ImportJob, ImportProblem, Revision
from curation.models.imports import DEFECT
from curation.services import converting, importing, queueing, source_files, unpacking, uploading
from curation.services.converting import Known, Planned

BATCH = 500  # items a transaction, so that nobody waits long for the database
CHUNK_BYTES = 64 * 1024
LONGEST_REFUSED_SOURCE = 2_000  # characters of a refused line that are kept to be looked at
MOST_LINES_NAMED = 10  # of those that ask the same
MOST_SKIPPED = 500  # names that are listed


@dataclass(frozen=True)
class _Read:
    """One file or line, and how far the reading has come. `planned` is None for what is skipped."""

    name: str
    planned: Planned | None
    done: int
    total: int
    position: int
    source: str = ""
    defects: tuple[str, ...] = ()


def check(claim: queueing.Claim) -> None:
    """Write an ImportItem for each file or line of the job, with its problems; a repeated check starts anew.

    Raises:
        source_files.FolderRefused: the source as a whole cannot be read.
        queueing.CancelRequested, queueing.LostClaim
    """
    job = ImportJob.objects.get(pk=claim.job_id)
    clear(job)
    heartbeat = queueing.Heartbeat(claim)
    asked: list[tuple[int, str, str]] = []
    skipped: list[str] = []
    batch: list[_Read] = []
    read = None
    for read in _READERS[job.kind](job, asked):
        heartbeat.beat(read.done, read.total)
        if read.planned is None:
            skipped.append(read.name)
            continue
        batch.append(read)
        if len(batch) == BATCH:
            _write(job, batch)
            batch = []
    _write(job, batch)
    if read is None:
        raise source_files.FolderRefused(f"{job.source_name}: there is nothing in it to import.")
    _write_repeated(job, asked)
    queueing.move(
        claim, "ready", checked_at=Now(), done=read.total, total=read.total, skipped=skipped[:MOST_SKIPPED]
    )
    uploading.forget_upload(job)


def clear(job: ImportJob) -> None:
    """Remove what a check wrote: of one that was cancelled, or whose worker was lost."""
    ImportProblem.objects.filter(job=job).delete()
    ImportItem.objects.filter(job=job).delete()


def _read_folder(job: ImportJob, _: list[tuple[int, str, str]]) -> Iterator[_Read]:
    root = Path(job.source_path)  # also one file, in its topic folder
    files = source_files.read_examples(root)
    known = Known.all(_exported(job, source_files.manifest_of(root)))
    for position, file in enumerate(files, 1):
        yield _of_file(file, known, position, position, len(files))


def _read_markdown(job: ImportJob, _: list[tuple[int, str, str]]) -> Iterator[_Read]:
    with open(job.source_path, "rb") as stream:
        data = stream.read(LARGEST_FILE_BYTES + 1)  # markdown.decode refuses what is larger
    file = source_files.SourceFile(f"{job.topic}/{job.source_name}", data)
    yield _of_file(file, Known.all(), 1, 1, 1)


def _read_archive(job: ImportJob, _: list[tuple[int, str, str]]) -> Iterator[_Read]:
    archive = Path(job.source_path)
    known = Known.all(_exported(job, unpacking.manifest_of(archive)))
    for position, member in enumerate(unpacking.members_of(archive), 1):
        if member.file is None:
            yield _Read(member.name, None, member.done_bytes, job.size_bytes, position)
        else:
            yield _of_file(member.file, known, position, member.done_bytes, job.size_bytes, name=member.name)


def _exported(job: ImportJob, manifest: bytes | None) -> dict[str, str] | None:
    """What each file was when the studio exported it; None where there is no manifest."""
    if manifest is None:
        return None
    try:
        return tree_manifest.read(manifest)
    except tree_manifest.ManifestRefused as refused:
        raise source_files.FolderRefused(f"{job.source_name}: {refused}") from refused


def _of_file(
    file: source_files.SourceFile, known: Known, position: int, done: int, total: int, *, name: str = ""
) -> _Read:
    planned = converting.plan_file(importing.plan_file(file, known.examples), known)
    return _Read(name or file.path, planned, done, total, position)


def _read_chatml(job: ImportJob, asked: list[tuple[int, str, str]]) -> Iterator[_Read]:
    """Each line; `asked` is filled with (line, digest of the prompt, digest of the answer)."""
    known = Known.all()
    done, total = 0, max(job.size_bytes, 1)
    with open(job.source_path, "rb") as stream:
        for line, data in chat_rows.lines_of(iter(lambda: stream.read(CHUNK_BYTES), b"")):
            done += len(data or b"") + 1
            if data is not None and not data.strip():
                continue  # an empty last line is how many editors end a file
            read = chat_rows.read_row(data, file=job.source_name, line=line)
            if read.row is None:
                source = _storable(data or b"")[:LONGEST_REFUSED_SOURCE]
                yield _Read(job.source_name, Planned(problems=read.problems), done, total, line, source)
                continue
            planned = converting.plan_row(read.row, file=job.source_name, known=known)
            found = tuple(defects.defects(read.row.answer))
            asked.append((line, _digest(chat_rows.prompt_key(read.row.prompt)), _digest(read.row.answer)))
            problems = (*read.problems, *planned.problems)
            planned = Planned(**planned.fields(), problems=problems)
            yield _Read(job.source_name, planned, done, total, line, _storable(data or b""), found)


_READERS = {
    "folder": _read_folder,
    "markdown": _read_markdown,
    "archive": _read_archive,
    "chatml": _read_chatml,
}


@transaction.atomic
def _write(job: ImportJob, batch: list[_Read]) -> None:
    items = [
        ImportItem(
            job=job,
            position=read.position,
            name=read.name[:300],
            source=read.source,
            **(read.planned or Planned()).fields(),
        )
        for read in batch
    ]
    ImportItem.objects.bulk_create(items)
    problems: list[ImportProblem] = []
    for item, read in zip(items, batch, strict=True):
        problems += [problem_row(item, problem) for problem in (read.planned or Planned()).problems]
        problems += [defect_row(item, code) for code in read.defects]
        if item.change == "conflict":
            problems.append(conflict_row(item))
    ImportProblem.objects.bulk_create(problems, batch_size=BATCH)


def problem_row(item: ImportItem, problem: Problem) -> ImportProblem:
    return ImportProblem(
        job_id=item.job_id,
        item=item,
        code=problem.code,
        severity=problem.severity,
        line=problem.line,
        message=problem.message,
        suggestion=problem.suggestion,
    )


def defect_row(
    item: ImportItem, code: str, *, message: str = "", group: int = 0, conflicting: bool = False
) -> ImportProblem:
    """A defect that waits for a decision; `message` says more than the usual sentence."""
    return ImportProblem(
        job_id=item.job_id,
        item=item,
        code=code,
        severity=DEFECT,
        line=item.position,
        message=message or defects.DEFECTS[code],
        suggestion=defects.REMEDIES[code],
        group=group,
        conflicting=conflicting,
    )


def conflict_row(item: ImportItem) -> ImportProblem:
    """A file that waits for a decision, because the studio's text was changed too."""
    revisions = Revision.objects.filter(example__path=item.path, content_hash=item.exported_hash)
    known = not item.exported_hash or revisions.exists()
    return ImportProblem(
        job_id=item.job_id,
        item=item,
        code=reconciling.BOTH_CHANGED,
        severity=DEFECT,
        line=0,
        message=reconciling.MEANING if known else reconciling.MEANING_UNKNOWN,
        suggestion=reconciling.REMEDY,
    )


def _write_repeated(job: ImportJob, asked: list[tuple[int, str, str]]) -> None:
    groups = chat_rows.repeated_prompts(asked)
    group_of = {line: group for group in groups for line in group.lines}
    lines = sorted(group_of)
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        items = ImportItem.objects.filter(job=job, position__in=part).only("pk", "job_id", "position")
        ImportProblem.objects.bulk_create(
            defect_row(
                item,
                defects.REPEATED_PROMPT,
                message=_repeated(group_of[item.position]),
                group=group_of[item.position].lines[0],
                conflicting=group_of[item.position].conflicting,
            )
            for item in items
        )


def _repeated(group: chat_rows.Repeated) -> str:
    lines = ", ".join(map(str, group.lines[:MOST_LINES_NAMED]))
    more = " and more" if len(group.lines) > MOST_LINES_NAMED else ""
    answers = "different answers" if group.conflicting else "the same answer"
    return f"The same prompt stands on lines {lines}{more}, with {answers}."


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _storable(data: bytes) -> str:
    """The line as text; NUL, which PostgreSQL cannot store, as its visible sign."""
    return data.decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}")
