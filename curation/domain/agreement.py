"""Does the code of an example bear out the generation that its author wrote? The author's word counts.

Source: docs/generations.md ("A person's label")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curation.domain.bbj.conformance import Conformance, Verdict, compare
from curation.domain.bbj.generation import weigh
from curation.domain.bbj.generation_traces import find_traces
from curation.domain.bbj.lexer import logical_lines
from curation.domain.markdown import CodeFile, ExampleDoc


@dataclass(frozen=True)
class Judged:
    """One part of an example: its Before, its After, or all of its code.

    Attributes:
        field: The field of the front matter that holds the label.
        part: "before", "after" or "".
        said: The label against the traces; lines and columns count in the example's file.
    """

    field: str
    part: str
    said: Conformance


@dataclass(frozen=True)
class Agreement:
    """`verdict` is that of the part that agrees least; "cannot tell" where there is no code to judge."""

    parts: tuple[Judged, ...]

    @property
    def verdict(self) -> Verdict:
        verdicts = {part.said.verdict for part in self.parts}
        if "differs" in verdicts:
            return "differs"
        return "conforms" if verdicts == {"conforms"} else "cannot tell"


def agreement(doc: ExampleDoc) -> Agreement:
    """Judge an example. The files of a part are one program; a migration's two sides are judged apart."""
    parts = dict.fromkeys(file.part for file in doc.code_files)
    judged = []
    for part in parts:
        field, label = _label_of(doc, part)
        if label:
            judged.append(
                Judged(field, part, judge(label, [file for file in doc.code_files if file.part == part]))
            )
    return Agreement(tuple(judged))


def judge(label: Sequence[str], files: Sequence[CodeFile]) -> Conformance:
    """A label against the traces of several files, which count as one program."""
    traces = (trace for file in files for trace in find_traces(logical_lines(file.code), file.line))
    return compare(label, weigh(traces))


def answer_label(doc: ExampleDoc) -> tuple[str, ...]:
    """The generation that the answer to an example has to be of: of a migration that of its After."""
    return _label_of(doc, "after" if doc.type == "migration" else "")[1]


def _label_of(doc: ExampleDoc, part: str) -> tuple[str, tuple[str, ...]]:
    """The field that labels a part, and its value; () for the Before of a migration from nowhere."""
    if doc.type == "migration" and part == "before":
        return "from_generation", (doc.from_generation,) if doc.from_generation else ()
    if doc.type == "migration" and part == "after" and doc.to_generation:
        return "to_generation", doc.to_generation
    return "generation", doc.generations
