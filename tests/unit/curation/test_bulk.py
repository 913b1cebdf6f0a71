"""One change of many texts: it changes one field and no other character, or says why it does not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import bulk, markdown
from curation.domain.bulk import Kept, LeftOut, Plan, Planned
from curation.domain.labels import DIFFICULTIES, GENERATIONS
from curation.domain.markdown import ExampleDoc

TEXT = """\
---
# How to write a file
title: "Write: a file"   # the title
type: completion
generation: [bbj-gui, dwc]
difficulty: basic
tags:
  - file
  - 'write'
description: "Write it"
---

## Code

```bbj
rem Write a file
print "tags: [a, b]"
```

## Explanation

difficulty: basic
"""


def doc(text: str = TEXT) -> ExampleDoc:
    parsed = markdown.parse(text, path="file-io/write.md")
    assert parsed.doc, parsed.problems
    return parsed.doc


def lines_changed(before: str, after: str) -> list[str]:
    return [line for line in after.split("\n") if line not in before.split("\n")]


def test_each_change_writes_its_field_and_leaves_the_rest():
    assert lines_changed(TEXT, bulk.with_difficulty(doc(), "advanced").text) == ["difficulty: advanced"]
    assert lines_changed(TEXT, bulk.with_tag(doc(), "io").text) == ["  - io"]
    assert bulk.without_tag(doc(), "write").text == TEXT.replace("  - 'write'\n", "")
    assert lines_changed(TEXT, bulk.with_generation(doc(), ["dwc"]).text) == ["generation: dwc"]


def test_a_field_that_is_not_there_is_added_and_the_last_tag_takes_its_field_away():
    bare = TEXT.replace("difficulty: basic\ntags:\n  - file\n  - 'write'\n", "", 1)

    with_both = bulk.with_tag(doc(bulk.with_difficulty(doc(bare), "basic").text), "sql").text
    without = bulk.without_tag(doc(with_both), "sql").text

    assert (doc(with_both).difficulty, doc(with_both).tags) == ("basic", ("sql",))
    assert (doc(without).tags, "tags" in without.split("---")[1]) == ((), False)


@pytest.mark.parametrize(
    ("change", "value", "why"),
    [
        (bulk.with_difficulty, "basic", "it is basic already"),
        (bulk.with_tag, "file", 'it has the tag "file" already'),
        (bulk.without_tag, "sql", 'it has no tag "sql"'),
        (bulk.with_generation, ["dwc", "bbj-gui"], "its label is bbj-gui, dwc already"),
    ],
)
def test_what_is_so_already_is_left_out(change, value, why):
    with pytest.raises(LeftOut, match=re.escape(why)):
        change(doc(), value)


def test_a_migration_is_not_labelled_among_others():
    text = TEXT.replace("type: completion", "type: migration\nfrom_generation: vpro5\nto_generation: dwc")

    with pytest.raises(LeftOut, match="two labels"):
        bulk.with_generation(doc(text.replace("[bbj-gui, dwc]", "dwc")), ["dwc"])


def test_a_file_that_no_form_can_hold_is_left_out_with_the_reason():
    flow = TEXT.replace("tags:\n  - file\n  - 'write'\n", "").replace(
        'title: "Write: a file"   # the title\n', '"title": "Write"\n'
    )
    unsplittable = replace(doc(flow), text=flow.replace("---\n# How", "---\n{x: 1}\n# How", 1))

    with pytest.raises(LeftOut, match="only the editor can change"):
        bulk.with_difficulty(unsplittable, "advanced")


tags = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20).filter(
    lambda tag: not list(markdown.check_characters(tag, ""))
)  # a control token is no tag


@given(st.lists(tags, max_size=5, unique=True), tags, st.sampled_from(DIFFICULTIES))
def test_what_is_written_is_read_back_whatever_the_tag(given_tags, tag, difficulty):
    text = TEXT.replace("tags:\n  - file\n  - 'write'\n", "")
    for one in given_tags:
        text = bulk.with_tag(doc(text), one).text

    changed = doc(text)
    if tag not in changed.tags:
        changed = doc(bulk.with_tag(changed, tag).text)
    if changed.difficulty != difficulty:
        changed = doc(bulk.with_difficulty(changed, difficulty).text)

    assert changed.tags == (*given_tags, *([tag] if tag not in given_tags else []))
    assert changed.difficulty == difficulty
    assert changed.code_files[0].code == doc().code_files[0].code
    assert tag not in doc(bulk.without_tag(changed, tag).text).tags


@given(st.sets(st.sampled_from(GENERATIONS), min_size=1))
def test_a_label_is_written_in_one_order(generations):
    label = sorted(generations, key=GENERATIONS.index)
    if label == ["bbj-gui", "dwc"]:
        return

    assert list(doc(bulk.with_generation(doc(), list(generations)).text).generations) == label


def plan(*planned: Planned, kept: tuple[Kept, ...] = ()) -> Plan:
    return Plan("difficulty", "basic", planned, kept)


def test_a_digest_stands_for_these_texts_and_no_others():
    one = Planned(1, "gui/a.md", "A", "a" * 64, "basic", "advanced")
    other = Planned(2, "gui/b.md", "B", "b" * 64, "basic", "advanced")

    assert plan(one, other).digest == plan(other, one).digest
    for different in (
        plan(one),
        plan(replace(one, content_hash="c" * 64), other),
        plan(one, replace(other, before="intermediate")),
        plan(one, other, kept=(Kept(3, "gui/c.md", "C", "it is advanced already"),)),
        replace(plan(one, other), value="advanced"),
        replace(plan(one, other), action="add_tag"),
    ):
        assert different.digest != plan(one, other).digest


def test_reasons_come_with_the_most_frequent_first():
    kept = [Kept(n, f"gui/{n}.md", "", "own" if n == 1 else "done") for n in range(4)]

    found = [(why, len(rows)) for why, rows in plan(kept=tuple(kept)).kept_by_reason]

    assert found == [("done", 3), ("own", 1)]
