"""Suggested labels while somebody writes, and the templates and notes that the form is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.domain import markdown
from curation.domain.beginnings import beginning
from curation.domain.code_lines import CodePiece
from curation.domain.composing import Pieces, compose, split
from curation.domain.field_lines import Value
from curation.domain.format_notes import format_notes
from curation.domain.label_advice import advise, label_signature, with_advice
from curation.domain.labels import GENERATIONS, TYPES
from curation.domain.schema import field_kinds

EXAMPLES = sorted(Path(__file__).resolve().parents[3].glob("training-data/*/*.md"))
SCREEN = "rem a\nprint 'CS'"
WINDOW = 'rem b\nsysgui! = BBjAPI().openSysGui("X0")\nw! = sysgui!.addWindow(1,1,1,1,"",$00$)'


def pieces(*code: CodePiece, **fields: Value) -> Pieces:
    return Pieces(fields={"type": "completion", **fields}, code=code)


def test_a_label_is_suggested_with_the_place_that_speaks_for_it():
    (advice,) = advise(pieces(CodePiece("rem a\nx=1"), CodePiece(SCREEN)))

    assert (advice.labels, advice.written, advice.verdict) == (("character",), (), None)
    assert [(one.file, one.found.line, one.found.text) for one in advice.traces] == [(1, 2, "'CS'")]
    assert advice.accepted == {"generation": ("character",)}


def test_a_written_label_is_judged_and_the_same_one_is_not_suggested():
    (wrong,) = advise(pieces(CodePiece(SCREEN), generation=("dwc",)))
    (right,) = advise(pieces(CodePiece(SCREEN), generation=("character",)))

    assert (wrong.verdict, wrong.accepted) == ("differs", {"generation": ("character",)})
    assert (right.verdict, right.accepted) == ("conforms", {})


def test_code_without_a_user_interface_suggests_all():
    (advice,) = advise(pieces(CodePiece("rem a\nx=1")))

    assert (advice.labels, advice.traces) == (("all",), ())


@pytest.mark.parametrize("code", ["", "rem only\n  REM a remark", "\n\n"])
def test_nothing_is_suggested_before_there_is_a_statement(code):
    assert advise(pieces(CodePiece(code))) == ()


def test_the_sides_of_a_migration_have_labels_of_their_own():
    made = pieces(CodePiece(SCREEN, "", "before"), CodePiece(WINDOW, "", "after"), type="migration")

    accepted = with_advice(made, advise(made))

    assert accepted.fields == {
        "type": "migration",
        "from_generation": "character",
        "to_generation": ("bbj-gui", "dwc"),
        "generation": ("bbj-gui", "dwc"),
    }


def test_what_a_field_cannot_hold_is_not_suggested_for_it():
    before = CodePiece(WINDOW, "", "before")  # two generations, and from_generation holds one

    (advice,) = advise(pieces(before, type="migration"))

    assert (advice.labels, advice.accepted) == (("bbj-gui", "dwc"), {})


def test_a_label_in_doubt_is_shown_and_not_offered():
    (advice,) = advise(pieces(CodePiece(f"{SCREEN}\n{WINDOW}")))

    assert (advice.unsure, advice.accepted) == (True, {})
    assert len(advice.traces) > 1


def test_the_signature_tells_whether_a_label_changed_since():
    made = pieces(generation=("bbj-gui", "dwc"), from_generation="vpro5", title="a")

    assert label_signature(made) == "generation bbj-gui dwc, from_generation vpro5"


def test_a_label_that_is_no_word_of_the_format_is_not_judged():
    (advice,) = advise(pieces(CodePiece(SCREEN), generation=("bbj_gui",)))

    assert advice.verdict is None


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_no_shipped_label_is_spoken_against(file):
    assert not [advice for advice in advise(split(file.read_text())) if advice.verdict == "differs"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_template_holds_nothing_that_would_be_left_over(kind):
    text = beginning(kind, generations=("bbj-gui", "dwc"), difficulty="advanced")

    empty = split(text)
    assert empty.fields == {"type": kind, "generation": ("bbj-gui", "dwc"), "difficulty": "advanced"}
    assert (empty.preface, empty.expected, empty.explanation) == ("", "", "")
    assert {piece.code for piece in empty.code} <= {"rem "}


def test_a_filled_template_is_a_correct_file():
    text = beginning(generations=("all",))
    code = (CodePiece("\n".join(["rem x", *["x=1"] * 9])),)
    filled = Pieces(
        fields={**split(text).fields, "title": "A", "tags": ("b",), "description": "C"},
        code=code,
        expected_kind="output",
        expected="1",
        explanation="Why.",
    )

    made = compose(text, filled)

    assert markdown.parse(made, path="gui/a.md").problems == []
    assert made.startswith(
        '---\ntitle: "A"\ntype: completion\ngeneration: all\ndifficulty: basic\ntags: [b]\n'
    )


def test_the_format_says_something_about_every_field_type_and_generation():
    notes = format_notes()

    for word in (*field_kinds(), *TYPES, "all", *GENERATIONS):
        assert notes[word], word
    assert notes["completion"] == (
        "the model is asked the `description`, the model learns to answer with the code"
    )
    assert notes["dwc"].startswith("code that needs the Dynamic Web Client")
