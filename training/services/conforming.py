"""How many answers are of the generation that their task asked for. Stands beside the score, never in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from curation.domain.labels import GENERATIONS
from training.domain import intervals
from training.models import Attempt, Evaluation
from training.services.scoring import POOLS

NO_CODE = "no code"


@dataclass(frozen=True)
class Answered:
    """One stored answer, as far as its generation goes; the fields are those of Attempt."""

    task: int
    asked: tuple[str, ...]
    produced: tuple[str, ...]
    conformance: str


@dataclass(frozen=True)
class Confusion:
    """Asked against produced: each row is what was asked, with one count a column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class AsAsked:
    """The answers of one pool. `value`, `low` and `high` are shares from 0 to 1; None while undefined."""

    pool: str
    verdicts: dict[str, int]  # conformance → answers
    tasks: int  # with an answer that could be judged
    confusion: Confusion
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""  # why there is no share

    @property
    def title(self) -> str:
        return POOLS[self.pool]

    @property
    def figures(self) -> str:
        """The share in one line, never a bare percentage."""
        if self.value is None or self.low is None or self.high is None:
            return f"Generation as asked: {self.why}"
        judged = self.verdicts.get("conforms", 0) + self.verdicts.get("differs", 0)
        return (
            f"Generation as asked {self.value:.1%}, 95 % interval {self.low:.1%} to {self.high:.1%} "
            f"({judged} answers to {self.tasks} tasks)"
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "pool": self.pool,
            "value": self.value,
            "interval": None if self.low is None else [self.low, self.high],
            "tasks": self.tasks,
            "verdicts": self.verdicts,
            "undefined_because": self.why or None,
        }

    @property
    def apart(self) -> list[tuple[str, int]]:
        """What is in no share, in words."""
        return [
            (
                "Cannot tell: no trace, or traces that contradict each other",
                self.verdicts.get("cannot tell", 0),
            ),
            ("No code in the answer", self.verdicts.get(NO_CODE, 0)),
        ]


def as_asked(evaluation: Evaluation) -> list[AsAsked]:
    """One a pool, from the stored attempts; those of old evaluations say that nothing was recorded."""
    fields = ("task__pool", "task_id", "asked", "produced", "conformance")
    answers: defaultdict[str, list[Answered]] = defaultdict(list)
    for pool, task, asked, produced, verdict in Attempt.objects.filter(evaluation=evaluation).values_list(
        *fields
    ):
        answers[pool].append(Answered(task, tuple(asked), tuple(produced), verdict))
    return [share_as_asked(pool, answers[pool]) for pool in POOLS]


def share_as_asked(pool: str, answers: Iterable[Answered]) -> AsAsked:
    """The share of answers that conform among those that could be judged."""
    listed = list(answers)
    verdicts = Counter(answer.conformance for answer in listed)
    judged = [answer for answer in listed if answer.conformance in ("conforms", "differs")]
    asked = Counter(answer.task for answer in judged)
    conforming = Counter(answer.task for answer in judged if answer.conformance == "conforms")
    why = ""
    if verdicts[""]:
        why = "not recorded. Evaluate again to record it."
    elif not judged:
        why = "no answer could be judged." if listed else "there are no answers."
    if why:
        return AsAsked(pool, dict(verdicts), 0, Confusion((), ()), why=why)
    found = intervals.over_tasks([(conforming[task], count) for task, count in asked.items()])
    return AsAsked(pool, dict(verdicts), len(asked), confusion(listed), found.value, found.low, found.high)


def confusion(answers: Iterable[Answered]) -> Confusion:
    """Every answer in one cell. Several generations stand in one heading: "bbj-gui, dwc"."""
    cells = Counter((answer.asked, answer.produced) for answer in answers)
    columns = sorted({produced for _, produced in cells}, key=_place)
    rows = sorted({asked for asked, _ in cells}, key=_place)
    return Confusion(
        tuple(", ".join(column) or NO_CODE for column in columns),
        tuple((", ".join(row), tuple(cells[row, column] for column in columns)) for row in rows),
    )


def _place(labels: tuple[str, ...]) -> tuple[int, list[int]]:
    """Few labels before many, "all" first, no code last."""
    order = ("all", *GENERATIONS)
    return len(labels) or len(order), [order.index(label) for label in labels]
