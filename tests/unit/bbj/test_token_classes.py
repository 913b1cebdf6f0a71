"""The table of token classes: complete, the same for the editor, and right about what a piece is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import lexer
from curation.domain.bbj.token_classes import RULES, TOKEN_CLASSES, as_json, classified

ROOT = Path(__file__).resolve().parents[3]


def shown(source: str) -> list[tuple[str, str]]:
    """Class and text of every piece that has a class."""
    return [(name, piece.text) for name, piece in classified(source) if name != "plain"]


def test_every_rule_names_a_class_of_the_table_and_every_class_has_a_rule():
    assert {rule.token_class for rule in RULES} == set(TOKEN_CLASSES)


def test_every_kind_of_token_is_in_a_rule_or_plain_on_purpose():
    kinds = {value for name, value in vars(lexer).items() if name.isupper() and isinstance(value, str)}
    plain = {lexer.SIGN, lexer.BLANK, lexer.CONTINUATION, lexer.LINE_BREAK}

    assert {kind for rule in RULES for kind in rule.kinds} == kinds - plain


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("PRINT a$", [("keyword", "PRINT")]),
        ("rem15 = a", []),
        ("lbl: rem x", [("label", "lbl"), ("comment", "rem x")]),
        ("a!=new Point(x)", [("operator", "new"), ("type", "Point")]),
        ('x$="say ""hi"""', [("string", '"say ""hi"""')]),
        ('x$="open', [("string", '"open')]),
        ("x$=$0A$+'CS'", [("hex string", "$0A$"), ("mnemonic", "'CS'")]),
        ("use ::a/b.bbj::B", [("keyword", "use"), ("namespace", "::a/b.bbj::B")]),
        ("#name!.print()", [("field", "#name!"), ("member", "print")]),
        (
            "read(1,end=done)",
            [("keyword", "read"), ("number", "1"), ("option", "end")],
        ),
        ("start=1", [("number", "1")]),
        ("start 9", [("keyword", "start"), ("number", "9")]),
        ("len=len(a$)", [("function", "len")]),
        ("d=day", [("function", "day")]),
        ("a==b", [("error", "==")]),
        ("10 end", [("label", "10"), ("keyword", "end")]),
    ],
)
def test_a_piece_is_what_it_is_in_its_place(source, expected):
    assert shown(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('pri\n:nt "a\n:b"', [("keyword", "pri\n:nt"), ("string", '"a\n:b"')]),
        ("re\r\n:m one\r\n: two\r\nend", [("comment", "re\r\n:m one\r\n: two"), ("keyword", "end")]),
        ("x=a.\n:print", [("member", "print")]),
        ("x=a.\nprint", [("keyword", "print")]),
        ("x=1 \n:\nprint", [("number", "1"), ("keyword", "print")]),
        ("x=a.\n::f.bbj::B", [("namespace", "::f.bbj::")]),
    ],
)
def test_a_continuation_joins_what_it_cuts_and_a_new_line_does_not(source, expected):
    assert shown(source) == expected


@given(st.text() | st.text(alphabet=":\"'$#.;=(\n\r rem09px!"))
def test_the_pieces_joined_are_the_source_whatever_it_is(source):
    assert "".join(piece.text for _, piece in classified(source)) == source


def test_the_editor_has_the_table_as_it_is_now():
    made = (ROOT / "static/source/token_classes.json").read_text()

    assert made == as_json(), "see the docstring of token_classes.py, then build the bundle again"
