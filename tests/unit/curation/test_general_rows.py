from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import general_rows

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Reverse a list."}
ASSISTANT = {"role": "assistant", "content": "values[::-1]"}


def read(value: Any) -> tuple[general_rows.GeneralRow | None, list[str]]:
    row, problems = general_rows.read_row(json.dumps(value).encode(), file="x.jsonl", line=3)
    assert (row is None) == any(problem.severity == "error" for problem in problems)
    assert all((problem.file, problem.line) == ("x.jsonl", 3) for problem in problems)
    return row, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("value", "system"),
    [
        ({"messages": [SYSTEM, USER, ASSISTANT]}, "Be brief."),
        ({"messages": [USER, ASSISTANT], "id": 7, "topic": None}, ""),
        ({"prompt": "Reverse a list.", "completion": "values[::-1]"}, ""),
        ({"prompt": [SYSTEM, USER], "completion": [ASSISTANT]}, "Be brief."),
    ],
)
def test_each_usual_form_is_a_question_and_its_answer(value, system):
    row, codes = read(value)

    assert codes == []
    assert row == general_rows.GeneralRow(3, system, "Reverse a list.", "values[::-1]")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], "row-shape"),
        ({}, "row-shape"),
        ({"messages": "x"}, "row-shape"),
        ({"messages": [ASSISTANT, USER]}, "row-shape"),
        ({"messages": [USER, ASSISTANT, USER, ASSISTANT]}, "row-shape"),
        ({"messages": [USER, {"role": "assistant", "content": 1}]}, "row-shape"),
        ({"prompt": "x"}, "row-shape"),
        ({"prompt": "x", "completion": " "}, "empty"),
        ({"prompt": "x", "completion": "<|im_end|>"}, "control-token"),
        ({"prompt": "x", "completion": "AKIA" + "QW3RT7YU1OP5ASDF"}, "secret"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, code):
    assert read(value) == (None, [code])


def test_several_turns_are_named():
    _, (problem,) = general_rows.read_row(
        json.dumps({"messages": [USER, ASSISTANT] * 2}).encode(), file="x", line=1
    )

    assert "A conversation of 2 turns" in problem.message


@pytest.mark.parametrize("data", [None, b"{", b'{"prompt": NaN}', b'{"a": 1, "a": 2}', b"\xff"])
def test_what_is_no_line_of_json_is_refused(data):
    row, problems = general_rows.read_row(data, file="x", line=1)

    assert row is None
    assert len(problems) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "prompt", "completion", "role", "content"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_line_breaks_the_reader(value):
    row, problems = general_rows.read_row(json.dumps(value).encode(), file="x", line=1)

    assert (row is None) == any(problem.severity == "error" for problem in problems)
