"""What a checked import found, as counts and rows for a page or a command."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from curation.domain.problems import Problem
from curation.models import ImportItem, ImportJob
from curation.models.imports import DEFECT, ERROR, OPEN


@dataclass(frozen=True)
class CodeCount:
    code: str
    severity: str
    found: int
    waiting: int  # defects that nobody has decided about

    @property
    def decided(self) -> int:
        return self.found - self.waiting


@dataclass(frozen=True)
class Report:
    """All counts are of items, except `codes`, which count problems; of repeated prompts each counts once."""

    items: int
    changes: dict[str, int]
    outcomes: dict[str, int]
    kinds: dict[str, int]  # of what would be written now
    writes: dict[str, int]  # the same by change: new, changed
    waiting: int
    codes: tuple[CodeCount, ...]

    @property
    def good(self) -> int:
        return sum(self.kinds.values())


def report_of(job: ImportJob) -> Report:
    items = job.items.all()
    waits = Q(severity=DEFECT, action=OPEN)
    single = job.problems.filter(group=0).values("code", "severity")
    grouped = job.problems.exclude(group=0).values("code", "severity")
    codes = [
        *single.annotate(found=Count("pk"), waiting=Count("pk", filter=waits)).order_by("code"),
        *grouped.annotate(
            found=Count("group", distinct=True), waiting=Count("group", filter=waits, distinct=True)
        ).order_by("code"),
    ]
    rank = {DEFECT: 0, ERROR: 1}
    return Report(
        items=items.count(),
        changes=_tally(items, "change"),
        outcomes={key: n for key, n in _tally(items, "outcome").items() if key},
        kinds=_tally(items.good(), "kind"),
        writes=_tally(items.good(), "change"),
        waiting=items.waiting().count(),
        codes=tuple(sorted((CodeCount(**row) for row in codes), key=lambda c: rank.get(c.severity, 2))),
    )


def problems_of(job: ImportJob) -> list[Problem]:
    """Everything that was found, in the order of the source; a defect is a warning here."""
    rows = job.problems.order_by("item__position", "pk").values_list(
        "item__name", "line", "code", "severity", "message", "suggestion"
    )
    return [
        Problem(name, line, code, "warning" if severity == DEFECT else severity, message, suggestion)
        for name, line, code, severity, message, suggestion in rows.iterator()
    ]


def _tally(items: QuerySet[ImportItem], field: str) -> dict[str, int]:
    return dict(items.order_by().values_list(field).annotate(n=Count("pk")))
