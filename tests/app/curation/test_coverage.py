"""The coverage grid: counts by kind, and a link from each cell to what it counts."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.models import Example
from curation.services.coverage import COLUMNS, Cell, coverage
from tests import makers


@pytest.fixture
def some(db) -> None:
    makers.approved("gui/a.md", makers.example_text("A", generation="[bbj-gui, dwc]"))
    makers.example("gui/b.md", makers.example_text("B", generation="dwc", type="explanation"))
    makers.review(makers.example("gui/c.md", makers.example_text("C", generation="dwc")), "reject")
    makers.approved("oop/d.md", makers.example_text("D"))


def cells(grid, topic: str) -> dict[str, Cell]:
    row = next(row for row in grid.rows if row.topic == topic)
    return dict(zip(COLUMNS, row.cells, strict=True))


def test_a_cell_counts_approved_ones_and_all_that_may_become_training_data(some):
    grid = coverage()

    gui = cells(grid, "gui")
    assert (gui["dwc"], gui["bbj-gui"], gui["vpro5"]) == (Cell(1, 2), Cell(1, 1), Cell(0, 0))
    assert [row.total for row in grid.rows if row.total.examples] == [Cell(1, 2), Cell(1, 1)]
    assert grid.total == Cell(2, 3)


def test_the_cells_of_every_cut_add_up_to_the_examples(some):
    for by_type, by_difficulty in [(False, False), (True, False), (False, True), (True, True)]:
        grid = coverage(by_type=by_type, by_difficulty=by_difficulty)

        counted: Counter[str] = Counter()
        for row in grid.rows:
            counted.update({column: cell.examples for column, cell in zip(COLUMNS, row.cells, strict=True)})
        assert counted["dwc"] == 2
        assert len(grid.rows) == 7 * (4 if by_type else 1) * (3 if by_difficulty else 1)


def test_one_question_reads_the_grid_from_an_index(some):
    with CaptureQueriesContext(connection) as queries:
        coverage(by_type=True)

    assert len(queries) == 1


@pytest.mark.parametrize(
    "query", [{}, {"rows": "both"}, {"rows": "type", "difficulty": "basic"}, {"type": "x"}]
)
def test_each_number_leads_to_exactly_the_examples_it_counts(as_author, some, query):
    page = as_author.get(reverse("coverage"), query).content.decode()

    links = re.findall(r'href="([^"]+)" aria-label="[^"]*: (\d+) approved of (\d+)"', page)
    assert links
    for address, approved, examples in links:
        rows = as_author.get(address.replace("&amp;", "&")).context["page"].rows
        assert len(rows) == int(examples)
        assert sum(row.status == "approved" for row in rows) == int(approved)


def test_an_empty_cell_leads_to_a_new_example_of_its_kind(as_author, some):
    page = as_author.get(reverse("coverage"), {"rows": "both"}).content.decode()

    kind = "topic=strings&amp;type=migration&amp;difficulty=advanced&amp;generation=vpro5"
    new = f"{reverse('example_new')}?{kind}"
    assert f'href="{new}" aria-label="Write one here: strings, migration, advanced, vpro5"' in page
    assert as_author.get(new.replace("&amp;", "&")).status_code == 200


def test_htmx_gets_the_grid_alone(as_author, some):
    page = as_author.get(reverse("coverage"), HTTP_HX_REQUEST="true").content.decode()

    assert "<html" not in page
    assert page.lstrip().startswith('<div id="coverage">')
    assert Example.objects.count() == 4
