"""Which generation labels the programs of an example suggest, while it is written. A person accepts one.

Source: docs/generations.md ("A person's label")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from curation.domain.bbj.conformance import Verdict, compare
from curation.domain.bbj.generation import weigh
from curation.domain.bbj.generation_traces import Evidence, find_traces
from curation.domain.bbj.lexer import logical_lines
from curation.domain.code_lines import CodePiece
from curation.domain.composing import Pieces
from curation.domain.schema import choices, field_kinds

_REMARK = re.compile(r"\s*(?:rem\b.*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Trace:
    """A place that speaks for a generation, in the program `file`, counted from 0."""

    file: int
    found: Evidence  # line and column count in that program


@dataclass(frozen=True)
class LabelAdvice:
    """What the traces say about the programs that one label is for.

    Attributes:
        part: "before", "after", or "" for all programs.
        fields: Of the front matter, that hold the label.
        written: What is in the first of them.
        labels: What is suggested.
        verdict: Of `written` against the traces; None when nothing is written.
        unsure: Traces contradict each other, or there are only weak ones.
        traces: Those that decided, else all.
    """

    part: str
    fields: tuple[str, ...]
    written: tuple[str, ...]
    labels: tuple[str, ...]
    verdict: Verdict | None
    unsure: bool
    traces: tuple[Trace, ...]

    @property
    def accepted(self) -> dict[str, tuple[str, ...]]:
        """The fields that would change, with their new values; none in doubt or refused by the schema."""
        return {
            name: self.labels
            for name in self.fields
            if not self.unsure
            and set(self.labels) <= set(choices(name))
            and (len(self.labels) == 1 or field_kinds()[name] == "words")
            and set(self.labels) != set(self.written)
        }


def advise(pieces: Pieces) -> tuple[LabelAdvice, ...]:
    """One for each label of which there is code: two of a migration, one of other types."""
    if pieces.fields.get("type") != "migration":
        sides: dict[str, tuple[str, ...]] = {"": ("generation",)}
    else:
        sides = {"before": ("from_generation",), "after": ("to_generation", "generation")}
    advices = (_advice(pieces, part, fields) for part, fields in sides.items())
    return tuple(advice for advice in advices if advice)


def with_advice(pieces: Pieces, advices: Sequence[LabelAdvice]) -> Pieces:
    """The pieces with every suggested label accepted."""
    accepted = {name: value for advice in advices for name, value in advice.accepted.items()}
    values = {name: v if field_kinds()[name] == "words" else v[0] for name, v in accepted.items()}
    return replace(pieces, fields={**pieces.fields, **values})


def label_signature(pieces: Pieces) -> str:
    """All labels as one line: whoever accepted a suggestion and changed nothing since has the same one."""
    names = [name for name in field_kinds() if name.endswith("generation") and name in pieces.fields]
    values = ((name, pieces.fields[name]) for name in names)
    return ", ".join(f"{name} {v if isinstance(v, str) else ' '.join(v)}" for name, v in values)


def _advice(pieces: Pieces, part: str, fields: tuple[str, ...]) -> LabelAdvice | None:
    programs = [(n, piece) for n, piece in enumerate(pieces.code) if not part or piece.part == part]
    if not any(_has_statement(piece) for _, piece in programs):
        return None
    found = list(_traces(programs))
    suggestion = weigh(trace for trace, _ in found)
    value = pieces.fields.get(fields[0], ())
    written = (value,) if isinstance(value, str) else value
    known = set(written) <= {"all", *choices("generation")}
    said = compare(written, suggestion) if written and known else None
    decided = said.evidence if said else (suggestion.strong or suggestion.evidence)
    return LabelAdvice(
        part,
        fields,
        written,
        suggestion.labels,
        said.verdict if said else None,
        suggestion.ask_a_person,
        tuple(trace for evidence, trace in found if evidence in decided),
    )


def _traces(programs: Sequence[tuple[int, CodePiece]]) -> Iterator[tuple[Evidence, Trace]]:
    """Each trace twice: with a line that counts through all the programs, and with its own."""
    done = 0
    for n, piece in programs:
        for found in find_traces(logical_lines(f"{piece.code}\n"), done + 1):
            yield found, Trace(n, replace(found, line=found.line - done))
        done += piece.code.count("\n") + 1


def _has_statement(piece: CodePiece) -> bool:
    return not all(_REMARK.fullmatch(line) for line in piece.code.split("\n"))
