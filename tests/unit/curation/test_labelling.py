from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import markdown
from curation.domain.labelling import (
    SOURCES,
    labels_of,
    may_accept,
    parts_of,
    refusal,
    source_of,
    suggestion_of,
    weakest,
    with_labels,
)
from curation.domain.labels import GENERATIONS
from curation.domain.markdown import ExampleDoc

COMPLETION = """---
title: Greet
type: completion
generation: [dwc, bbj-gui]  # both clients
---

## Code

```bbj
rem greet
print @(5,3),"hello"
```
"""
MIGRATION = """---
title: Into the browser
type: migration
generation:
  - dwc
from_generation: character  # as it was
to_generation: dwc
---

## Code

### Before (character)

```bbj
rem old
#this!.x = 1
print @(5,3),"hello"
```

### After (dwc)

Two files:

```bbj
rem new
```

```bbj
rem ### After (dwc)
wnd! = BBjAPI().openSysGui("X0")
```
"""


def doc_of(text: str) -> ExampleDoc:
    doc = markdown.parse(text, path="gui/greet.md").doc
    assert doc
    return doc


def test_an_example_has_one_label_and_a_migration_one_a_side():
    assert labels_of(doc_of(COMPLETION)) == {"": ("bbj-gui", "dwc")}
    assert labels_of(doc_of(MIGRATION)) == {"before": ("character",), "after": ("dwc",)}


def test_a_migration_without_its_fields_is_labelled_by_what_it_has():
    text = MIGRATION.replace("from_generation: character  # as it was\nto_generation: dwc\n", "")

    assert labels_of(doc_of(text)) == {"after": ("dwc",)}


def test_the_files_of_a_side_are_judged_together_by_the_lines_of_the_file():
    before, after = parts_of(doc_of(MIGRATION))

    assert len(after.files) == 2
    assert suggestion_of(before).labels == ("character",)
    line = suggestion_of(before).evidence[0].line
    assert MIGRATION.split("\n")[line - 1].startswith("print @(5,3)")


def test_a_new_label_changes_its_line_alone():
    changed = with_labels(doc_of(COMPLETION), {"": ("character",)})

    assert changed == COMPLETION.replace("[dwc, bbj-gui]", "character")


def test_a_new_label_of_a_side_changes_the_fields_and_the_heading_that_name_it():
    changed = with_labels(doc_of(MIGRATION), {"after": ("dwc", "bbj-gui"), "before": ("vpro5",)})

    assert changed == MIGRATION.replace("generation:\n  - dwc", "generation:\n  - bbj-gui\n  - dwc").replace(
        "to_generation: dwc", "to_generation: [bbj-gui, dwc]"
    ).replace("generation: character ", "generation: vpro5 ").replace("(character)", "(vpro5)").replace(
        "\n### After (dwc)", "\n### After (bbj-gui, dwc)"
    )
    assert labels_of(doc_of(changed)) == {"before": ("vpro5",), "after": ("bbj-gui", "dwc")}


def test_every_generation_is_written_as_a_word_and_not_as_a_list():
    text = COMPLETION.replace("[dwc, bbj-gui]", "[dwc]")

    assert with_labels(doc_of(text), {"": ("all",)}) == COMPLETION.replace("[dwc, bbj-gui]", "all")


def test_the_same_label_changes_nothing():
    assert with_labels(doc_of(COMPLETION), {"": ("bbj-gui", "dwc")}) == COMPLETION


def test_a_heading_that_says_something_else_stays():
    text = MIGRATION.replace("(character)", "(character, as shipped in 1998)")

    assert "(character, as shipped in 1998)" in with_labels(doc_of(text), {"before": ("vpro5",)})


@pytest.mark.parametrize(
    ("part", "label", "why"),
    [
        ("", (), "at least one"),
        ("", ("all", "dwc"), '"all" excludes'),
        ("", ("bbj_gui",), '"bbj_gui" is not one of all, character'),
        ("before", ("all",), '"all" is none'),
        ("before", ("character", "vpro5"), "is of one generation"),
        ("after", ("all",), '"all" is none'),
    ],
)
def test_a_label_that_a_part_cannot_have_is_refused_in_a_sentence(part, label, why):
    parts = {part.name: part for part in (*parts_of(doc_of(COMPLETION)), *parts_of(doc_of(MIGRATION)))}

    assert why in refusal(parts[part], label)


@given(label=st.sets(st.sampled_from(GENERATIONS), min_size=1))
def test_any_combination_of_generations_is_a_label(label):
    (part,) = parts_of(doc_of(COMPLETION))

    assert refusal(part, tuple(label)) == ""
    assert set(labels_of(doc_of(with_labels(doc_of(COMPLETION), {"": tuple(label)})))[""]) == label


def test_a_suggestion_with_a_doubt_cannot_be_accepted():
    def part_of(code: str) -> bool:
        (part,) = parts_of(doc_of(COMPLETION.replace('print @(5,3),"hello"', code)))
        return may_accept(part, suggestion_of(part))

    assert part_of('print @(5,3),"hello"')
    assert part_of("x = 1")
    assert not part_of('print @(5,3),"hello"\nprint (sysgui)\'BUTTON\'(1,1,1,1,1,"a",$$)')


def test_no_suggestion_of_every_generation_for_a_side_of_a_migration():
    text = MIGRATION.replace('print @(5,3),"hello"', "x = 1")
    before, _ = parts_of(doc_of(text))

    assert suggestion_of(before).labels == ("all",)
    assert not may_accept(before, suggestion_of(before))


A, B = ("all",), ("bbj-gui", "dwc")


@pytest.mark.parametrize(
    ("marks", "source"),
    [
        ([], ""),
        ([(A, "import")], "import"),
        ([(A, "import"), (A, "suggestion")], "suggestion"),
        ([(A, "person"), (A, "suggestion")], "person"),
        ([(A, "person"), (B, "person"), (A, "suggestion")], "suggestion"),
        ([(A, "person"), (B, "suggestion")], ""),
        ([(B, "person"), (["all"], "import")], "import"),
    ],
)
def test_the_strongest_word_for_the_present_label_counts(marks, source):
    assert source_of(marks, A) == source


def test_an_example_is_labelled_by_a_person_when_each_of_its_sides_is():
    assert weakest(["person", "person"]) == "person"
    assert weakest(["person", "import"]) == "import"
    assert weakest(["suggestion", ""]) == ""
    assert weakest([]) == ""


@given(
    marks=st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from(SOURCES[1:]))),
    again=st.sampled_from(SOURCES[1:]),
)
def test_one_more_word_for_the_present_label_never_weakens_it(marks, again):
    before = SOURCES.index(source_of(marks, A))

    assert SOURCES.index(source_of([*marks, (A, again)], A)) >= before
