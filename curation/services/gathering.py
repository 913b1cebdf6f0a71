"""Bringing raw programs into the corpus, with every reason against each file at once.

A file with an error is refused, a program that is there already is not stored twice, and all others are
written in one transaction. Nothing is ever removed: what is gone from a folder stays (docs/corpus.md).
"""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from curation.domain import corpus, markdown
from curation.domain.licences import LicenceRefused, licence_of
from curation.domain.problems import Problem
from curation.models import CorpusFile, CorpusProgram
from curation.services import auditing, deduplicating, source_files, unpacking, uploading

Change = Literal["new", "changed", "unchanged", "same", "refused"]
CHANGES: tuple[Change, ...] = ("new", "changed", "unchanged", "same", "refused")
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
WANTED = ", ".join((*corpus.SUFFIXES, *ARCHIVES))
MOST_FILES = source_files.MAX_FILES
MOST_BYTES = unpacking.LARGEST_TOTAL_BYTES
# Of one upload, which is read, compared and written while somebody waits: some four seconds.
UPLOAD_MOST_FILES, UPLOAD_MOST_BYTES = 5_000, 64 * 1024 * 1024
BATCH = 500
NEAR_TASK = "near-task"


class CorpusRefused(Exception):
    """Nothing was written; the message says why and what to do."""


class Collided(CorpusRefused):
    """Somebody changed the same rows at the same moment."""


@dataclass(frozen=True)
class Gathered:
    """One file, and what becomes of it. `text` is None exactly when it is refused."""

    path: str
    text: str | None
    change: Change
    problems: tuple[Problem, ...] = ()

    @property
    def is_written(self) -> bool:
        return self.change in ("new", "changed")


@dataclass(frozen=True)
class Gathering:
    """What bringing in these files would do. `skipped`: how many other files lie between them."""

    files: tuple[Gathered, ...]
    licence: str
    source: str
    skipped: int = 0

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(file.change for file in self.files)
        return {change: found[change] for change in CHANGES}

    @property
    def problems(self) -> list[Problem]:
        return [problem for file in self.files for problem in file.problems]

    def summary(self, *, dry_run: bool) -> str:
        """The counts as a sentence."""
        would = "would be " if dry_run else ""
        counts = self.counts
        said = (
            f"{len(self.files)} programs: {counts['new']} {would}added, "
            f"{counts['changed']} {would}new versions, {counts['unchanged']} unchanged, "
            f"{counts['same']} there already under another path, "
            f"{counts['refused']} refused."
        )
        return said + (f" Skipped, since they are no programs: {self.skipped}." if self.skipped else "")


@dataclass(frozen=True)
class Terms:
    """On what terms programs come, and where to."""

    licence: str
    source: str
    folder: str = ""


def terms(*, licence: str, source: str, folder: str = "") -> Terms:
    """
    Raises:
        CorpusRefused: one of them cannot be; the message holds all that is wrong.
    """
    kept: list[str] = []
    wrong: list[str] = []
    for read, written in (
        (licence_of, licence),
        (corpus.source_of, source),
        (corpus.folder_of, folder),
    ):
        try:
            kept.append(read(written))
        except (LicenceRefused, corpus.SourceRefused) as error:
            wrong.append(str(error))
    if wrong:
        raise CorpusRefused(" ".join(wrong))
    return Terms(*kept)


def read(place: Path) -> Iterator[source_files.SourceFile | None]:
    """The programs of a folder, an archive or one file; None for each other file of an archive.

    Raises:
        source_files.FolderRefused: it is not there, is none of these, or holds more than the limits.
    """
    if place.is_dir():
        files: Iterator[source_files.SourceFile | None] = source_files.read_tree(place, corpus.SUFFIXES)
    elif not place.exists():
        raise source_files.FolderRefused(f"{place}: there is no such file or folder. Check the spelling.")
    elif place.name.lower().endswith(corpus.SUFFIXES):
        files = iter([source_files.read_one(place)])
    elif place.name.lower().endswith(ARCHIVES):
        files = (member.file for member in unpacking.members_of(place, unpacking.PROGRAMS))
    else:
        raise source_files.FolderRefused(f"{place.name}: give a folder, or a file that ends in {WANTED}.")
    return _bounded(files, MOST_FILES, MOST_BYTES, f"{place.name}: bring it in parts.")


def read_uploads(files: Sequence[tuple[str, Iterable[bytes]]]) -> list[source_files.SourceFile | None]:
    """The same of files that somebody sent: (name, chunks) each.

    Raises:
        source_files.FolderRefused: one of them is neither a program nor an archive, or is too large.
    """
    folder = settings.VAR / "imports" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        way_out = "Send it in parts, or use manage.py import_corpus on the server."
        sent = _of_uploads(files, folder)
        return list(_bounded(sent, UPLOAD_MOST_FILES, UPLOAD_MOST_BYTES, way_out))
    except uploading.UploadRefused as refused:
        raise source_files.FolderRefused(str(refused)) from refused
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_uploads(
    files: Sequence[tuple[str, Iterable[bytes]]], folder: Path
) -> Iterator[source_files.SourceFile | None]:
    for number, (given, chunks) in enumerate(files):
        name, place = uploading.plain(given), folder / str(number)
        if name.lower().endswith(corpus.SUFFIXES):
            yield source_files.SourceFile(name, b"".join(_first_of(chunks)))
        elif name.lower().endswith(ARCHIVES):
            uploading.keep(chunks, place)
            yield from (member.file for member in unpacking.members_of(place, unpacking.PROGRAMS))
        else:
            raise source_files.FolderRefused(f"{name}: send files that end in {WANTED}.")


def _first_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """No more than it takes to see that a file is too large."""
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > markdown.LARGEST_FILE_BYTES:
            return


def _bounded(
    files: Iterator[source_files.SourceFile | None], most_files: int, most_bytes: int, way_out: str
) -> Iterator[source_files.SourceFile | None]:
    count = size = 0
    for file in files:
        count += file is not None
        size += len(file.data or b"") if file else 0
        if count > most_files or size > most_bytes:
            raise source_files.FolderRefused(
                f"There are more than {most_files:,} programs or {most_bytes:,} bytes. {way_out}"
            )
        yield file


def plan(files: Iterable[source_files.SourceFile | None], on: Terms) -> Gathering:
    """Look at every file; writes nothing."""
    read_files = list(files)
    programs = [_read(file, on.folder) for file in read_files if file is not None]
    programs = _without_same_paths(sorted(programs, key=lambda file: file.path))
    programs = _compared_with_the_corpus(programs, on)
    programs = _far_from_tasks(programs)
    return Gathering(tuple(programs), on.licence, on.source, skipped=sum(file is None for file in read_files))


def add(
    files: Iterable[source_files.SourceFile | None], on: Terms, *, author: User | None, whole: bool = False
) -> Gathering:
    """Write what is good, all of it or nothing.

    Args:
        author: None: the studio itself.
        whole: Refuse all when one file cannot be a program.

    Raises:
        CorpusRefused: somebody changed the same programs at the same moment; or with `whole`.
    """
    read_files = list(files)
    try:
        with transaction.atomic():
            gathering = plan(read_files, on)
            wrong = [p for p in gathering.problems if p.severity == "error" and p.code != NEAR_TASK]
            if whole and wrong:
                listed = "; ".join(f"corpus/{problem}" for problem in wrong)
                raise CorpusRefused(f"{listed} Mend or remove these files; no corpus file was imported.")
            _write(gathering, author)
    except IntegrityError as error:
        raise Collided("Somebody changed the same programs at this moment. Send it again.") from error
    return gathering


def _read(file: source_files.SourceFile, folder: str) -> Gathered:
    path = f"{folder}/{file.path}" if folder else file.path
    if file.data is None:
        problems = [replace(problem, file=path) for problem in file.problems]
        return Gathered(path, None, "refused", tuple(problems))
    text, problems = corpus.read_program(file.data, path=path)
    return Gathered(path, text, "refused" if text is None else "new", tuple(problems))


def _without_same_paths(files: list[Gathered]) -> list[Gathered]:
    seen: set[str] = set()
    kept = []
    for file in files:
        if file.text is not None and file.path.casefold() in seen:
            say = "Another file of this import has the same path (large and small letters count as one)."
            file = _refused(file, "path-twice", say, "Rename one of them, or give them folders of their own.")
        elif file.text is not None:
            seen.add(file.path.casefold())
        kept.append(file)
    return kept


def _compared_with_the_corpus(files: list[Gathered], on: Terms) -> list[Gathered]:
    """Which of them are there already: under the same path, or under another one."""
    forms = {file.path: corpus.form_of(file.text) for file in files if file.text is not None}
    paths = list(forms)
    present: dict[str, CorpusProgram] = {}
    owners: dict[str, tuple[str, bool]] = {}
    for start in range(0, len(paths), BATCH):
        part = paths[start : start + BATCH]
        rows = CorpusProgram.objects.select_related("head").defer("head__text")
        present |= {row.path: row for row in rows.filter(path__in=part)}
        same = CorpusProgram.objects.filter(form__in={forms[path] for path in part}).order_by("-path")
        owners |= {form: (path, taken) for form, path, taken in same.values_list("form", "path", "included")}
    kept = []
    for file in files:
        if file.text is not None:
            file = _compared(file, file.text, forms[file.path], present.get(file.path), owners, on)
        if file.is_written:
            owners.setdefault(forms[file.path], (file.path, True))
        kept.append(file)
    return kept


def _compared(
    file: Gathered,
    text: str,
    form: str,
    present: CorpusProgram | None,
    owners: dict[str, tuple[str, bool]],
    on: Terms,
) -> Gathered:
    if present and present.source and present.source != on.source:
        say = f'The corpus has a program of this path from another source, "{present.source}".'
        return _refused(file, "path-taken", say, "Name a folder for these programs, or the same source.")
    if present and present.head.content_hash == markdown.content_hash(text):
        same_terms = (present.licence, present.source) == (on.licence, on.source)
        return replace(file, change="unchanged" if same_terms else "changed")
    other, included = owners.get(form, ("", True))
    if other and other != file.path:
        out = "" if included else ", which was taken out"
        say = f"The same program as {other}{out}, but for case and layout: it is not stored twice."
        return _noted(replace(file, change="same"), "same-program", say)
    return replace(file, change="changed") if present else file


def _far_from_tasks(files: list[Gathered]) -> list[Gathered]:
    """What comes close to a held-out test task can be in no dataset version, so it is not let in."""
    written = [n for n, file in enumerate(files) if file.is_written]
    tasks, _ = deduplicating.held_out()
    if not written or not tasks:
        return files
    items = [
        deduplicating.compared_program(files[n].path, text, markdown.content_hash(text))
        for n in written
        if (text := files[n].text) is not None
    ]
    kept = list(files)
    for near in deduplicating.near_across(items, tasks):
        n = written[near.i]
        say = f"Too close to the test task {tasks[near.j].path}: {near.rule} alike to {near.score:.2f}."
        kept[n] = _refused(kept[n], NEAR_TASK, say, "Leave it out: a model must not train on its test.")
    return kept


def _refused(file: Gathered, code: str, message: str, suggestion: str) -> Gathered:
    problem = Problem(file.path, 1, code, "error", message, suggestion)
    return Gathered(file.path, None, "refused", (*file.problems, problem))


def _noted(file: Gathered, code: str, message: str) -> Gathered:
    return replace(file, problems=(*file.problems, Problem(file.path, 1, code, "warning", message)))


def _write(gathering: Gathering, author: User | None) -> None:
    new: list[CorpusFile] = []
    changed: list[tuple[CorpusProgram, CorpusFile]] = []
    written = {file.path: file for file in gathering.files if file.is_written}
    paths = list(written)
    present: dict[str, CorpusProgram] = {}
    for start in range(0, len(paths), BATCH):
        rows = CorpusProgram.objects.select_for_update().filter(path__in=paths[start : start + BATCH])
        present |= {row.path: row for row in rows.order_by("path")}
    for path, file in written.items():
        row = CorpusFile(
            path=path,
            text=file.text or "",
            content_hash=markdown.content_hash(file.text or ""),
            licence=gathering.licence,
            source=gathering.source,
            author=author,
        )
        if program := present.get(path):  # a program that was taken out stays out
            row.number, row.included = program.versions + 1, program.included
            changed.append((program, row))
        else:
            new.append(row)
    CorpusFile.objects.bulk_create([*new, *(row for _, row in changed)], batch_size=BATCH)
    CorpusProgram.objects.bulk_create((as_listed(CorpusProgram(), row) for row in new), batch_size=BATCH)
    listed = [as_listed(program, row) for program, row in changed]
    CorpusProgram.objects.bulk_update(listed, LISTED, batch_size=BATCH)
    if written:
        auditing.record(
            actor=author,
            action="corpus.add",
            files=len(new),
            versions=len(changed),
            licence=gathering.licence,
            source=gathering.source,
        )


LISTED = ("head", "versions", "licence", "source", "included", "lines", "form")


def as_listed(program: CorpusProgram, newest: CorpusFile) -> CorpusProgram:
    """The program with what lists say of its newest version."""
    program.path, program.head, program.versions = newest.path, newest, newest.number
    program.licence, program.source, program.included = newest.licence, newest.source, newest.included
    program.lines, program.form = corpus.lines_of(newest.text), corpus.form_of(newest.text)
    return program
