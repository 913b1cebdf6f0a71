"""Is a program of the generation that was asked for? Says so only where its traces can tell.

Source: docs/generations.md ("As asked?")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from curation.domain.bbj.generation import Suggestion, suggest_generation
from curation.domain.bbj.generation_rules import FAMILIES
from curation.domain.bbj.generation_traces import Evidence

Verdict = Literal["conforms", "differs", "cannot tell"]


@dataclass(frozen=True)
class Conformance:
    """What was asked for against what the traces say.

    Attributes:
        asked: ("all",), or generations on each of which the program has to run.
        produced: The labels that the traces suggest.
        evidence: The traces that decided; where they cannot tell, all there are.
    """

    asked: tuple[str, ...]
    produced: tuple[str, ...]
    verdict: Verdict
    evidence: tuple[Evidence, ...]

    @property
    def sentence(self) -> str:
        """The verdict with its first evidence."""
        asked = ", ".join(self.asked)
        if not self.evidence:
            return {
                "conforms": f"No trace of a user interface, as {asked} asks.",
                "cannot tell": f"No trace of a user interface, so nothing tells whether this is {asked}.",
            }[self.verdict]
        first = self.evidence[0]
        trace = f"{first.text} in line {first.line} speaks for {first.generation} ({first.rule})"
        return {
            "conforms": f"{trace}, as {asked} asks.",
            "differs": f"The label says {asked}, but {trace}.",
            "cannot tell": f"The label says {asked} and {trace}; the traces leave a doubt.",
        }[self.verdict]


def conformance(asked: Sequence[str], source: str) -> Conformance:
    """Judge a program. Never raises, whatever the source is."""
    return compare(asked, suggest_generation(source))


def compare(asked: Sequence[str], suggestion: Suggestion) -> Conformance:
    """The same for traces that are weighed already."""
    wanted, strong = frozenset(asked), suggestion.strong

    def say(verdict: Verdict, evidence: Sequence[Evidence]) -> Conformance:
        return Conformance(tuple(asked), suggestion.labels, verdict, tuple(evidence))

    if "all" in wanted:
        return say("differs", strong) if strong else say("conforms", ())
    if not strong:
        return say("cannot tell", suggestion.evidence)
    against = [trace for trace in strong if not wanted <= set(trace.generations)]
    families = {FAMILIES[(generation,)] for generation in wanted}
    if families.isdisjoint(suggestion.families):
        return say("differs", against)
    if suggestion.ask_a_person:
        # The doubt does not matter where even the weak traces speak for what was asked.
        agree = all(wanted <= set(trace.generations) for trace in suggestion.evidence)
        return say("conforms", strong) if agree else say("cannot tell", suggestion.evidence)
    return say("conforms", strong) if wanted <= set(suggestion.labels) else say("differs", against)
