"""What is wrong with a text, each with its place: a line of the file, or a field or program of the form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from curation.domain.composing import Place, places
from curation.domain.problems import Problem
from curation.forms.sheet import Sheet, title_of

NOTHING_THERE = ("field-missing", "empty")  # codes of problems


@dataclass(frozen=True)
class Spot:
    """Where a page shows a problem.

    Attributes:
        where: In words: "line 3", "Title", "Main.bbj, line 2", or "".
        piece: The field or section of the form; "" without one.
        program: Its number in the form; -1 without one.
        at: The line in that program, counted from 1; 0 for the program as a whole.
    """

    where: str = ""
    piece: str = ""
    program: int = -1
    at: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {"where": self.where, "piece": self.piece, "program": self.program, "at": self.at}


@dataclass(frozen=True)
class Found:
    """A problem of the file, or a finding of the check, in words for a page."""

    word: str
    severity: str
    message: str
    spot: Spot


class Spots:
    """Finds the spot of each line of a text: in the file, or with a sheet in the form over it."""

    def __init__(self, text: str, sheet: Sheet | None) -> None:
        self.sheet = sheet
        self.places: Mapping[int, Place] = places(text) if sheet else {}
        self.numbers = sheet.numbers() if sheet else []

    def worded(self, problem: Problem) -> Problem:
        """The problem as the page puts it: a form has no lines to add."""
        if self.sheet and problem.code in NOTHING_THERE:
            return replace(problem, message=f"{title_of(problem.field)} is needed.", suggestion="")
        return problem

    def of_problem(self, problem: Problem) -> Spot:
        if self.sheet and problem.field:
            return Spot(title_of(problem.field), problem.field)
        return self.of_line(problem.line)

    def of_line(self, line: int) -> Spot:
        if not self.sheet:
            return Spot(f"line {line}" if line else "")
        place = self.places.get(line)
        if place is None:
            return Spot()
        if not 0 <= place.file < len(self.numbers):
            return Spot(title_of(place.piece), place.piece)
        number = self.numbers[place.file]
        title = self.sheet.programs()[number].name or f"Program {number + 1}"
        where = f"{title}, line {place.line}" if place.line else title
        return Spot(where, place.piece, number, place.line)


def found_in(problems: Sequence[Problem], findings: Sequence[Mapping[str, Any]], spots: Spots) -> list[Found]:
    """Problems as they come, then findings."""
    of_file = (
        Found(
            "Error" if problem.severity == "error" else "Warning",
            problem.severity,
            f"{problem.message} {problem.suggestion}".rstrip(),
            spots.of_problem(problem),
        )
        for problem in map(spots.worded, problems)
    )
    of_code = (
        Found(
            "Error" if finding["certain"] else "Hint",
            "error" if finding["certain"] else "warning",
            finding["message"],
            spots.of_line(finding["source_line"]),
        )
        for finding in findings
    )
    return [*of_file, *of_code]


def by_piece(found: Sequence[Found]) -> dict[str, list[Found]]:
    """For fields and sections: what is said at them. Of code only what is about no single program."""
    said = defaultdict(list)
    for each in found:
        if each.spot.piece and each.spot.program < 0:
            said[each.spot.piece].append(each)
    return said


def by_program(found: Sequence[Found]) -> dict[int, list[Found]]:
    said = defaultdict(list)
    for each in found:
        if each.spot.program >= 0:
            said[each.spot.program].append(each)
    return said
