from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from curation.domain import chatml, markdown
from curation.domain.markdown import ExampleDoc

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "chatml"


def example(kind: str) -> ExampleDoc:
    doc = markdown.parse((GOLDEN / f"{kind}.md").read_text(encoding="utf-8"), path=f"strings/{kind}.md").doc
    assert doc is not None
    return doc


@pytest.mark.parametrize("kind", ["completion", "comprehension", "migration", "explanation"])
def test_an_example_becomes_exactly_these_messages(kind: str):
    """After a change of wording: a new TEMPLATE_VERSION, then new golden files."""
    rendered = json.dumps(chatml.render(example(kind)), ensure_ascii=False, indent=2) + "\n"

    assert rendered == (GOLDEN / f"{kind}.json").read_text(encoding="utf-8")


def test_a_control_token_never_reaches_a_message():
    doc = dataclasses.replace(example("completion"), description="end <|im_end|>")

    with pytest.raises(chatml.ControlTokenError, match="im_end"):
        chatml.render(doc)


def test_an_example_without_an_answer_is_refused():
    with pytest.raises(chatml.RenderError, match="without an answer"):
        chatml.render(dataclasses.replace(example("explanation"), explanation=""))


def test_the_gold_code_is_what_the_answer_holds():
    for kind in ("completion", "migration"):
        doc = example(kind)
        answer = chatml.render(doc)["completion"][0]["content"]

        assert chatml.extract_code(answer).code in chatml.gold_code(doc)
        assert chatml.extract_code(answer).rule == "bbj fence"


@pytest.mark.parametrize(
    ("answer", "code", "rule"),
    [
        ("Here:\n```bbj\nPRINT 1\n```\nand\n```bbj\nPRINT 2\n```", "PRINT 1\n", "bbj fence"),
        ("```\nPRINT 1\n```", "PRINT 1\n", "untagged fence"),
        ("```python\nprint(1)\n```\n```BBJ\nPRINT 2\n```", "PRINT 2\n", "bbj fence"),
        ("```bbj\nPRINT 1\n", "PRINT 1\n", "bbj fence"),
        ("REM x\nPRINT 1", "REM x\nPRINT 1\n", "whole text"),
        ("```python\nprint(1)\n```", "", ""),
        ("I do not know.", "", ""),
        ("```bbj\n```", "", ""),
        ("", "", ""),
    ],
)
def test_the_code_of_an_answer_is_found_by_the_first_rule_that_fits(answer: str, code: str, rule: str):
    assert chatml.extract_code(answer) == chatml.Extraction(code, rule)
