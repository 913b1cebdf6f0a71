"""What a stored evaluation says: a share with its interval per pool, or why there is none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from curation.domain.tasks import FRAGMENT, MEANT_TO_FAIL, PROGRAM
from curation.models import Snapshot, Task
from training.domain import intervals
from training.domain.marks import is_right
from training.models import Attempt, Evaluation, Run, WorkerSeen
from training.models.evaluations import OUTCOMES

POOLS = {"holdout": "Holdout", "triage": "Triage pool"}
WORKER_SILENT_AFTER = timedelta(seconds=30)
SCORES_ON_PAGE = 100
VERSIONS_ON_DASHBOARD = 3
MEANT_WRONG = "does not refuse {} of {} answers that are meant to fail"


@dataclass(frozen=True)
class PoolScore:
    """The score of one pool. `value`, `low` and `high` are shares from 0 to 1; None while undefined."""

    name: str
    metric: str
    tasks: int
    samples: int
    outcomes: dict[str, int]  # outcome → attempts
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    why: str = ""  # why the score is undefined

    @property
    def title(self) -> str:
        return POOLS[self.name]

    @property
    def totals(self) -> list[tuple[str, int]]:
        """Every outcome in words with its count, also those that did not occur."""
        return [(words, self.outcomes.get(outcome, 0)) for outcome, words in OUTCOMES]

    @property
    def figures(self) -> str:
        """The score in one line, never a bare percentage."""
        if self.value is None or self.low is None or self.high is None:
            return f"{self.metric} is undefined: {self.why}"
        return (
            f"{self.metric} {self.value:.1%}, 95 % interval {self.low:.1%} to {self.high:.1%} "
            f"({self.samples} answers to {self.tasks} tasks)"
        )

    @property
    def words(self) -> str:
        """The same with the name of the pool."""
        return f"{self.title}: {self.figures}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "pool": self.name,
            "metric": self.metric,
            "value": self.value,
            "interval": None if self.low is None else [self.low, self.high],
            "method": self.method,
            "tasks": self.tasks,
            "samples": self.samples,
            "outcomes": self.outcomes,
            "undefined_because": self.why or None,
        }


@dataclass(frozen=True)
class Scored:
    """One evaluation, computed from its attempts."""

    evaluation: Evaluation
    metric: str
    pools: list[PoolScore]
    broken: str  # why the task set cannot be trusted; "" when it can
    meant_to_fail: list[PoolScore]  # of answers that have to be refused; only pools that have such tasks
    fragments: int  # tasks of the set that are put to no model

    @property
    def headline(self) -> PoolScore:
        """The holdout, which nobody prepares examples for."""
        return self.pools[0]

    @property
    def controls(self) -> list[tuple[str, str]]:
        """What the checker said about programs whose worth is known, in words."""
        said, words = self.evaluation.controls, dict(OUTCOMES)
        gold = said.get("gold", {"accepted": 0, "of": 0})
        failing = said.get("meant_to_fail", {"accepted": 0, "of": 0})
        refused = ("Answers meant to fail refused", f"{failing['accepted']} of {failing['of']}")
        return [
            ("Right answers accepted", f"{gold['accepted']} of {gold['of']}"),
            *([refused] if failing["of"] else []),
            ("Program known to be good", words.get(said.get("good", ""), "not asked")),
            ("Program known to be bad", words.get(said.get("bad", ""), "not asked")),
            ("Empty program", words.get(said.get("empty_program", ""), "not asked")),
        ]

    @property
    def configuration(self) -> list[tuple[str, str]]:
        """The evaluation's configuration in words, for people."""
        return [(key.replace("_", " "), _words(value)) for key, value in self.evaluation.config.items()]

    def as_dict(self) -> dict[str, Any]:
        return {
            "evaluation": self.evaluation.pk,
            "run": self.evaluation.run_id,
            "snapshot": self.evaluation.run.snapshot.name,
            "metric": self.metric,
            "checker_build": self.evaluation.checker_build,
            "config_hash": self.evaluation.config_hash,
            "broken": self.broken or None,
            "pools": [pool.as_dict() for pool in self.pools],
            "meant_to_fail": [pool.as_dict() for pool in self.meant_to_fail],
            "fragments": self.fragments,
        }


def metric_name(checker: str) -> str:
    """Only the real compiler's figure is called compile@1."""
    return "compile@1" if checker == "bbjcpl" else "offline check@1"


def refusal_metric(checker: str) -> str:
    """The figure of answers that are meant to fail, which is apart from the other one."""
    return f"refused by {'bbjcpl' if checker == 'bbjcpl' else 'the offline check'}"


def broken_by(controls: dict[str, Any]) -> str:
    """Why the controls forbid a score, or "". A right answer that comes out wrong means a broken task set."""
    for name, wrong in (("gold", "refuses {} of {} right answers"), ("meant_to_fail", MEANT_WRONG)):
        found = controls.get(name, {})
        if missing := found.get("of", 0) - found.get("accepted", 0):
            return (
                f"The task set is broken: the checker {wrong.format(missing, found['of'])}. Mend those "
                "tasks, freeze a new set and evaluate again."
            )
    return ""


def score_pool(
    name: str, metric: str, attempts: Iterable[tuple[Any, str]], broken: str = "", mark: str = PROGRAM
) -> PoolScore:
    """The score of one pool's tasks of one mark.

    Args:
        attempts: (task, outcome) of each answer.
        broken: Why no score may be given, whatever the attempts say.
        mark: Says which outcome is right (training.domain.marks).
    """
    outcomes: Counter[str] = Counter()
    asked: Counter[Any] = Counter()
    accepted: defaultdict[Any, int] = defaultdict(int)
    for task, outcome in attempts:
        outcomes[outcome] += 1
        asked[task] += 1
        accepted[task] += is_right(mark, outcome)
    tasks, samples = len(asked), outcomes.total()
    why = broken
    if not samples:
        why = "there are no answers. The task set has no task in this pool."
    elif outcomes["infrastructure"]:
        why = (
            f"{outcomes['infrastructure']} of {samples} answers could not be judged. Mend what their "
            "messages name, and evaluate again."
        )
    if why:
        return PoolScore(name, metric, tasks, samples, dict(outcomes), why=why)
    found = intervals.over_tasks([(accepted[task], count) for task, count in asked.items()])
    return PoolScore(
        name, metric, tasks, samples, dict(outcomes), found.value, found.low, found.high, found.method
    )


def scored(evaluation: Evaluation) -> Scored:
    """The score of one stored evaluation, from its attempts."""
    return scored_all([evaluation])[0]


def scored_all(evaluations: Sequence[Evaluation]) -> list[Scored]:
    """The score of each, by two questions to the database."""
    rows: defaultdict[tuple[int, str, str], list[tuple[int, str]]] = defaultdict(list)
    found = Attempt.objects.filter(evaluation__in=evaluations)
    for evaluation, pool, mark, task, outcome in found.values_list(
        "evaluation_id", "task__pool", "task__mark", "task_id", "outcome"
    ):
        rows[evaluation, pool, mark].append((task, outcome))
    asked = Task.objects.filter(task_set__in={each.task_set_id for each in evaluations}, mark=FRAGMENT)
    fragments = Counter(asked.values_list("task_set", flat=True))
    return [
        _scored(
            each,
            {(pool, mark): rows[each.pk, pool, mark] for pool in POOLS for mark in (PROGRAM, MEANT_TO_FAIL)},
            fragments[each.task_set_id],
        )
        for each in evaluations
    ]


def _scored(
    evaluation: Evaluation, attempts: dict[tuple[str, str], list[tuple[int, str]]], fragments: int
) -> Scored:
    metric, broken = metric_name(evaluation.checker), broken_by(evaluation.controls)
    refusal = refusal_metric(evaluation.checker)
    return Scored(
        evaluation,
        metric,
        [score_pool(pool, metric, attempts[pool, PROGRAM], broken) for pool in POOLS],
        broken,
        [
            score_pool(pool, refusal, attempts[pool, MEANT_TO_FAIL], broken, MEANT_TO_FAIL)
            for pool in POOLS
            if attempts[pool, MEANT_TO_FAIL]
        ],
        fragments,
    )


def scoreboard(most: int = SCORES_ON_PAGE) -> list[Scored]:
    """Finished evaluations, newest dataset version first, then newest evaluation."""
    finished = (
        Evaluation.objects.filter(finished_at__isnull=False)
        .select_related("run__snapshot", "task_set")
        .defer("run__snapshot__manifest", "run__snapshot__report")  # some 20 MB each for 100,000 examples
        .order_by("-run__snapshot_id", "-pk")[:most]
    )
    return scored_all(list(finished))


@dataclass(frozen=True)
class Version:
    """A dataset version and the newest score of a model that was trained on it; None while there is none."""

    snapshot: Snapshot
    scored: Scored | None


def newest_versions(most: int) -> list[Version]:
    snapshots = Snapshot.objects.defer("manifest", "report")[:most]
    newest = (
        Evaluation.objects.filter(finished_at__isnull=False, run__snapshot__in=[s.pk for s in snapshots])
        .values("run__snapshot")
        .annotate(newest=Max("pk"))
        .values_list("newest", flat=True)
    )
    evaluations = Evaluation.objects.filter(pk__in=list(newest)).select_related("run__snapshot", "task_set")
    evaluations = evaluations.defer("run__snapshot__manifest", "run__snapshot__report")
    scores = {each.evaluation.run.snapshot_id: each for each in scored_all(list(evaluations))}
    return [Version(snapshot, scores.get(snapshot.pk)) for snapshot in snapshots]


def dashboard() -> dict[str, Any]:
    """What templates/training/_dashboard.html shows."""
    running = Run.objects.filter(state__in=["queued", "running", "lost"]).select_related("snapshot")
    running = running.defer("snapshot__manifest", "snapshot__report")
    return {"running_runs": running, "newest_versions": newest_versions(VERSIONS_ON_DASHBOARD)}


def worker_problem() -> str:
    """Why a queued run may wait for long: no training worker is there. "" when one is."""
    seen = WorkerSeen.objects.filter(queue="gpu").values_list("at", flat=True).first()
    remedy = (
        "Start one with `python3 manage.py up`, or train in the foreground with `manage.py train … --wait`."
    )
    if seen is None:
        return f"No training worker has ever been seen. {remedy}"
    if timezone.now() - seen > WORKER_SILENT_AFTER:
        return f"The training worker was last seen at {seen:%Y-%m-%d %H:%M:%S} UTC. {remedy}"
    return ""


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    return str(value)
