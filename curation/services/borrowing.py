"""Bringing in general code, a question and its answer a line, and taking what came from a source out again.

Lines with an error are refused, what is there already is not stored twice, and all others are written
together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count

from curation.domain import chat_rows, general_rows
from curation.domain.general_rows import GeneralRow
from curation.domain.problems import Problem
from curation.models import GeneralChoice, GeneralExample
from curation.services import auditing, blending, converting, deduplicating, stocking
from curation.services.gathering import NEAR_TASK, Collided, CorpusRefused, Terms

Change = Literal["new", "same", "refused"]
CHANGES: tuple[Change, ...] = ("new", "same", "refused")
LARGEST_BYTES = 100 * 1000 * 1000
MOST_LINES = 100_000
UPLOAD_MOST_LINES = 20_000  # while somebody waits: some five seconds
BATCH = 500


@dataclass(frozen=True)
class Borrowed:
    """One line, and what becomes of it. `example` is not saved; None exactly when it is refused."""

    line: int
    example: GeneralExample | None
    change: Change
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Borrowing:
    lines: tuple[Borrowed, ...]
    licence: str
    source: str

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(line.change for line in self.lines)
        return {change: found[change] for change in CHANGES}

    @property
    def problems(self) -> list[Problem]:
        return [problem for line in self.lines for problem in line.problems]

    def summary(self, *, dry_run: bool) -> str:
        would = "would be " if dry_run else ""
        counts = self.counts
        return (
            f"{len(self.lines)} lines: {counts['new']} {would}added, {counts['same']} there already, "
            f"{counts['refused']} refused."
        )


@dataclass(frozen=True)
class Source:
    """What came from one place on one licence, and whether dataset versions may take it."""

    source: str
    licence: str
    count: int
    choice: GeneralChoice | None

    @property
    def included(self) -> bool:
        return self.choice is None or self.choice.included


def plan(chunks: Iterable[bytes], *, name: str, on: Terms, most: int = MOST_LINES) -> Borrowing:
    """Look at every line of a file; writes nothing.

    Raises:
        CorpusRefused: the file is empty, or larger than the limits.
    """
    lines = [_read(data, name, line) for line, data in _lines(chunks, name, most)]
    if not lines:
        raise CorpusRefused(f"{name}: there is no line in it. Write {general_rows.WANTED} on each.")
    return Borrowing(tuple(_far_from_tasks(_once(lines, name), name)), on.licence, on.source)


def add(chunks: Iterable[bytes], *, name: str, on: Terms, author: User, most: int = MOST_LINES) -> Borrowing:
    """Write what is good, all of it or nothing.

    Raises:
        CorpusRefused: as for `plan`; or somebody added the same lines at the same moment.
    """
    planned = plan(chunks, name=name, on=on, most=most)
    new = [line.example for line in planned.lines if line.example and line.change == "new"]
    for example in new:
        example.licence, example.source, example.author = on.licence, on.source, author
    try:
        with transaction.atomic():
            GeneralExample.objects.bulk_create(new, batch_size=BATCH)
            if new:
                auditing.record(
                    actor=author,
                    action="general.add",
                    questions=len(new),
                    licence=on.licence,
                    source=on.source,
                )
    except IntegrityError as error:
        raise Collided("Somebody added the same lines at this moment. Send the file again.") from error
    return planned


def sources() -> list[Source]:
    """Where general code came from, with how many there are of each licence."""
    counted = GeneralExample.objects.order_by().values_list("source", "licence").annotate(n=Count("pk"))
    words = blending.last_words()
    return sorted(
        (Source(source, licence, n, words.get(source)) for source, licence, n in counted),
        key=lambda one: (one.source, one.licence),
    )


@transaction.atomic
def choose(*, source: str, included: bool, by: User, reason: str) -> GeneralChoice:
    """Take a source's general code out of every dataset version from now on, or back in.

    Raises:
        stocking.StockRefused: there is no such source, it is so already, or the reason is missing.
    """
    reason = stocking.needed(reason)
    if not GeneralExample.objects.filter(source=source).exists():
        raise stocking.StockRefused(f'No general code came from "{source[:60]}".')
    last = blending.last_words().get(source)
    if (last is None or last.included) == included:
        raise stocking.StockRefused("It is so already; nothing was changed.")
    choice = GeneralChoice.objects.create(source=source, included=included, reason=reason, chosen_by=by)
    action = "general.put_back" if included else "general.take_out"
    auditing.record(actor=by, action=action, subject=choice, reason=reason)
    return choice


def _lines(chunks: Iterable[bytes], name: str, most: int) -> Iterator[tuple[int, bytes | None]]:
    for line, data in chat_rows.lines_of(_bounded(chunks, name)):
        if line > most:
            raise CorpusRefused(
                f"{name}: more than {most:,} lines. Bring it in several files, or the whole of it by "
                "manage.py import_general on the server."
            )
        if data is None or data.strip():
            yield line, data


def _bounded(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_BYTES:
            raise CorpusRefused(f"{name}: more than {LARGEST_BYTES:,} bytes. Bring it in several files.")
        yield chunk


def _read(data: bytes | None, name: str, line: int) -> Borrowed:
    row, problems = general_rows.read_row(data, file=name, line=line)
    if row is None:
        return Borrowed(line, None, "refused", tuple(problems))
    return Borrowed(line, _example(row), "new", tuple(problems))


def _example(row: GeneralRow) -> GeneralExample:
    example = GeneralExample(system=row.system, prompt=row.prompt, answer=row.answer)
    example.content_hash, example.form = converting.record_hash(example), general_rows.form_of(row)
    return example


def _once(lines: list[Borrowed], name: str) -> Iterator[Borrowed]:
    """The same question with the same answer, here or in the studio, is stored once."""
    forms = [line.example.form for line in lines if line.example]
    known: set[str] = set()
    for start in range(0, len(forms), BATCH):
        there = GeneralExample.objects.filter(form__in=forms[start : start + BATCH])
        known |= set(there.values_list("form", flat=True))
    for line in lines:
        if line.example and line.example.form in known:
            say = "The same question and answer is there already, but for case and layout."
            problem = Problem(name, line.line, "same-example", "warning", say)
            yield Borrowed(line.line, line.example, "same", (*line.problems, problem))
            continue
        if line.example:
            known.add(line.example.form)
        yield line


def _far_from_tasks(lines: Iterable[Borrowed], name: str) -> Iterator[Borrowed]:
    kept = list(lines)
    new = [(n, line.example) for n, line in enumerate(kept) if line.example and line.change == "new"]
    tasks, _ = deduplicating.held_out()
    items = [deduplicating.compared_general(example) for _, example in new]
    for near in deduplicating.near_across(items, tasks) if items and tasks else ():
        line = kept[new[near.i][0]]
        say = f"Too close to the test task {tasks[near.j].path}: alike to {near.score:.2f}."
        problem = Problem(name, line.line, NEAR_TASK, "error", say, "Remove the line.")
        kept[new[near.i][0]] = Borrowed(line.line, None, "refused", (*line.problems, problem))
    return iter(kept)
