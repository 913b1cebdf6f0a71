"""The offline check: right when it fires, silent about everything that bbjcpl accepts."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import CHECK_VERSION, check
from curation.domain.bbj.check import MOST_FINDINGS
from curation.domain.bbj.rules import RULES
from tests.unit.bbj.verdicts import ACCEPTED, REFUSED

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "rules"
WORDS = st.one_of(
    st.sampled_from('"()[];=!1x \n\r'),
    st.sampled_from(
        ["print ", '"a"', "rem ", "; rem ", "goto a", "a: ", "use x", "def f(", "++", "==", "if "]
    ),
    st.sampled_from([" then", "fi", "next", "10 ", ",err=b", "\n:", "for i=1 to 2", "'CS'", "@(0,0)"]),
)
PROGRAMS = st.one_of(st.text(), st.lists(WORDS, max_size=40).map("".join))


def certain(source: str) -> list[tuple[int, int, str]]:
    return [(f.line, f.column, f.code) for f in check(source) if f.certain]


def hints(source: str) -> list[tuple[int, str]]:
    return [(f.line, f.code) for f in check(source) if not f.certain]


@pytest.mark.parametrize("source", ACCEPTED)
def test_what_bbjcpl_accepts_is_never_refused(source):
    assert certain(source) == []


@pytest.mark.parametrize("source", REFUSED)
def test_what_bbjcpl_is_recorded_to_refuse_is_refused(source):
    assert certain(source)


@pytest.mark.parametrize(
    ("source", "line", "column", "code"),
    [
        ('print "abc', 1, 7, "unclosed-string"),
        ('x=1\nprint "a:\n:b\nx=2', 2, 7, "unclosed-string"),
        ('print "\\""', 1, 7, "unclosed-string"),
        ("declare BBjVector v!)", 1, 21, "unbalanced-parentheses"),
        ("x=1\nif a then y = b +\n: ; z=2", 2, 17, "value-expected"),
        (
            "class public A\nmethod public void b(BBjString a!,\n:c!)\nmethodend\nclassend",
            3,
            2,
            "method-parameter",
        ),
        ("print 4 ! text", 1, 9, "stray-exclamation-mark"),
        ("if x != 4 then y=1", 1, 6, "stray-exclamation-mark"),
        ("print str(x", 1, 10, "unbalanced-parentheses"),
        ("print str(x,\nprint 1", 1, 10, "unbalanced-parentheses"),
        ("x = (1\n: + 2))", 2, 7, "unbalanced-parentheses"),
        ("x=a[1", 1, 4, "unbalanced-brackets"),
        ("x=(1]", 1, 5, "unbalanced-brackets"),
        ("def identity(v)", 1, 5, "def-without-fn"),
        ("10 def identity(v)=v", 1, 8, "def-without-fn"),
        ('print "a"   rem x', 1, 13, "rem-without-semicolon"),
        ("x = y rem why", 1, 7, "rem-without-semicolon"),
        ("x! = f(1) REM why", 1, 11, "rem-without-semicolon"),
        ("if x then y$=z$ rem why", 1, 17, "rem-without-semicolon"),
        ("use java.util.HashSet ; print 1", 1, 25, "statement-after-use"),
        ("goto nowhere", 1, 6, "undefined-label"),
        ("on x gosub here,there\nhere: return", 1, 17, "undefined-label"),
        ("read (1,key=k$,dom=none) a$", 1, 20, "undefined-label"),
        ("x=num(a$,err=bad)", 1, 14, "undefined-label"),
        ("seterr handler", 1, 8, "undefined-label"),
        ("if a then exitto out", 1, 18, "undefined-label"),
        ("x++", 1, 2, "foreign-operator"),
        ("++x", 1, 1, "foreign-operator"),
        ("x += 1", 1, 3, "foreign-operator"),
        ("if a == b then x=1", 1, 6, "foreign-operator"),
        ("if a && b then x=1", 1, 6, "foreign-operator"),
        ("if a || b then x=1", 1, 6, "foreign-operator"),
        ("// comment", 1, 1, "foreign-operator"),
        ("x = 1 // comment (with", 1, 7, "foreign-operator"),
    ],
)
def test_what_is_certainly_broken_is_refused_at_its_place(source, line, column, code):
    assert certain(source) == [(line, column, code)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("for i=0 to 3\nprint i", [(1, "unclosed-block")]),
        ("if a then\nx=1", [(1, "unclosed-block")]),
        (
            "while a\nrepeat\nswitch b\ncase 1",
            [(1, "unclosed-block"), (2, "unclosed-block"), (3, "unclosed-block")],
        ),
        ("def fna(x)\nx=x*2", [(1, "unclosed-block")]),
        ("10 print 1\nprint 2\n30 print 3", [(2, "mixed-line-numbers")]),
        ("x=fnround(1)+fnround(2)", [(1, "undefined-function")]),
        ("a$=chr$(65)+mid$(b$,2)", [(1, "other-basic-function"), (1, "other-basic-function")]),
        ('str$="abc"\nprint str$(1,2),a!.left$(1)', []),
        ("10 goto 15\n20 end", [(1, "undefined-line-number")]),
        ("print @(0,0),1\nw!=BBjAPI().getSysGui()", [(2, "mixed-generations")]),
    ],
)
def test_what_is_only_suspicious_is_a_hint(source, found):
    assert hints(source) == found
    assert certain(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "for i=1 to 3\nif i=2 then continue\nnext i",
        "for i=1 to 3\nif i=1 then next i\nnext i",
        "interface public Shape\nmethod public BBjNumber area()\ninterfaceend",
        "class public A\nmethod public void b()\nwhile 1\nbreak\nwend\nmethodend\nclassend",
        "if a then\nx=1\nelse\nx=2\nendif",
        "if a then x=1 else x=2 fi\nrepeat\nuntil x",
        "def fna(x)=x*2\ndef fnb(x)\nreturn x\nfnend",
        "repeat=1\nclass=4\nmethod=5",
        "switch a\ncase 1; break\ncase default; break\nswend",
    ],
)
def test_whole_blocks_raise_no_hint(source):
    assert check(source) == []


@given(PROGRAMS)
def test_any_text_has_an_answer_that_points_into_it(source):
    lines = len(re.split("\r\n|\r|\n", source))

    assert all(1 <= f.line <= lines and f.column >= 1 and f.message for f in check(source))


@given(PROGRAMS)
def test_a_comment_at_the_end_never_changes_the_verdict(source):
    assert certain(source + "\nrem the end") == certain(source)


def test_one_line_gives_one_certain_finding_of_its_form():
    assert len(certain('print (("a rem x')) == 1


def test_the_build_is_named():
    assert CHECK_VERSION == "offline check 2"


def guide_examples() -> list[tuple[str, str, str]]:
    """(rule, wrong, right) of every page."""
    pages = []
    for page in sorted(GUIDE.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        wrong, right = re.findall(r"^```bbj\n(.*?)```$", text, re.M | re.S)
        assert text.startswith(f"# {page.stem}\n")
        pages.append((page.stem, wrong, right))
    return pages


@pytest.mark.parametrize(("code", "wrong", "right"), guide_examples())
def test_the_guide_s_examples_are_true(code, wrong, right):
    found = check(wrong)

    assert {f.code for f in found} == {code}
    assert {f.certain for f in found} == {RULES[code].certain}
    assert check(right) == []


def test_the_guide_has_a_page_for_every_rule_and_for_nothing_else():
    assert {code for code, _, _ in guide_examples()} == set(RULES)


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.stem)
def test_the_guide_says_whether_a_rule_is_certain(page):
    kind = "**Certain**" if RULES[page.stem].certain else "**Hint**"

    assert page.read_text(encoding="utf-8").split("\n\n")[1].startswith(kind)


def test_a_hostile_text_gives_a_bounded_answer():
    found = check("gosub a\n" * (2 * MOST_FINDINGS))

    assert len(found) == MOST_FINDINGS


@pytest.mark.parametrize("deep", ["x=" + "(" * 5_000 + "1" + ")" * 5_000, "if a then " * 2_000])
def test_deep_nesting_is_left_unread(deep):
    assert certain(deep) == []
