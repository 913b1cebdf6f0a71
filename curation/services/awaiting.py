"""What waits for one person: how much of each kind, and the first few where a name says more than a number.

The number of questions to the database is the same however much there is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import Count, Q

from curation.models import Assignment, Comparison, Draft, ImportJob
from curation.services import reserving, reviewing
from curation.services.reviewing import SentBack

MOST_NAMED = 4
RUNNING_IMPORTS = ("queued", "checking", "confirmed", "importing")


@dataclass(frozen=True)
class Waiting:
    """Counts are 0, and lists empty, where the person's role has nothing to do with them."""

    sent_back: list[SentBack]
    sent_back_count: int
    drafts: list[Draft]
    draft_count: int
    clusters: int  # of near-duplicates, when a worker counted last
    to_review: int = 0  # that this person may judge, `assigned` ones too
    assigned: int = 0
    disputed: int = 0  # that reviewers disagree about and this person may settle
    checked_imports: list[ImportJob] = field(default_factory=list)  # which somebody has to confirm
    running_imports: list[ImportJob] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        counts = (self.to_review, self.sent_back_count, self.draft_count, self.disputed, self.clusters)
        return not any(counts) and not self.checked_imports


def what_waits(user: User, roles: Collection[str]) -> Waiting:
    """What this person, who has these roles, can go on with."""
    drafts = Draft.objects.filter(author=user).select_related("example").defer("text")
    counted = Comparison.objects.values_list("clusters", flat=True).first()
    waiting = {}
    if "reviewer" in roles:
        asked = Q(pk__in=Assignment.objects.filter(reviewer=user).values("example"))
        waiting = reserving.waiting_for(user).aggregate(
            to_review=Count("pk"), assigned=Count("pk", filter=asked)
        )
        waiting["disputed"] = reserving.disputed_for(user).count()
    jobs = (
        list(ImportJob.objects.filter(state__in=["ready", *RUNNING_IMPORTS])) if "maintainer" in roles else []
    )
    return Waiting(
        sent_back=reviewing.sent_back_to(user, most=MOST_NAMED),
        sent_back_count=reviewing.sent_back(user).count(),
        drafts=list(drafts[:MOST_NAMED]),
        draft_count=drafts.count(),
        clusters=counted or 0,
        checked_imports=[job for job in jobs if job.state == "ready"],
        running_imports=[job for job in jobs if job.state != "ready"],
        **waiting,
    )
