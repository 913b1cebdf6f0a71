from __future__ import annotations

import dataclasses
import json
import re
import time
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


@pytest.mark.parametrize("kind", ["completion", "comprehension", "migration", "explanation"])
def test_a_row_has_one_system_message_first_and_the_policy_alone_makes_it(kind: str):
    doc = example(kind)
    same_labels = dataclasses.replace(doc, title="Another", description="Another", path="gui/x.md")

    messages = [m for part in chatml.render(doc).values() for m in part]

    assert [m["role"] for m in messages] == ["system", "user", "assistant"]
    assert messages[0]["content"] == chatml.system_prompt(doc) == chatml.system_prompt(same_labels)


def test_a_conversation_keeps_its_system_prompt_and_gets_the_plain_one_without_it():
    for own, expected in (("Be brief.", "Be brief."), ("", chatml.SYSTEM_PROMPTS["conversation"])):
        rendered = chatml.render_conversation(own, "How?", "So.")

        assert [m["role"] for part in rendered.values() for m in part] == ["system", "user", "assistant"]
        assert rendered["prompt"][0]["content"] == expected


@pytest.mark.parametrize("token", chatml.CONTROL_TOKENS)
def test_a_control_token_never_reaches_a_message(token: str):
    doc = dataclasses.replace(example("completion"), description=f"end {token}")

    with pytest.raises(chatml.ControlTokenError, match=re.escape(token)):
        chatml.render(doc)
    assert markdown.parse(f"{doc.text}\n{token}", path=doc.path).doc is None


@pytest.mark.parametrize(
    ("kind", "missing", "message"),
    [
        ("completion", {"code_files": ()}, "without an answer. Add a bbj fence in ## Code"),
        ("comprehension", {"explanation": " "}, "without an answer. Add text in ## Explanation"),
        ("comprehension", {"code_files": ()}, "without code to ask about. Add a bbj fence in ## Code"),
        ("migration", {"code_files": ()}, "without code to ask about. Add a bbj fence below ### Before"),
        ("explanation", {"explanation": ""}, "without an answer. Add text in ## Explanation"),
        ("explanation", {"title": " "}, "without a prompt"),
    ],
)
def test_an_example_that_lacks_a_side_is_refused(kind: str, missing: dict, message: str):
    with pytest.raises(chatml.RenderError, match=re.escape(message)):
        chatml.render(dataclasses.replace(example(kind), **missing))


def test_a_migration_without_its_after_side_has_no_answer():
    doc = example("migration")
    before = tuple(file for file in doc.code_files if file.part == "before")

    with pytest.raises(chatml.RenderError, match="below ### After"):
        chatml.render(dataclasses.replace(doc, code_files=before))
    assert "PRINT" not in chatml.prompt_code(doc)
    assert chatml.prompt_code(doc) in before[0].code


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
        ('10 name$="x"\n20 w!.show()', '10 name$="x"\n20 w!.show()\n', "whole text"),
        ("```bbj\r\nPRINT 1\r\n```\r\n", "PRINT 1\n", "bbj fence"),
        ("If you want to print, use PRINT.", "", ""),
        ("For this there is a verb.\nUse it like this.\nPRINT 1", "", ""),
        ("```python\nprint(1)\n```", "", ""),
        ("I do not know.", "", ""),
        ("```bbj\n```", "", ""),
        ("", "", ""),
    ],
)
def test_the_code_of_an_answer_is_found_by_the_first_rule_that_fits(answer: str, code: str, rule: str):
    assert chatml.extract_code(answer) == chatml.Extraction(code, rule)


@pytest.mark.parametrize(
    "answer", ["```" + "a" * 200_000, "```" + " " * 200_000, "```bbj\n" * 20_000, "a" * 200_000]
)
def test_an_answer_that_repeats_itself_costs_no_more_than_its_length(answer: str):
    started = time.process_time()

    chatml.extract_code(answer)

    assert time.process_time() - started < 0.5
