"""Suggest which generation a program belongs to, with the places that say so. A person decides.

Source: docs/generations.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curation.domain.bbj import generation_rules as table
from curation.domain.bbj.generation_traces import Evidence, find_traces
from curation.domain.bbj.lexer import LogicalLine, logical_lines
from curation.domain.labels import GENERATIONS


@dataclass(frozen=True)
class Suggestion:
    """What the traces say.

    Attributes:
        labels: ("all",) without strong traces, else generations in the order of GENERATIONS.
        evidence: Every trace, in the order of the source.
        ask_a_person: Traces contradict each other, or there are only weak ones.
        families: Families with strong traces, in the order in which they appear.
    """

    labels: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    ask_a_person: bool
    families: tuple[str, ...] = ()

    @property
    def strong(self) -> tuple[Evidence, ...]:
        return tuple(found for found in self.evidence if found.strong)


def suggest_generation(source: str, first_line: int = 1) -> Suggestion:
    """Suggest labels for a program. Never raises; "all" when nothing in it draws on a screen.

    Args:
        first_line: The line of the file on which the program starts; evidence then counts as the file does.
    """
    return weigh(find_traces(logical_lines(source), first_line))


def suggest(lines: Sequence[LogicalLine]) -> Suggestion:
    """The same for a program that is read already."""
    return weigh(find_traces(lines))


def weigh(evidence: Iterable[Evidence]) -> Suggestion:
    """The label rule: what traces, also those of several files, say together."""
    found = tuple(evidence)
    speak_for = {trace.generations for trace in found if trace.strong}
    families = tuple(dict.fromkeys(trace.family for trace in found if trace.strong))
    if not speak_for:
        return Suggestion(("all",), found, ask_a_person=bool(found))
    labels = {label for generations in speak_for - {table.OBJECTS} for label in generations}
    if table.OBJECTS in speak_for and not labels & set(table.OBJECTS):
        labels |= set(table.OBJECTS)
    torn = {table.GUI_ONLY, table.DWC_ONLY} <= speak_for
    perhaps_browser = table.DWC_ONLY not in speak_for and any(
        trace.generations == table.DWC_ONLY for trace in found
    )
    ask = len(families) > 1 or torn or perhaps_browser
    return Suggestion(tuple(label for label in GENERATIONS if label in labels), found, ask, families)
