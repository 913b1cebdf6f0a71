"""The offline check: right when it fires, silent about everything that bbjcpl accepts."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import CHECK_VERSION, check

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "offline-check.md"
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


@pytest.mark.parametrize(
    "source",
    [
        'print "a"; rem x',
        "lbl: rem text",
        "use java.util.HashSet ; rem x",
        "v!.get(0)",
        "#foo()",
        "v!.nosuch()",
        'class public X\nfield BBjString name!\nmethod public void a()\n#name!="x"\nmethodend\nclassend',
        "use ::missing.bbj::Foo",
        "for i=0 to 3",
        "if 1 then",
        # comments
        'enter; rem don\'t ("stop',
        "REM (",
        "rem",
        "if a=1 then rem (why",
        "if a=1 then\n: rem (why\nx=1\nfi",
        "x=1;\n: rem (why",
        "methodend; rem )",
        "rem /** documentation\nrem  */ a == b // c",
        "rem one\n:two (three",
        "remark=2",
        # strings and everything that looks like code inside one
        'a$="He said ""hi"" // == ++ && ||"',
        'a$="abc\n:def"',
        "a$=$0A1E$+$$",
        'print "(","[","rem x"',
        # what other languages would call something else
        "a!=new java.util.HashMap()",
        "if a!<>null() then x=1",
        "x=a+-b",
        "x=a++b",
        "x=a+ +b",
        "x=5*-1",
        # screens
        "print 'CS','BR',@(0,0),\"Hello\",'ER',@(10,10),\"x\",@(0,20),",
        "print (sysgui)'WINDOW'(200,200,500,200,\"x\",$00010003$)",
        "print ; rem nothing to print",
        "input *",
        "input (0,err=*same)'CS',x$:(\"\"=fin,\"Q\"=fin,len=1,9)\nfin: end",
        # arrays, templates, masks
        "dim a$:t$",
        "dread x![],y$[all]",
        "let x[1,2]=a$(1,5)",
        'print total:"##,##0.00-"',
        'mkeyed "f",[1:1:10]+[2:1:2:"D"],0,64',
        # paths
        "use ::it's/a (1).bbj::Thing",
        "declare ::a//b.bbj::Thing x!",
        "c! = ::a/b.bbj::Thing.make(1)",
        "declare Thing@ x!",
        # raw data
        "tab1: table ff 00 (",
        'data 1,2,"three',
        # functions
        "def fna(x)=x*2",
        "DEF FnCube(n)\nreturn n*n*n\nFNEND; REM x",
        "def=1",
        # USE as a name
        'use=1\nuse$="a"\nuse!.run()',
        # labels
        "gosub print\nprint: return",
        "on x goto a,b,c\na:b:c:end",
        "goto *next",
        "read (1,end=*break,dom=*next) a$",
        "read (1,key=k$,dom=none,err=none) a$\nnone: return",
        "read (1)iol=fields\nfields: iolist a$,b",
        "read record (1,ind=0,end=done) a$\ndone:\n",
        "x=num(a$,err=bad)\nbad: x=0",
        "goto fin\nif a then fin: end",
        "GOTO Fin\nFIN: end",
        "goto fin\nfin : end",
        "seterr handler\nhandler: end",
        "seterr 0\nsetesc off\nrestore",
        "let a=1,dom=b,end=c",
        "if (err=code) or tcb(5)=x then exit",
        "obj!.read(a!,end=limit)",
        "obj!.goto(page)",
        "method public void go()\ngoto done\nmethodend\nmethod public void other()\ndone:\nmethodend",
        "process_events,err=oops\noops: end",
        "if x then goto a else goto b\na: b: end",
        "if x then gosub a fi\na: return",
        "10 goto 20\n20 end",
        # blocks on one line
        "if a=6 then b=7 else b=8 fi; print b",
        "if a then if b then c=4 fi fi",
        "loop: if a then b=1; goto loop",
        "\ufeffprint 1",
        "",
        "\n\n",
        'print "a"\r\nprint "b"\r\n',
    ],
)  # fmt: skip
def test_what_bbjcpl_accepts_is_never_refused(source):
    assert certain(source) == []


@pytest.mark.parametrize(
    ("source", "line", "column", "code"),
    [
        ('print "abc', 1, 7, "unclosed-string"),
        ('x=1\nprint "a:\n:b\nx=2', 2, 7, "unclosed-string"),
        ('print "\\""', 1, 7, "unclosed-string"),
        ("method public void firstBroken())", 1, 33, "unbalanced-parentheses"),
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
        ("class public A\nmethod public void b()\nx=1", [(1, "unclosed-block"), (2, "unclosed-block")]),
        ("def fna(x)\nx=x*2", [(1, "unclosed-block")]),
        ("print 4 ! text", [(1, "stray-exclamation-mark")]),
        ("if x != 4 then y=1", [(1, "stray-exclamation-mark")]),
        ("10 print 1\nprint 2\n30 print 3", [(2, "mixed-line-numbers")]),
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
        "repeat=1\nwhile=2\nswitch=3\nclass=4",
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
    assert CHECK_VERSION == "offline check 1"


def guide_examples() -> list[tuple[str, str, str]]:
    text = GUIDE.read_text(encoding="utf-8")
    rows = re.findall(
        r"^### `([\w-]+)`.*?\nWrong:\n\n```bbj\n(.*?)```\n\nRight:\n\n```bbj\n(.*?)```", text, re.M | re.S
    )
    assert len(rows) == len(re.findall(r"^### `", text, re.M)), (
        "a rule in the guide has no wrong and right example"
    )
    return rows


@pytest.mark.parametrize(("code", "wrong", "right"), guide_examples())
def test_the_guide_s_examples_are_true(code, wrong, right):
    assert {f.code for f in check(wrong)} == {code}
    assert check(right) == []


def test_the_guide_holds_every_rule():
    folder = Path(__file__).resolve().parents[3] / "curation" / "domain" / "bbj"
    sources = "".join(
        (folder / name).read_text(encoding="utf-8") for name in ("check.py", "labels.py", "blocks.py")
    )
    rule = r'"((?:unclosed|unbalanced|undefined|def|rem|statement|foreign|stray|mixed)-[a-z-]+)"'
    codes = set(re.findall(rule, sources))

    assert {code for code, _, _ in guide_examples()} == codes
