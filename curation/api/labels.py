"""Generation labels: whose they are, what the code suggests, and how far reviewers agree on them."""

from __future__ import annotations

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from pydantic import Field

from curation.api import etags
from curation.api.problems import Problem
from curation.api.shapes import ApiRequest, Body, Id, Label
from curation.domain import krippendorff, labelling
from curation.domain.bbj.conformance import compare
from curation.models import Example
from curation.services import agreeing, marking
from curation.services import labelling as labels_of_examples

router = Router(tags=["labels"])
Part = Literal["", "before", "after"]


class LabelOut(Schema):
    part: Part = Field(description="a side of a migration; empty: all of the example")
    generations: list[str]
    source: str = Field(description="who gave it: person, suggestion, import; empty: not known")
    suggested: list[str] = Field(description="by the traces in the code")
    may_accept: bool = Field(description="the suggestion leaves no doubt and is a label of this part")
    verdict: str = Field(description="of the label against the traces: conforms, differs, cannot tell")


class PartIn(Body):
    part: Part = ""
    generations: Label


class LabelsIn(Body):
    action: Literal["choose", "confirm", "accept"] = Field(
        description="choose: a person's label; confirm: the present ones are right; accept: what is suggested"
    )
    labels: list[PartIn] = Field([], max_length=2, description="for choose")


class AlphaOut(Schema):
    question: str = Field(description="approved, or a label: is it one of the text's?")
    alpha: float | None = Field(description="Krippendorff's, nominal; null: not defined")
    low: float | None = Field(description="of the 95 % interval")
    high: float | None
    texts: int
    votes: int
    word: str
    reading: str


@router.get("/examples/{example_id}/labels", response=list[LabelOut], summary="Read labels")
def label_list(request: ApiRequest, example_id: Id) -> list[dict[str, Any]]:
    """One, or two of a migration."""
    return _labels_out(get_object_or_404(Example, pk=example_id))


@router.post(
    "/examples/{example_id}/labels",
    response={201: list[LabelOut], 409: Problem, 428: Problem},
    summary="Choose, confirm or accept labels",
)
def label_create(request: ApiRequest, example_id: Id, payload: LabelsIn) -> Status[list[dict[str, Any]]]:
    """A label that changes is a new revision; one that stays is not."""
    example = get_object_or_404(Example, pk=example_id)
    seen, by = etags.seen_hash(request, example), request.user
    if payload.action == "confirm":
        labels_of_examples.confirm(example_id=example.pk, content_hash=seen, by=by)
    elif payload.action == "accept":
        labels_of_examples.accept(example_id=example.pk, content_hash=seen, by=by)
    else:
        chosen: dict[str, list[str]] = {one.part: one.generations for one in payload.labels}
        labels_of_examples.choose(example_id=example.pk, content_hash=seen, labels=chosen, by=by)
    return Status(201, _labels_out(example))


@router.get("/agreement", response=list[AlphaOut], summary="How far reviewers agree")
def agreement(request: ApiRequest) -> list[dict[str, Any]]:
    """From verdicts that were given blind: docs/labelling.md."""
    texts = agreeing.judged_texts()
    alphas = {"approved": agreeing.verdict_alpha(texts), **agreeing.label_alphas(texts)}
    return [
        {
            "question": question,
            "alpha": alpha.value,
            "low": alpha.low,
            "high": alpha.high,
            "texts": alpha.units,
            "votes": alpha.votes,
            "word": alpha.word,
            "reading": krippendorff.reading(alpha),
        }
        for question, alpha in alphas.items()
    ]


def _labels_out(example: Example) -> list[dict[str, Any]]:
    marks = marking.standing([example.pk])[example.pk]
    rows = []
    for part in labels_of_examples.parts_of(example):
        suggestion = labelling.suggestion_of(part)
        rows.append(
            {
                "part": part.name,
                "generations": list(part.label),
                "source": marking.source_of(marks, {part.name: part.label}),
                "suggested": list(suggestion.labels),
                "may_accept": labelling.may_accept(part, suggestion),
                "verdict": compare(part.label, suggestion).verdict,
            }
        )
    return rows
