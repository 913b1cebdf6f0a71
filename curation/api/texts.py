"""What the studio says about a text that is no example yet. Nothing is stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field, StringConstraints

from curation.api.examples import Path, Text, TextFinding, code_findings, text_findings
from curation.api.problems import Problem, Refusal
from curation.api.shapes import ApiRequest, Body, Id
from curation.domain import markdown
from curation.domain.bbj import CHECK_VERSION, suggest_generation
from curation.services import authoring, drafting, measuring, nearing

router = Router(tags=["texts"])
MOST_FINDINGS = 200  # of each kind; a text of quotes alone has one a line


class TextIn(Body):
    text: Text
    path: Path = Field("", description="where the example shall lie; its topic folder is checked too")


class Checked(Schema):
    ok: bool = Field(description="it could be saved as it is")
    problems: list[TextFinding]
    findings: list[TextFinding]
    left_out: int = Field(description="how many more there are")
    checker: str


class NearIn(TextIn):
    example: Id | None = Field(None, description="the example that is edited, which is near to itself")


class NearText(Schema):
    id: int
    path: str
    title: str
    score: float = Field(description="0 to 1")
    rule: str = Field(description="text, code or prompt: where they are alike")
    kind: str


class NearTexts(Schema):
    near: list[NearText]
    says: str = Field(description="why this is not the whole answer; empty when it is")


class CutOut(Schema):
    limit: int = Field(description="tokens of the longest sample that a run takes")
    lost: int = Field(description="tokens at the end of the answer that it would not learn")
    refused: bool = Field(description="the prompt alone fills the limit")


class LengthOut(Schema):
    tokenizer: str
    of_rehearsal: bool
    prompt: int
    answer: int
    whole: int
    cuts: list[CutOut]


class CodeIn(Body):
    code: Annotated[str, StringConstraints(max_length=drafting.MAX_TEXT)] = Field(examples=['print "hello"'])


class Trace(Schema):
    line: int
    text: str
    rule: str
    generation: str
    strong: bool


class Generations(Schema):
    labels: list[str]
    ask_a_person: bool = Field(description="the traces contradict each other, or there are only weak ones")
    evidence: list[Trace]


@router.post("/texts/check", response=Checked, summary="Check a text as if it were saved")
def text_check(request: ApiRequest, payload: TextIn) -> dict[str, Any]:
    checked = authoring.read(payload.text.encode("utf-8", "replace"), path=payload.path)
    problems = [p for p in checked.problems if payload.path or p.code != "path"]
    findings = authoring.findings(checked)
    return {
        "ok": checked.doc is not None and not any(p.severity == "error" for p in problems),
        "problems": text_findings(problems)[:MOST_FINDINGS],
        "findings": code_findings(findings[:MOST_FINDINGS]),
        "left_out": sum(max(len(found) - MOST_FINDINGS, 0) for found in (problems, findings)),
        "checker": CHECK_VERSION,
    }


@router.post("/texts/near", response=NearTexts, summary="Find the examples that a text is near to")
def text_near(request: ApiRequest, payload: NearIn) -> dict[str, Any]:
    found = nearing.near_to(payload.text, path=payload.path, but=payload.example)
    near = [
        {
            "id": one.example.pk,
            "path": one.example.path,
            "title": one.example.title,
            "score": round(one.score, 4),
            "rule": one.rule,
            "kind": one.kind,
        }
        for one in found.near
    ]
    return {"near": near, "says": found.says}


@router.post("/texts/length", response={200: LengthOut, 409: Problem}, summary="Count the tokens of a text")
def text_length(request: ApiRequest, payload: TextIn) -> dict[str, Any]:
    """By the tokenizer that trains, where there is one on this server."""
    doc = markdown.parse(payload.text.replace("\0", ""), path=payload.path or "strings/new.md").doc
    if doc is None:
        raise Refusal("conflict", "Tokens are counted once the errors of the text are mended.")
    length = measuring.length_of(doc)
    names = ("tokenizer", "of_rehearsal", "prompt", "answer", "whole")
    return {name: getattr(length, name) for name in names} | {"cuts": [asdict(cut) for cut in length.cuts]}


@router.post("/texts/generations", response=Generations, summary="Suggest the generations of a program")
def text_generations(request: ApiRequest, payload: CodeIn) -> dict[str, Any]:
    """With the traces that speak for them. A person decides."""
    suggestion = suggest_generation(payload.code)
    return {
        "labels": list(suggestion.labels),
        "ask_a_person": suggestion.ask_a_person,
        "evidence": [
            {"line": t.line, "text": t.text, "rule": t.rule, "generation": t.generation, "strong": t.strong}
            for t in suggestion.evidence[:MOST_FINDINGS]
        ],
    }
