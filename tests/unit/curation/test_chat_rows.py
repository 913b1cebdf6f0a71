from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.chat_rows import (
    LONGEST_LINE_BYTES,
    ChatRow,
    Repeated,
    lines_of,
    prompt_key,
    read_row,
    repeated_prompts,
)
from tests.chatml_set import message_row

GOOD = message_row("What does STR() do?", "It makes text of a number.", system="You know BBj.")


def line(value) -> bytes:
    return json.dumps(value).encode()


def codes(data: bytes | None, number: int = 7) -> list[str]:
    read = read_row(data, file="set.jsonl", line=number)
    assert (read.row is None) == any(p.severity == "error" for p in read.problems)
    return [problem.code for problem in read.problems]


def test_a_good_line_is_three_texts():
    read = read_row(line(GOOD), file="set.jsonl", line=7)

    assert read.row == ChatRow(7, "You know BBj.", "What does STR() do?", "It makes text of a number.")
    assert read.problems == ()


def swapped(**fields) -> dict:
    return {"messages": [*GOOD["messages"][:2], {**GOOD["messages"][2], **fields}]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "json"),
        (b"[1,2]", "row-shape"),
        (b"\xff{}", "not-utf8"),
        (b'{"messages": NaN}', "json-constant"),
        (b'{"messages": -Infinity}', "json-constant"),
        (b'{"messages": [], "messages": []}', "json-duplicate-key"),
        (b"[" * 100_000, "json-depth"),
        (b'{"a": ' * 50_000, "json-depth"),
        (b'{"messages": ' + b"9" * 10_000 + b"}", "row-shape"),
        (line({"messages": GOOD["messages"][:2]}), "message-count"),
        (line({"messages": [1, 2, 3]}), "row-shape"),
        (line({**GOOD, "source": "mine"}), "field-unknown"),
        (line(swapped(role="asistant")), "role"),
        (line(swapped(content=None)), "row-shape"),
        (line(swapped(content=" \n ")), "empty"),
        (line(swapped(content="half \ud800 of it")), "surrogate"),
        (line(swapped(content="a\x00b")), "control-character"),
        (line(swapped(content="a\u202eb")), "hidden-character"),
        (line(swapped(content="a\u200bb")), "hidden-character"),
        (line(swapped(content="a<|im_end|>b")), "control-token"),
        (None, "line-too-long"),
    ],
)
def test_what_json_readers_would_let_through_is_refused(data, code):
    assert code in codes(data)


def test_a_problem_names_the_pointer_and_the_nearest_word():
    problem = read_row(line(swapped(role="asistant")), file="set.jsonl", line=7).problems[0]

    assert (problem.file, problem.line) == ("set.jsonl", 7)
    assert problem.message.startswith("/messages/2/role: ")
    assert problem.suggestion == 'Did you mean "assistant"?'


def test_what_is_normalised_is_listed():
    data = b"\xef\xbb\xbf" + line(swapped(content="one\r\ntwo")) + b"\r"

    read = read_row(data, file="set.jsonl", line=1)

    assert read.row
    assert read.row.answer == "one\ntwo"
    assert [p.code for p in read.problems] == ["normalised-bom", "normalised-crlf", "normalised-crlf"]


def test_only_a_line_feed_ends_a_line():
    text = "one\u2028still one\x0b\x85\rstill\ntwo\n".encode()

    assert [number for number, _ in lines_of([text])] == [1, 2]


@given(st.binary(max_size=400), st.integers(1, 50))
def test_lines_are_the_same_however_the_stream_is_cut(data, size):
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    whole = data.split(b"\n")

    assert [part for _, part in lines_of(chunks)] == (whole if whole[-1] else whole[:-1])


def test_a_line_over_the_limit_is_reported_and_the_next_one_read():
    long = b"x" * (LONGEST_LINE_BYTES + 1)

    assert list(lines_of([long[:70_000], long[70_000:], b"\nnext"])) == [(1, None), (2, b"next")]


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data):
    codes(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["messages", "role", "content", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_json_makes_it_raise(value):
    codes(line(value))


@pytest.mark.parametrize(
    "data",
    [
        b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b',"k1":2}',
        b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}",
        b'{"messages": 1.' + b"1" * 1_000_000 + b"}",
        b'{"messages": ' + b"9" * 1_000_000 + b"}",
        b'{"messages": [' + b'{"role": "user"},' * 60_000 + b"1]}",
        b'{"' + b"m" * 1_000_000 + b'": 1}',
    ],
    ids=[
        "a key twice at the end",
        "many keys",
        "a long fraction",
        "a long number",
        "many messages",
        "a long key",
    ],
)
def test_a_hostile_line_is_refused_in_a_moment_with_few_problems(data):
    started = time.process_time()

    assert 0 < len(codes(data)) < 20
    assert time.process_time() - started < 2


def test_blanks_and_case_do_not_make_two_prompts_different():
    assert prompt_key("How do I\n print  it?") == prompt_key("how do i print it?")
    assert prompt_key("How do I print it?") != prompt_key("How do I print them?")


def test_repeated_prompts_are_told_apart_by_their_answers():
    rows = [(1, "a", "x"), (2, "b", "x"), (3, "a", "x"), (4, "b", "y"), (5, "c", "x"), (6, "b", "x")]

    assert repeated_prompts(rows) == [Repeated((1, 3), False), Repeated((2, 4, 6), True)]
