"""Cutting source into tokens: nothing is lost, nothing moves, nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import lex
from curation.domain.bbj.lexer import logical_lines

PIECES = st.one_of(
    st.sampled_from("\"'()[]:\n\r\t$%!#@=+/,; {\\&|.?\ufeff\x00\u2028é٣²"),
    st.sampled_from(
        ["rem ", "use ", "table f", "data ", "goto ", "a", "x1", "10", "1.5e3", "==", "//", "::"]
    ),
    st.sampled_from(["if ", " then ", " else ", "err=", "print ", "fi", "next", "method ", "\r\n", "\n:"]),
)
PROGRAMS = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))


def kinds(source: str) -> list[tuple[str, str]]:
    return [(t.kind, t.text) for t in lex(source) if t.kind not in ("blank", "line break", "continuation")]


@given(PROGRAMS)
def test_the_tokens_joined_give_the_source_back(source):
    assert "".join(token.text for token in lex(source)) == source


@given(PROGRAMS)
def test_every_token_is_where_it_says(source):
    physical = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    for token in lex(source):
        if token.kind not in ("blank", "line break", "continuation"):
            assert physical[token.line - 1][token.column - 1] == token.text[0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a!=new X()", "name a! · sign = · name new · name X · sign ( · sign )"),
        ('b$="say ""hi"""', 'name b$ · sign = · string "say ""hi"""'),
        ('b$="open', 'name b$ · sign = · open string "open'),
        ("c$=$0A1e$+$$", "name c$ · sign = · hex string $0A1e$ · sign + · hex string $$"),
        ("print 'CS'", "name print · mnemonic 'CS'"),
        ("#count%=3", "name #count% · sign = · number 3"),
        ("x=@(1,2)", "name x · sign = · sign @ · sign ( · number 1 · sign , · number 2 · sign )"),
        ("fin: rem the end", "label fin · sign : · comment rem the end"),
        ("0010 end", "line number 0010 · name end"),
        ("0010 fin: end", "line number 0010 · label fin · sign : · name end"),
        ("rem15=3", "name rem15 · sign = · number 3"),
        ("REM", "comment REM"),
        ("if a then rem why", "name if · name a · name then · comment rem why"),
        ("use ::it's (1)/x.bbj::X ; rem y", "name use · raw ::it's (1)/x.bbj::X  · sign ; · comment rem y"),
        (
            "x!=new ::a//b.bbj::C()",
            "name x! · sign = · name new · path ::a//b.bbj:: · name C · sign ( · sign )",
        ),
        ("table 00ff", "name table · raw 00ff"),
        ("table=1", "name table · sign = · number 1"),
        ("dim a$:t$", "name dim · name a$ · sign : · name t$"),
        ("declare Foo@ x!", "name declare · name Foo@ · name x!"),
    ],
)
def test_each_form_is_one_token(source, expected):
    assert " · ".join(f"{kind} {text}" for kind, text in kinds(source)) == expected


def test_a_continuation_goes_on_in_the_middle_of_a_word():
    source = 'pri\n:nt "a\n:b"\n:, c$'

    assert kinds(source) == [("name", "pri\n:nt"), ("string", '"a\n:b"'), ("sign", ","), ("name", "c$")]
    (line,) = logical_lines(source)
    assert line.text == 'print "ab", c$'
    assert line.position(line.text.index("nt")) == (2, 2)
    assert line.position(line.text.index("c$")) == (4, 4)


def test_a_comment_goes_on_over_its_continuations():
    assert kinds("rem one\n:(two\nprint") == [("comment", "rem one\n:(two"), ("name", "print")]


def test_many_continuations_are_read_in_linear_time():
    (line,) = logical_lines("x" + "\n:" * 200_000)

    assert line.text == "x"
