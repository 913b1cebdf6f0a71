"""Taking an example file apart and putting it together: nothing that was not changed moves by a character."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from curation.domain import markdown
from curation.domain.composing import (
    CannotSplit,
    CodePiece,
    Pieces,
    Place,
    compose,
    piece_problems,
    places,
    split,
)
from curation.domain.field_lines import Value
from curation.domain.schema import field_kinds

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = {
    str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "training-data").glob("*/**/*.md"))
}
TEXT = """\
---
# by Ada
title:   'Say "hello"'   # in quotes
type: migration
generation: [ "bbj-gui", "dwc" ]

tags:
  - window   # the main one
  # and
  - callback
requires_version: "23.04"
---
A note.

## Code

Old code first.

### Before (character)

<!-- filename: a.bbj -->
```bbj
rem old
```

Between.

### After (dwc)

~~~~bbj
rem new
~~~~

## Expected Output ##

one

two


## Explanation

Why.
"""


def changed(text: str, **pieces: Any) -> str:
    return compose(text, replace(split(text), **pieces))


def with_field(text: str, name: str, value: Value) -> str:
    return changed(text, fields={**split(text).fields, name: value})


def test_a_text_has_these_pieces():
    assert split(TEXT) == Pieces(
        fields={
            "title": 'Say "hello"',
            "type": "migration",
            "generation": ("bbj-gui", "dwc"),
            "tags": ("window", "callback"),
            "requires_version": "23.04",
        },
        preface="A note.",
        code=(CodePiece("rem old", "a.bbj", "before"), CodePiece("rem new", "", "after")),
        expected_kind="output",
        expected="one\n\ntwo",
        explanation="Why.",
    )


@pytest.mark.parametrize(
    ("name", "value", "line", "instead"),
    [
        (
            "title",
            "It's new",
            """title:   'Say "hello"'   # in quotes""",
            "title:   'It''s new'   # in quotes",
        ),
        ("generation", ("dwc",), '[ "bbj-gui", "dwc" ]', '["dwc"]'),
        ("tags", ("window", "grid"), "  - callback\n", "  - grid\n"),
        ("tags", ("callback",), "  - window   # the main one\n  # and\n", ""),
        ("tags", "", "tags:\n  - window   # the main one\n  # and\n  - callback\n", ""),
        ("requires_version", "24.00", '"23.04"', '"24.00"'),
        ("difficulty", "basic", "\ntags:", "difficulty: basic\n\ntags:"),
        ("description", "a: b", "requires", 'description: "a: b"\nrequires'),
        ("description", "one\n\ntwo", "requires", "description: |-\n  one\n\n  two\nrequires"),
        ("to_generation", ("dwc",), '04"\n---', '04"\nto_generation: dwc\n---'),
    ],
)
def test_a_field_changes_its_own_characters_only(name, value, line, instead):
    assert TEXT.count(line) == 1

    assert with_field(TEXT, name, value) == TEXT.replace(line, instead)


def test_a_value_that_yaml_would_misread_is_quoted():
    for value in (
        "23.10",
        "yes",
        "null",
        "2024-01-01",
        "# no",
        "- a",
        "&a",
        "a: b",
        'say "x"',
        "é\u2028\ufeff\x07",
    ):
        text = with_field(TEXT, "description", value)

        assert markdown.parse(text, path="gui/a.md").doc is None or split(text).fields["description"] == value
        assert split(text).fields["description"] == value


@pytest.mark.parametrize(
    ("pieces", "line", "instead"),
    [
        ({"preface": "Other."}, "A note.", "Other."),
        ({"preface": ""}, "A note.\n\n", ""),
        ({"expected": "three"}, "one\n\ntwo", "three"),
        ({"expected_kind": "behavior"}, "## Expected Output ##", "## Expected Behavior ##"),
        ({"expected": "", "expected_kind": ""}, "## Expected Output ##\n\none\n\ntwo\n\n\n", ""),
        ({"explanation": "Because."}, "Why.", "Because."),
        ({"explanation": ""}, "\n## Explanation\n\nWhy.\n", ""),
    ],
)
def test_a_section_changes_its_own_lines_only(pieces, line, instead):
    assert changed(TEXT, **pieces) == TEXT.replace(line, instead)


OLD, NEW = split(TEXT).code


@pytest.mark.parametrize(
    ("code", "line", "instead"),
    [
        ((replace(OLD, code="rem older\nend"), NEW), "rem old\n", "rem older\nend\n"),
        ((replace(OLD, name="b.bbj"), NEW), "a.bbj", "b.bbj"),
        ((replace(OLD, name=""), NEW), "<!-- filename: a.bbj -->\n", ""),
        ((OLD, replace(NEW, name="b.bbj")), "~~~~bbj", "<!-- filename: b.bbj -->\n~~~~bbj"),
        ((OLD, replace(NEW, code="~~~~~")), "~~~~bbj\nrem new\n~~~~", "~~~~~~bbj\n~~~~~\n~~~~~~"),
        (
            (OLD, CodePiece("rem more", "c.bbj", "before"), NEW),
            "### After",
            "<!-- filename: c.bbj -->\n```bbj\nrem more\n```\n\n### After",
        ),
        (
            (OLD, NEW, CodePiece("```", "", "after")),
            "## Expected",
            "````bbj\n```\n````\n\n## Expected",
        ),
        (
            (NEW,),
            "### Before (character)\n\n<!-- filename: a.bbj -->\n```bbj\nrem old\n```\n\nBetween.\n",
            "Between.\n",
        ),
        ((OLD,), "### After (dwc)\n\n~~~~bbj\nrem new\n~~~~\n\n", ""),
    ],
)
def test_a_program_changes_its_own_lines_only(code, line, instead):
    assert TEXT.count(line) == 1

    assert changed(TEXT, code=code) == TEXT.replace(line, instead)


def test_one_program_becomes_the_after_side_of_a_migration():
    text = "---\ntype: migration\n---\n\n## Code\n\n```bbj\nrem x\n```\n"
    fields = {"type": "migration", "from_generation": "vpro5", "to_generation": ("bbj-gui", "dwc")}

    made = changed(
        text, fields=fields, code=(CodePiece("rem y", "", "before"), CodePiece("rem x", "", "after"))
    )

    assert made.partition("## Code\n")[2] == (
        "\n### Before (vpro5)\n\n```bbj\nrem y\n```\n\n### After (bbj-gui, dwc)\n\n```bbj\nrem x\n```\n"
    )


def test_the_heading_of_a_side_follows_its_label():
    text = with_field(TEXT, "from_generation", "character")

    made = with_field(text, "from_generation", "vpro5")

    assert made == text.replace("from_generation: character", "from_generation: vpro5").replace(
        "### Before (character)", "### Before (vpro5)"
    )


def test_the_pieces_of_a_new_example_make_a_file():
    pieces = Pieces(
        fields={"title": "Say hello", "type": "completion", "generation": ("all",), "tags": ("a", "b")},
        code=(CodePiece("rem hello\nprint 1"),),
        expected_kind="output",
        expected="1",
        explanation="It prints.",
    )

    assert compose("", pieces) == (
        "---\ntitle: Say hello\ntype: completion\ngeneration: all\ntags: [a, b]\n---\n\n"
        "## Code\n\n```bbj\nrem hello\nprint 1\n```\n\n"
        "## Expected Output\n\n1\n\n## Explanation\n\nIt prints.\n"
    )


@pytest.mark.parametrize("path", SHIPPED)
def test_a_shipped_file_comes_back_to_the_character(path):
    text = SHIPPED[path]
    pieces = split(text)

    assert compose(text, pieces) == text
    assert split(compose("", pieces)) == pieces
    doc = markdown.parse(text, path="gui/a.md").doc
    assert doc is not None
    assert (doc.expected, doc.expected_kind, doc.explanation) == (
        pieces.expected,
        pieces.expected_kind,
        pieces.explanation,
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no front matter", "Line 1: The file has no front matter."),
        ("---\ntitle: [\n---\n", "is not YAML"),
        ("---\ntitle: a\ntitle: b\n---\n", '"title" stands there twice'),
        ("---\nrequires_version: 23.04\n---\n", "requires_version is not text to YAML. Put it in quotes."),
        ("---\ntags: window\n---\n", "tags is not a list"),
        ("---\ntags: [[a]]\n---\n", "tags is not text"),
        ("---\ntitle: |\n  a\n  b\n---\n", "title has several lines"),
        ("---\n{title: a, type: b}\n---\n", "one field a line"),
        ("---\n? title\n: a\n---\n", "does not begin its line"),
        ("---\ntitle: a\n---\n## Code\n```bbj\n", "Line 5: The code fence is never closed."),
        ("---\ntitle: a\n---\n## Code\n## Code\n", "Line 5: ## Code stands there twice."),
        ("---\ntitle: a\n---\n## Expected Output\n## Expected Behavior\n", "Join them"),
        ("---\ntitle: a\n---\n## Code\n<!-- filename: a -->\n", "Line 5: a file name, and no program"),
    ],
)
def test_a_text_that_no_form_can_hold_says_why(text, reason):
    with pytest.raises(CannotSplit) as refused:
        split(text)

    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("pieces", "piece"),
    [
        (Pieces(explanation="a\n## Code\nb"), "explanation"),
        (Pieces(expected="```\nnever closed", expected_kind="output"), "expected"),
        (Pieces(preface="~~~"), "preface"),
        (Pieces(code=(CodePiece("", "two words.bbj"),)), "code"),
    ],
)
def test_pieces_that_would_not_be_found_again_are_problems_and_lose_nothing(pieces, piece):
    assert [problem.field for problem in piece_problems(pieces)] == [piece]

    text = compose(SHIPPED["training-data/gui/hello-window.md"], pieces)

    for typed in (pieces.preface, pieces.expected, pieces.explanation, *(code.name for code in pieces.code)):
        assert typed in text


def test_a_line_is_found_in_its_piece():
    where = places(TEXT)
    lines = TEXT.split("\n")

    def at(words: str) -> Place | None:
        return where.get(next(n for n, line in enumerate(lines, 1) if words in line))

    assert at("# by Ada") is None
    assert at("title:") == Place("title")
    assert at("- callback") == Place("tags")
    assert at("A note.") == Place("preface")
    assert at("a.bbj") == Place("code", 0)
    assert at("rem new") == Place("code", 1, 1)
    assert at("Between.") == Place("code")
    assert at("two") == Place("expected")
    assert at("Why.") == Place("explanation")


# Any text, any pieces

LINES = st.lists(
    st.sampled_from(
        [
            *("---", "", " ", "## Code", "## Expected Output", "## Expected Behavior ##", "## Explanation"),
            *("## Notes", "### Before (x)", "### After", "### Other", "```", "```bbj", "~~~", "````", "text"),
            *(
                "<!-- filename: a.bbj -->",
                "  <!-- filename:b -->  ",
                "    indented",
                "rem x",
                "\u2028",
                "\x1c",
            ),
            *("title: a # c", "title: 'q'", 'type: "completion"', "generation:", "- dwc", "  - bbj-gui # c"),
            *("tags: [a, 'b, c']", "description: >", "description: |+", "  one", "", "# comment", "other: 1"),
            *("requires_version: '1'", "  two", "from_generation: ", "to_generation: [dwc]", "...", "\ufeff"),
        ]
    ),
    max_size=30,
)
SPLITTABLE = (
    st.tuples(LINES, LINES)
    .map(lambda both: "\n".join(["---", *(line for line in both[0] if line != "---"), "---", *both[1]]))
    .filter(lambda text: not _refused(text))
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(str.strip).filter(bool)
ONE_LINE = WORDS.filter(lambda text: "\n" not in text)
PROSE = st.one_of(
    WORDS, st.lists(st.sampled_from(["a", "", "```", "## x", "### y", "~~~", "---", "  b"])).map("\n".join)
).map(str.strip)
NAMES = st.one_of(st.just(""), st.sampled_from(["a.bbj", "b", "-->"]), st.from_regex(r"\A\S{1,5}\Z"))
CODE = st.one_of(PROSE, st.text(st.sampled_from("a`~ \n"), max_size=12))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": ONE_LINE,
    "word": ONE_LINE,
    "words": st.lists(ONE_LINE, min_size=1, max_size=3).map(tuple),
    "list": st.lists(ONE_LINE, min_size=1, max_size=3).map(tuple),
}


@st.composite
def any_pieces(draw: st.DrawFn) -> Pieces:
    fields: dict[str, Value] = {
        name: draw(PROSE.filter(bool) if name == "description" else FIELDS[kind])
        for name, kind in field_kinds().items()
        if draw(st.booleans())
    }
    expected = draw(PROSE)
    code = st.builds(CodePiece, CODE, NAMES, st.sampled_from(["", "before", "after"]))
    return Pieces(
        fields=fields,
        preface=draw(PROSE),
        code=tuple(draw(st.lists(code, max_size=4))),
        expected_kind=draw(st.sampled_from(["behavior", "output"])) if expected else "",
        expected=expected,
        explanation=draw(PROSE),
    )


def _refused(text: str) -> bool:
    try:
        split(text)
    except CannotSplit as refused:
        return bool(str(refused))
    return False


QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(st.one_of(SPLITTABLE, st.sampled_from(list(SHIPPED.values()))))
def test_nothing_changed_is_the_same_text(text):
    assert compose(text, split(text)) == text


@QUICK
@given(st.one_of(SPLITTABLE, st.sampled_from(list(SHIPPED.values())), st.just("")), any_pieces())
def test_composed_pieces_are_found_again(text, pieces):
    assume(not piece_problems(pieces))

    assert split(compose(text, pieces)) == pieces


@QUICK
@given(st.sampled_from(list(SHIPPED.values())), any_pieces(), st.data())
def test_one_changed_piece_is_found_again_and_the_others_stay(text, pieces, data):
    name = data.draw(st.sampled_from(["fields", "preface", "code", "explanation"]))
    mixed = replace(split(text), **{name: getattr(pieces, name)})
    assume(not piece_problems(mixed))

    assert split(compose(text, mixed)) == mixed


@QUICK
@given(SPLITTABLE, any_pieces())
def test_no_pieces_break_it_and_none_are_lost(text, pieces):
    made = compose(text, pieces)

    for typed in (pieces.preface, pieces.expected, pieces.explanation, *(code.code for code in pieces.code)):
        assert typed in made


@QUICK
@given(st.one_of(st.text(), LINES.map("\n".join)))
def test_any_text_is_split_or_refused_with_a_sentence_and_has_places(text):
    assert isinstance(places(text), dict)
    _refused(text)
