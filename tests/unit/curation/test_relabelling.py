"""Relabelled is an example whose generation labels changed; edited is one where anything else did."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import labelling, markdown
from curation.domain.relabelling import Rewritten, label_of, rewritten
from tests.makers import example_text

TEXT = example_text("Print a line", generation="all")
MIGRATION = example_text("Move a window", type="migration", generation="dwc").replace(
    "generation: dwc\n", "generation: dwc\nfrom_generation: vpro5\nto_generation: dwc\n"
)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("generation: all", "generation: dwc", Rewritten(False, "all", "dwc")),
        ("generation: all", "generation: [dwc, bbj-gui]", Rewritten(False, "all", "bbj-gui dwc")),
        ("generation: all", 'generation: ["bbj-gui", "dwc"]', Rewritten(False, "all", "bbj-gui dwc")),
        ("generation: all", "generation:\n  - bbj-gui\n  - dwc", Rewritten(False, "all", "bbj-gui dwc")),
        ("generation: all", "generation: dwc # sure", Rewritten(False, "all", "dwc")),
        ("generation: all", 'generation: "all"', Rewritten(False, "all", "all")),
        ("difficulty: basic", "difficulty: advanced", Rewritten(True, "all", "all")),
        ("difficulty: basic", "difficulty: basic # sure", Rewritten(True, "all", "all")),
        ("## Explanation\n", "## Explanation\n\nMore.\n", Rewritten(True, "all", "all")),
    ],
)
def test_labels_are_told_from_the_rest(old, new, found):
    assert rewritten(TEXT, TEXT.replace(old, new)) == found
    assert rewritten(TEXT.replace(old, new), TEXT) == found.mirrored


def test_a_new_label_and_other_words_are_both():
    found = rewritten(TEXT, example_text("Print a line", generation="dwc", explanation="It prints."))

    assert found == Rewritten(True, "all", "dwc")


def test_the_sides_of_a_migration_are_relabelled_with_their_headings():
    before = MIGRATION.replace("```bbj\n", "### After (dwc)\n\n```bbj\n")
    after = before.replace("to_generation: dwc", "to_generation: [bbj-gui, dwc]")
    after = after.replace("\ngeneration: dwc", "\ngeneration: [bbj-gui, dwc]").replace(
        "(dwc)", "(bbj-gui, dwc)"
    )

    assert rewritten(before, after) == Rewritten(False, "vpro5 → dwc", "vpro5 → bbj-gui dwc")


def test_what_the_studio_itself_writes_for_a_new_label_is_only_relabelled():
    doc = markdown.parse(TEXT, path="gui/a.md").doc
    assert doc

    written = labelling.with_labels(doc, {"": ("bbj-gui", "dwc")})

    assert rewritten(TEXT, written) == Rewritten(False, "all", "bbj-gui dwc")


@pytest.mark.parametrize(
    "text", ["", "---\n", "no front matter", "---\ngeneration: [all\n---\n", "---\nx\n---\n"]
)
def test_a_text_that_nobody_can_read_has_no_label(text):
    assert label_of(text) == ""
    assert rewritten(text, TEXT) == Rewritten(True, "", "all")


def test_a_field_inside_another_text_is_no_label():
    fake = TEXT.replace("difficulty: basic", 'requires_version: "1\ngeneration: dwc\n"')

    assert label_of(fake) == "all"


@given(st.text('abc:-[], \n#"', max_size=60))
def test_any_block_is_read_without_an_error(block):
    found = rewritten(TEXT, f"---\n{block}\ngeneration: dwc\n---\n")

    assert found.edited


def test_100_000_texts_take_seconds():
    pairs = [
        (TEXT + str(n), TEXT.replace("generation: all", "generation: dwc") + str(n)) for n in range(5_000)
    ]
    started = time.monotonic()

    assert all(rewritten(*pair) == Rewritten(False, "all", "dwc") for pair in pairs)
    assert time.monotonic() - started < 1
