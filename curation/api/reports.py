"""What was found before a version was frozen: gates, leaks, strata."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import Field


class Waiver(Schema):
    reason: str
    by: str
    at: datetime


class Pair(Schema):
    """Two texts, and how alike they are by which rule; 1 is the same."""

    a: str
    b: str
    score: float
    rule: str


class Leaks(Schema):
    """How near the two sides, and the test tasks, come to each other: at most 20 pairs each."""

    across: list[Pair] = Field(description="a training and a validation text")
    tasks: list[Pair] = Field(description="a text and a held-out test task")
    task_set: str
    sampled: bool = Field(description="pairs may be closer that are less alike than the thresholds")
    thresholds: dict[str, float]
    grown_together: list[list[str]] = Field(description="ids of old clusters that are one now")


class Stratum(Schema):
    generation: str
    type: str
    train: int
    validation: int


class Gate(Schema):
    """One thing that was looked at before freezing."""

    code: str
    title: str
    passed: bool
    blocking: bool = Field(description="nothing is frozen until it passes")
    finding: str = Field(description="one sentence, which says what to do")
    offenders: list[str]
    more: int = Field(0, description="offenders that are not named")
    waiver: Waiver | None = Field(None, description="why the version is frozen in spite of it")
