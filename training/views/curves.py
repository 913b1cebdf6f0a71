"""Curves as figures for an SVG that the template writes; no script in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.domain import metrics

WIDTH, HEIGHT = 560, 200  # user units of the SVG; the page scales it
SMALL = (290, 130)  # of several beside each other, so that their figures stay readable
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
    dot: tuple[float, float] | None  # where its only point is: a line of one point cannot be seen
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
    width: int
    height: int

    left = LEFT

    @property
    def right(self) -> int:
        return self.width - RIGHT

    @property
    def bottom(self) -> int:
        return self.height - BOTTOM

    @property
    def is_small(self) -> bool:
        return self.width < WIDTH


def chart(
    title: str,
    series: Sequence[tuple[str, Sequence[Point]]],
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Chart | None:
    """Draw up to six series of (step, value), ascending by step; None while there is nothing to draw.

    Args:
        size: Width and height of the figure in its own units.
    """
    width, height = size
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
        return round(LEFT + share * (width - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (height - TOP - BOTTOM), 1)

    lines = [
        Line(
            label=label,
            style=STYLES[place % len(STYLES)][0],
            dashes=STYLES[place % len(STYLES)][1],
            points=" ".join(f"{x(step)},{y(value)}" for step, value in points),
            dot=(x(points[0][0]), y(points[0][1])) if len(points) == 1 else None,
            last=number(points[-1][1]),
        )
        for place, (label, points) in enumerate(drawn)
    ]
    summary = "; ".join(
        f"{label} from {number(start[1])} at step {start[0]:g} to {number(end[1])} at step {end[0]:g}"
        for label, (start, *_, end) in ((label, [points[0], *points]) for label, points in drawn)
    )
    return Chart(
        title=title,
        lines=lines,
        x_ticks=[Tick(f"{step:g}", x(step)) for step in sorted({first, last})],
        y_ticks=[Tick(number(value), y(value)) for value in (high, (high + low) / 2, low)],
        summary=f"{title}: {summary}.",
        width=width,
        height=height,
    )


def number(value: float) -> str:
    """Three figures that count: "0.0005", "1.84", "2,980", "8.3e-07"."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value == 0 or abs(value) >= 1e-4 else f"{value:.2g}"
