"""The coverage grid: what there is of each kind, with links to it and to writing what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curation.forms.coverage import CoverageForm
from curation.services.coverage import COLUMNS, Cell, Grid, Row, coverage
from studio.http import SignedInRequest

FEW, MANY = 5, 20  # approved examples of a cell, from which on it is coloured more strongly


@require_safe
def coverage_grid(request: SignedInRequest) -> HttpResponse:
    form = CoverageForm(request.GET)
    context = grid_context(coverage(**form.cut())) | {"form": form}
    template = "curation/_coverage_grid.html" if request.htmx else "curation/coverage.html"
    return render(request, template, context)


def grid_context(grid: Grid) -> dict[str, Any]:
    """What _coverage_grid.html needs."""
    split = [name for name in ("type", "difficulty") if len({getattr(row, name) for row in grid.rows}) > 1]
    rows = [_shown(row, split, before) for before, row in zip([None, *grid.rows], grid.rows, strict=False)]
    return {
        "columns": COLUMNS,
        "rows": rows,
        "total": grid.total,
        "gaps": sum(cell["level"] == "none" for row in rows for cell in row["cells"]),
        "of": len(rows) * len(COLUMNS),
    }


def _shown(row: Row, split: Sequence[str], before: Row | None) -> dict[str, Any]:
    kind = {"topic": row.topic, "type": row.type, "difficulty": row.difficulty}
    kind = {name: value for name, value in kind.items() if value}
    return {
        "topic": row.topic,
        "split": [kind[name] for name in split],
        "words": ", ".join(kind.values()),
        "begins": before is None or before.topic != row.topic,
        "query": urlencode({"status": "live", **kind}),
        "total": row.total,
        "cells": [
            {
                "count": cell,
                "words": ", ".join((*kind.values(), generation)),
                "query": urlencode({"status": "live", **kind, "generation": generation}),
                "new": urlencode({**kind, "generation": generation}),
                "level": _level(cell),
            }
            for generation, cell in zip(COLUMNS, row.cells, strict=True)
        ],
    }


def _level(cell: Cell) -> str:
    """How well the cell is filled, as the name of a class in the style sheet."""
    if not cell.examples:
        return "none"
    return "many" if cell.approved >= MANY else "some" if cell.approved >= FEW else "few"
