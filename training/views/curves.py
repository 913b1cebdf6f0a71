"""Curves as figures for an SVG that the template writes; no script in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.domain import metrics

WIDTH, HEIGHT = 560, 200  # user units of the SVG; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 26
MOST_POINTS = 300  # a line; more cannot be seen at this width
# Class of the line in studio.css, and its dashes in words: colour is never alone.
STYLES = (
    ("line-a", "Solid"),
    ("line-b", "Dashed"),
    ("line-c", "Dotted"),
    ("line-d", "Dash and dot"),
    ("line-e", "Long dashes"),
    ("line-f", "Two dots and a dash"),
)

Point = tuple[int, float]


@dataclass(frozen=True)
class Line:
    label: str
    style: str
    dashes: str
    points: str  # "x,y x,y …" in SVG units
    last: str  # value of the newest point


@dataclass(frozen=True)
class Tick:
    label: str
    at: float  # x or y in SVG units


@dataclass(frozen=True)
class Chart:
    title: str
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    summary: str  # the figure in words, for those who do not see it
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def chart(title: str, series: Sequence[tuple[str, Sequence[Point]]]) -> Chart | None:
    """Draw up to six series of (step, value), ascending by step; None while there is nothing to draw."""
    drawn = [(label, metrics.thin(points, at_most=MOST_POINTS)) for label, points in series]
    drawn = [(label, points) for label, points in drawn if points]
    if not drawn:
        return None
    steps = [step for _, points in drawn for step, _ in points]
    values = [value for _, points in drawn for _, value in points]
    first, last, low, high = min(steps), max(steps), min(values), max(values)
    if high == low:
        low, high = low - 0.5, high + 0.5

    def x(step: float) -> float:
        share = (step - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    lines = [
        Line(
            label=label,
            style=STYLES[number % len(STYLES)][0],
            dashes=STYLES[number % len(STYLES)][1],
            points=" ".join(f"{x(step)},{y(value)}" for step, value in points),
            last=f"{points[-1][1]:.3g}",
        )
        for number, (label, points) in enumerate(drawn)
    ]
    summary = "; ".join(
        f"{label} from {start[1]:.3g} at step {start[0]:g} to {end[1]:.3g} at step {end[0]:g}"
        for label, (start, *_, end) in ((label, [points[0], *points]) for label, points in drawn)
    )
    return Chart(
        title=title,
        lines=lines,
        x_ticks=[Tick(f"{step:g}", x(step)) for step in sorted({first, last})],
        y_ticks=[Tick(f"{value:.3g}", y(value)) for value in (high, (high + low) / 2, low)],
        summary=f"{title}: {summary}.",
    )
