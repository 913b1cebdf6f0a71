"""The queue: what trains now, what waits, in which order it is taken and when; and moving a run in it.

A run's turn is its `place`, or its number as long as nobody has moved it. Moving hands the places of the runs
that wait out anew among them, so a new run stands behind all of them without being told so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from curation.services import auditing
from training.domain import metrics
from training.domain.turns import expected_starts
from training.models import GpuSlot, Run
from training.services import leasing, moving, scoring, staging

TURN = Coalesce("place", "pk", output_field=BigIntegerField())
UNHEARD_AFTER = timedelta(seconds=90)  # the dispatcher wakes a worker again every 30 s
MOST_SHOWN = 50  # waiting runs on a page, which asks for itself every two seconds
LATEST = 50  # finished runs that durations are taken from
MEASURED = 5  # of one recipe


class NotWaiting(Exception):
    """A run that does not wait has no place in the queue; nothing was moved."""


@dataclass(frozen=True)
class Running:
    """A run that a worker has.

    Attributes:
        gpu: host:GPU numbers, or host:all; "" when no worker said so.
        silent: Its lease has passed, and the reaper will take it back.
        left_s: Of the stage; None until two steps are done.
    """

    run: Run
    gpu: str
    stage: str
    stages_done: int
    stages: int
    step: int
    of: int
    left_s: float | None
    silent: bool


@dataclass(frozen=True)
class Waiting:
    """A run that waits; `number` counts from 1.

    Attributes:
        later: It is not taken before then, and those behind it go first.
        starts_in_s: If each run takes as long as the last ones of its recipe; None where that is not known.
        up, down: The run that it stands before once it is moved by one; None: at the end.
    """

    run: Run
    number: int
    later: datetime | None
    starts_in_s: float | None
    up: int | None
    down: int | None


@dataclass(frozen=True)
class Queue:
    """The whole of it, read at one moment: of `of` waiting runs the first MOST_SHOWN.

    Attributes:
        guests: GPU and who has it, or waits for the run that has it to end, and is no run.
    """

    running: list[Running]
    guests: list[tuple[str, str]]
    waiting: list[Waiting]
    of: int
    problems: list[str]  # sentences: why nothing is taken, and the way out


def ready() -> Q:
    """Queued runs that may start now."""
    return Q(state="queued") & (Q(not_before__isnull=True) | Q(not_before__lte=Now()))


def in_order() -> QuerySet[Run]:
    """Every waiting run, in the order in which they are taken."""
    return Run.objects.filter(state="queued").order_by(TURN)


def ahead_of(run: Run) -> int:
    """How many runs are running, or taken before this waiting one."""
    before = ready() & Q(turn__lt=run.pk if run.place is None else run.place)
    return Run.objects.annotate(turn=TURN).filter(Q(state="running") | before).count()


@transaction.atomic
def move(*, run: Run, before: int | None, by: User) -> int:
    """Let this waiting run be taken before another one, or as the last of all. Asking twice is asking once.

    Args:
        before: Number of a run that waits too; None: behind all of them.

    Returns:
        Its number in the queue now, counted from 1.

    Raises:
        NotWaiting: one of the two has been taken meanwhile, or is no run.
    """
    # Locked by number, whatever their order: two who move at once wait for each other and not in a circle.
    rows = Run.objects.select_for_update().filter(state="queued").order_by("pk").values_list("pk", "place")
    turns = {pk: pk if place is None else place for pk, place in rows}
    old = sorted(turns, key=lambda pk: turns[pk])
    for wanted in (run.pk, before):
        if wanted is not None and wanted not in turns:
            raise NotWaiting(
                f"Run {wanted} does not wait any more, so nothing was moved. Look at the queue as it is now."
            )
    new = [pk for pk in old if pk != run.pk]
    new.insert(new.index(before) if before in new else len(new), run.pk)
    if before == run.pk or new == old:
        return old.index(run.pk) + 1
    for pk, turn in zip(new, sorted(turns.values()), strict=True):
        if turns[pk] != turn:
            Run.objects.filter(pk=pk, state="queued").update(place=turn)
    now, was = new.index(run.pk) + 1, old.index(run.pk) + 1
    moving.note(run.pk, who=by.get_username(), what=f"moved from place {was} to {now} of {len(new)}")
    auditing.record(actor=by, action="run.move", subject=run, was=was, now=now, of=len(new))
    return now


def look() -> Queue:
    """What runs and what waits now. Asks the database the same number of times whatever is there."""
    moment = timezone.now()
    runs = Run.objects.select_related("snapshot", "requested_by").defer(
        "snapshot__manifest", "snapshot__report"
    )
    taken = list(runs.filter(state="running").prefetch_related("stages").order_by("started_at", "pk"))
    lined_up = list(runs.filter(state="queued").order_by(TURN)[:MOST_SHOWN])
    numbers = list(in_order().values_list("pk", flat=True))
    slots = dict(GpuSlot.objects.filter(run__state="running").values_list("run_id", "name"))
    running = [_running(run, slots.get(run.pk, ""), moment) for run in taken]
    guests = list(GpuSlot.objects.filter(leasing.visited()).order_by("name").values_list("name", "guest"))
    problems = _problems(lined_up, moment, held=bool(taken or guests))
    starts: dict[int, float | None] = {}
    if not problems and not guests:
        usual = _usual_seconds([*taken, *lined_up])
        left = [_left(run, usual[run.pk], moment) for run in taken]
        free = [run.pk for run in lined_up if not _later(run, moment)]
        starts = dict(zip(free, expected_starts(left, [usual[pk] for pk in free]), strict=True))
    waiting = [
        Waiting(
            run=run,
            number=n + 1,
            later=_later(run, moment),
            starts_in_s=starts.get(run.pk),
            up=numbers[max(n - 1, 0)],
            down=next(iter(numbers[n + 2 :]), None),
        )
        for n, run in enumerate(lined_up)
    ]
    return Queue(running, guests, waiting, len(numbers), problems)


def progress(run_id: int, stage: str) -> tuple[metrics.Progress | None, float | None]:
    """Where a stage is by its metrics, and how many seconds it still takes."""
    points, _ = staging.stage_folder(run_id, stage).metrics()
    return metrics.progress(points), metrics.seconds_left(points)


def _running(run: Run, gpu: str, moment: datetime) -> Running:
    stages = list(run.stages.all())
    stage = next((stage.name for stage in stages if stage.state == "running"), "")
    now, left = progress(run.pk, stage) if stage else (None, None)
    return Running(
        run=run,
        gpu=gpu,
        stage=stage,
        stages_done=sum(stage.state == "succeeded" for stage in stages),
        stages=len(stages),
        step=now.step if now else 0,
        of=now.of if now else 0,
        left_s=left,
        silent=run.lease_until is None or run.lease_until < moment,
    )


def _later(run: Run, moment: datetime) -> datetime | None:
    """Until when this run is passed over; None: it may start now."""
    return run.not_before if run.not_before and run.not_before > moment else None


def _problems(lined_up: list[Run], moment: datetime, *, held: bool) -> list[str]:
    """Why nothing is taken though something waits, and what to do."""
    if not lined_up:
        return []
    if missing := scoring.worker_problem():
        return [missing]
    first = next((run for run in lined_up if not _later(run, moment)), None)
    if first is None or held:
        return []
    told = first.published_at or first.created_at
    if moment - max(told, first.not_before or told) < UNHEARD_AFTER:
        return []
    return [
        f"No worker has been told of run {first.pk} since {told:%Y-%m-%d %H:%M:%S} UTC: the message broker "
        "does not answer, or nothing sends wake-ups. Check STUDIO_REDIS_URL and that `celery beat` runs, or "
        "start `python3 manage.py up`; `manage.py dispatch` says which."
    ]


def _usual_seconds(runs: Iterable[Run]) -> dict[int, float | None]:
    """Run → how long the last finished ones with the same recipe took, in the middle; None: there is none."""
    runs = list(runs)
    past = (
        Run.objects.filter(state="succeeded", attempt=1, goes_on_from=None)
        .filter(recipe_name__in={run.recipe_name for run in runs})
        .order_by("-pk")
        .values_list("recipe", "started_at", "finished_at")[:LATEST]
    )
    took = [(recipe, (end - start).total_seconds()) for recipe, start, end in past if start and end]

    def of(recipe: dict[str, Any]) -> float | None:
        found = [seconds for other, seconds in took if other == recipe][:MEASURED]
        return median(found) if found else None

    return {run.pk: of(run.recipe) for run in runs}


def _left(run: Run, usual_s: float | None, moment: datetime) -> float | None:
    """Of a run that takes longer than usual nobody knows how long it still takes."""
    if usual_s is None or run.started_at is None:
        return None
    left = usual_s - (moment - run.started_at).total_seconds()
    return left if left > 0 else None
