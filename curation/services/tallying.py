"""Counting near-duplicates beside each example, so that a list can filter by them.

A survey of 100,000 examples takes three seconds, too long for a page. So the job that compares texts counts
when something has changed, and writes what became different: `Example.near_count`, and how many clusters
wait. Both may be some seconds behind; pages about one example or one cluster look for themselves (surveying).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from curation.models import Comparison, Example, NearForms, PairJudgement, Review, Revision
from curation.services import surveying

BATCH = 500  # examples locked at a time
# A count that took long is made again after so many times as long, so that it keeps a worker busy for a tenth
# of its time at most, however often something changes.
LONG_S, REST = 1.0, 10


def is_due() -> bool:
    """Whether something has changed since the last count, and that one is long enough ago."""
    last = Comparison.objects.filter(pk=Comparison.ONLY).first() or Comparison()
    if last.tallied_at and last.tally_s > LONG_S:
        rest = timedelta(seconds=last.tally_s * REST)
        if timezone.now() < last.tallied_at + rest:
            return False
    return last.tallied != _state()


def tally() -> int:
    """Count anew, by one process at a time (comparing). Returns how many examples got another number."""
    started, state = time.monotonic(), _state()  # what changes from here on is counted the next time
    clusters = surveying.landscape().clusters(surveying.DEFAULT)
    counts = {member: len(cluster.members) - 1 for cluster in clusters for member in cluster.members}
    before = dict(Example.objects.filter(near_count__gt=0).values_list("pk", "near_count"))
    changed = {pk for pk in counts.keys() | before.keys() if counts.get(pk, 0) != before.get(pk, 0)}
    by_count: dict[int, list[int]] = defaultdict(list)
    for pk in sorted(changed):
        by_count[counts.get(pk, 0)].append(pk)
    for count, ids in by_count.items():
        for start in range(0, len(ids), BATCH):
            _write(ids[start : start + BATCH], count)
    Comparison.objects.filter(pk=Comparison.ONLY).update(
        clusters=len(clusters), tallied=state, tallied_at=Now(), tally_s=time.monotonic() - started
    )
    return len(changed)


@transaction.atomic
def _write(ids: Iterable[int], count: int) -> None:
    locked = (
        Example.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True)
    )
    Example.objects.filter(pk__in=list(locked)).update(near_count=count)


def _state() -> str:
    """Another text than before once clusters may be others: by a new text, likeness, decision or verdict."""
    newest = (
        model.objects.aggregate(newest=Max("pk"))["newest"] or 0
        for model in (Revision, NearForms, PairJudgement, Review)
    )
    live = Example.objects.without_discarded().count()
    return ":".join(str(number) for number in (*newest, live))
