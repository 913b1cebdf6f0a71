"""The corpus of raw programs as it stands: what is in it, on what terms, and what was taken out again.

Versions are only ever added. Another licence or source is a new one, and so is the word that takes a program
out.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from curation.models import CorpusFile, CorpusProgram
from curation.services import auditing, gathering

MAX_REASON = 300
MOST_WORDS = 8


class StockRefused(Exception):
    """Nothing was changed; the message says why."""


class StaleProgram(StockRefused):
    """The program has a newer version than the one that was looked at."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty means: any. Each of the words stands in the path or in the source."""

    q: str = ""
    licence: str = ""  # UNKNOWN: those of which nobody has said it
    state: str = ""  # "in" or "out"

    def __bool__(self) -> bool:
        return any(vars(self).values())


UNKNOWN = "unknown"


def find_programs(filters: Filters) -> QuerySet[CorpusProgram]:
    """The programs that match, in path order."""
    rows = CorpusProgram.objects.order_by("path")
    if filters.licence:
        rows = rows.filter(licence="" if filters.licence == UNKNOWN else filters.licence)
    if filters.state:
        rows = rows.filter(included=filters.state == "in")
    for word in filters.q.split()[:MOST_WORDS]:
        rows = rows.filter(Q(path__icontains=word) | Q(source__icontains=word))
    return rows


def licence_counts() -> dict[str, int]:
    """Licence -> how many programs have it, the commonest first."""
    counted = CorpusProgram.objects.order_by().values_list("licence").annotate(n=Count("pk"))
    return dict(sorted(counted, key=lambda row: (-row[1], row[0])))


def versions_of(program: CorpusProgram) -> QuerySet[CorpusFile]:
    """Every version, newest first."""
    return CorpusFile.objects.filter(path=program.path).select_related("author").order_by("-number")


def relicense(
    *, program: CorpusProgram, licence: str, source: str, by: User, seen: int, reason: str = ""
) -> CorpusFile:
    """Say anew on what terms the program may be used, and where it comes from.

    Args:
        seen: The number of the version that was looked at.

    Raises:
        StaleProgram, StockRefused
    """
    try:
        on = gathering.terms(licence=licence, source=source)
    except gathering.CorpusRefused as refused:
        raise StockRefused(str(refused)) from refused
    return _add_version(
        program, by, seen, "corpus.relicense", licence=on.licence, source=on.source, reason=_words(reason)
    )


def take_out(*, program: CorpusProgram, by: User, seen: int, reason: str) -> CorpusFile:
    """Leave it out of every dataset version from now on; those that hold it keep it."""
    return _add_version(program, by, seen, "corpus.take_out", included=False, reason=needed(reason))


def put_back(*, program: CorpusProgram, by: User, seen: int, reason: str) -> CorpusFile:
    return _add_version(program, by, seen, "corpus.put_back", included=True, reason=needed(reason))


@transaction.atomic
def relist_all() -> int:
    """Read what lists say of each program from its newest version again. Returns how many there are."""
    newest = list(CorpusFile.objects.order_by().values("path").annotate(newest=Max("pk")))
    for start in range(0, len(newest), gathering.BATCH):
        rows = CorpusFile.objects.filter(
            pk__in=[row["newest"] for row in newest[start : start + gathering.BATCH]]
        )
        CorpusProgram.objects.bulk_create(
            [gathering.as_listed(CorpusProgram(), row) for row in rows],
            update_conflicts=True,
            unique_fields=["path"],
            update_fields=gathering.LISTED,
        )
    return len(newest)


@transaction.atomic
def _add_version(
    program: CorpusProgram, by: User, seen: int, action: str, *, reason: str, **changes: str | bool
) -> CorpusFile:
    program = CorpusProgram.objects.select_for_update().select_related("head").get(pk=program.pk)
    if program.versions != seen:
        raise StaleProgram(f"{program.path} has a newer version by now. Look at it, then decide.")
    before = {name: getattr(program, name) for name in changes}
    if before == changes:
        raise StockRefused(f"{program.path} is so already; nothing was changed.")
    head = program.head
    kept = {"licence": head.licence, "source": head.source, "included": head.included} | changes
    row = CorpusFile.objects.create(
        path=head.path,
        number=head.number + 1,
        text=head.text,
        content_hash=head.content_hash,
        reason=reason,
        author=by,
        **kept,
    )
    gathering.as_listed(program, row).save(update_fields=gathering.LISTED)
    auditing.record(actor=by, action=action, subject=program, before=before, after=changes, reason=reason)
    return row


def needed(reason: str) -> str:
    if not (words := _words(reason)):
        raise StockRefused("Say why: whoever looks at the program later has to know.")
    return words


def _words(reason: str) -> str:
    words = " ".join(reason.replace("\0", " ").split())
    if len(words) > MAX_REASON:
        raise StockRefused(f"The reason has {len(words)} characters; {MAX_REASON} are kept.")
    return words
