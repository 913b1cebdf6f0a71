"""The generation labels of an example: what each may be, who gave it, and the same text with other ones.

A migration has two, one a side; every other example has one.

Source: docs/labelling.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from curation.domain import composing
from curation.domain.bbj import Suggestion
from curation.domain.bbj.generation import weigh
from curation.domain.bbj.generation_traces import find_traces
from curation.domain.bbj.lexer import logical_lines
from curation.domain.labels import GENERATIONS, generation_label
from curation.domain.markdown import CodeFile, ExampleDoc

IMPORT, SUGGESTION, PERSON = "import", "suggestion", "person"  # who gave a label
SOURCES = ("", IMPORT, SUGGESTION, PERSON)  # the weakest first; "" is not known


@dataclass(frozen=True)
class Part:
    """One label and the code that it is about.

    Attributes:
        name: "before" or "after" in a migration, else "".
        fields: Fields of the front matter that hold the label.
        label: In the order of GENERATIONS.
    """

    name: str
    fields: tuple[str, ...]
    label: tuple[str, ...]
    files: tuple[CodeFile, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        return GENERATIONS if self.name else ("all", *GENERATIONS)


def parts_of(doc: ExampleDoc) -> tuple[Part, ...]:
    """Each label of an example, Before first."""
    if doc.type != "migration":
        return (Part("", ("generation",), in_order(doc.generations), doc.code_files),)
    before = tuple(file for file in doc.code_files if file.part == "before")
    after = tuple(file for file in doc.code_files if file.part != "before")
    # training-data/FORMAT.md: of a migration `generation` is that of the After code.
    fields = ("to_generation", "generation") if doc.to_generation else ("generation",)
    parts = [Part("after", fields, in_order(doc.to_generation or doc.generations), after)]
    if doc.from_generation:
        parts.insert(0, Part("before", ("from_generation",), (doc.from_generation,), before))
    return tuple(parts)


def labels_of(doc: ExampleDoc) -> dict[str, tuple[str, ...]]:
    """Part -> label."""
    return {part.name: part.label for part in parts_of(doc)}


def in_order(label: Iterable[str]) -> tuple[str, ...]:
    """A label in the order of GENERATIONS, each word once."""
    return tuple(generation_label(tuple(dict.fromkeys(label))).split())


def suggestion_of(part: Part) -> Suggestion:
    """What the traces in its code say; lines count in the example's file."""
    return weigh(trace for file in part.files for trace in find_traces(logical_lines(file.code), file.line))


def may_accept(part: Part, suggestion: Suggestion) -> bool:
    """Whether the suggestion is one that a person can accept: without a doubt, and a label of this part."""
    return bool(part.files) and not suggestion.ask_a_person and not refusal(part, suggestion.labels)


def refusal(part: Part, label: Sequence[str]) -> str:
    """Why this cannot be the label of this part, in a sentence; "" when it can."""
    if not label:
        return "Choose at least one generation."
    unknown = [word for word in label if word not in part.choices]
    if unknown == ["all"]:
        return 'A side of a migration is of one of the four generations: "all" is none.'
    if unknown:
        return f'"{unknown[0]}" is not one of {", ".join(part.choices)}.'
    if "all" in label and len(set(label)) > 1:
        return '"all" excludes the other generations.'
    if part.name == "before" and len(set(label)) > 1:
        return "The Before of a migration is of one generation."
    return ""


def with_labels(doc: ExampleDoc, labels: Mapping[str, Sequence[str]]) -> str:
    """The example's text with these labels, part -> label; every other character stays.

    The heading of a migration's side changes too where its brackets hold the old label: "### After (dwc)".

    Raises:
        composing.CannotSplit: The file is written in a way that no form can hold; the message says which.
    """
    pieces = composing.split(doc.text)
    fields = dict(pieces.fields)
    for part in parts_of(doc):
        label = in_order(labels.get(part.name, part.label))
        if label != part.label:
            fields |= dict.fromkeys(part.fields, label[0] if len(label) == 1 else label)
    return composing.compose(doc.text, replace(pieces, fields=fields))


def source_of(marks: Iterable[tuple[Sequence[str], str]], label: Sequence[str]) -> str:
    """Who gave a part its present label.

    The strongest word for it since it was last another one: accepting a suggestion takes nothing from a
    person's word for the same label.

    Args:
        marks: (label, source) in the order in which they were given, without those taken back.
    """
    strongest = ""
    for marked, source in marks:
        if in_order(marked) != in_order(label):
            strongest = ""
        elif SOURCES.index(source) > SOURCES.index(strongest):
            strongest = source
    return strongest


def weakest(sources: Iterable[str]) -> str:
    """Of an example: a migration is labelled by a person when both of its sides are."""
    return min(sources, key=SOURCES.index, default="")
