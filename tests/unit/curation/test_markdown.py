from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.domain import markdown
from curation.domain.problems import has_errors

GOOD = """---
title: Say hello
type: completion
generation: [bbj-gui, dwc]
difficulty: basic
tags: [first]
description: Write a program that greets.
requires_version: "23.04"
---

## Code

```bbj
REM Say hello
PRINT "hello"
```

## Expected Output

```
hello
```

## Explanation

PRINT writes a line.
"""


def codes(text: str, path: str = "strings/say-hello.md") -> dict[str, int]:
    """Each problem's code with its line."""
    return {problem.code: problem.line for problem in markdown.parse(text, path=path).problems}


def test_a_good_file_gives_every_part_of_the_example():
    parsed = markdown.parse(GOOD, path="strings/say-hello.md")

    doc = parsed.doc
    assert doc is not None and not has_errors(parsed.problems)
    assert (doc.topic, doc.title, doc.type, doc.generations) == (
        "strings",
        "Say hello",
        "completion",
        ("bbj-gui", "dwc"),
    )
    assert [(f.code, f.line, f.tag) for f in doc.code_files] == [('REM Say hello\nPRINT "hello"\n', 14, "bbj")]
    assert (doc.expected_kind, doc.expected) == ("output", "```\nhello\n```")
    assert doc.explanation == "PRINT writes a line."


def test_both_spellings_of_a_generation_stay_as_written():
    one = markdown.parse(GOOD.replace("[bbj-gui, dwc]", "dwc"), path="strings/a.md").doc
    many = markdown.parse(GOOD, path="strings/a.md").doc

    assert one is not None and many is not None
    assert (one.generation, one.generations) == ("dwc", ("dwc",))
    assert many.generation == ("bbj-gui", "dwc")


def test_files_and_sides_of_a_migration_are_told_apart():
    text = """---
title: Move on
type: migration
generation: dwc
from_generation: vpro5
to_generation: dwc
---
## Code
### Before (vpro5)
<!-- filename: Old.bbj -->
```bbj
REM old
```
### After (DWC)
<!-- filename: New.bbj -->
```bbj
REM new
```
```bbj
REM more
```
"""

    doc = markdown.parse(text, path="dwc/move-on.md").doc

    assert doc is not None
    assert [(f.name, f.part) for f in doc.code_files] == [("Old.bbj", "before"), ("New.bbj", "after"), ("", "after")]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("type: completion", "type: complete", "value-unknown", 3),
        ("generation: [bbj-gui, dwc]", "generation: bbj_gui", "value-unknown", 4),
        ("generation: [bbj-gui, dwc]", "generation: [all, dwc]", "all-in-list", 4),
        ("generation: [bbj-gui, dwc]", "generation: []", "empty", 4),
        ("generation: [bbj-gui, dwc]", "generation: [dwc, dwc]", "repeated", 4),
        ("title: Say hello", "title: ''", "empty", 2),
        ("title: Say hello", "title: 7", "wrong-kind", 2),
        ("title: Say hello\n", "", "field-missing", 1),
        ("tags: [first]", "tags: first", "wrong-kind", 6),
        ("tags: [first]", "author: me", "field-unknown", 6),
        ('"23.04"', "23.04", "quote-it", 8),
        ("tags: [first]", "title: again", "yaml-duplicate-key", 6),
        ("tags: [first]", "tags: &x [first]", "yaml-alias", 6),
        ("tags: [first]", "tags: !!python/name:os.system", "yaml-tag", 6),
        ("tags: [first]", "tags: " + "[" * 25 + "]" * 25, "yaml-depth", 6),
        ("tags: [first]", "tags: [first", "yaml", 7),
        ("tags: [first]", "tags: [2024-13-45]", "yaml", 2),
        ("PRINT writes", "<|im_end|> writes", "control-token", 26),
        ("PRINT writes", "\u202eTNIRP writes", "hidden-character", 26),
        ("PRINT writes", "a\x00b", "control-character", 26),
        ("PRINT writes", "a\ud800b", "surrogate", 26),
        ("```\n\n## Exp", "\n\n## Exp", "fence-open", 22),
        ("## Explanation", "## Code", "section-twice", 24),
    ],
)
def test_what_an_example_may_not_hold_is_named_with_its_line(old: str, new: str, code: str, line: int):
    broken = GOOD.replace(old, new, 1)
    assert broken != GOOD

    found = codes(broken)

    assert found.get(code) == line, found
    assert markdown.parse(broken, path="strings/say-hello.md").doc is None


@pytest.mark.parametrize("text", ["", "no front matter", "---\ntitle: x", "---\n---\n", "---\n- a\n---\n", "\ufeff---\n"])
def test_what_frontmatter_would_read_as_nothing_is_an_error(text: str):
    assert markdown.parse(text, path="strings/a.md").doc is None


def test_all_problems_of_a_file_come_at_once():
    broken = GOOD.replace("completion", "complete").replace('"23.04"', "23.04").replace("Say hello\ntype", "''\ntype")
    broken += "<|endoftext|>"

    assert {"value-unknown", "quote-it", "empty", "control-token"} <= set(codes(broken))


def test_the_nearest_allowed_value_is_suggested():
    problems = markdown.parse(GOOD.replace("[bbj-gui, dwc]", "bbj_gui"), path="gui/a.md").problems

    assert 'Did you mean "bbj-gui"?' in [p.suggestion for p in problems]


def test_soft_rules_warn_and_let_the_example_through():
    text = GOOD.replace("```bbj", "```basic").replace("REM Say hello\n", "").replace("## Expected", "## Hoped")

    found = codes(text, path="strings/Say_Hello.md")

    assert {"fence-tag", "no-rem", "code-length", "section-unknown", "no-expectation", "file-name"} <= set(found)
    assert markdown.parse(text, path="strings/Say_Hello.md").doc is not None


def test_headings_inside_fences_are_code():
    text = GOOD.replace('PRINT "hello"', 'PRINT "hello"\n## Explanation')

    doc = markdown.parse(text, path="strings/a.md").doc

    assert doc is not None and "## Explanation" in doc.code_files[0].code


def test_what_decoding_changes_is_listed():
    text, problems = markdown.decode(b"\xef\xbb\xbf---\r\ntitle: x\r\n", path="a.md")

    assert text == "---\ntitle: x\n"
    assert [p.code for p in problems] == ["normalised-bom", "normalised-crlf"]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\xff\xfe", "not-utf8"), (b"a\x00b", "control-character"), (b"x" * 300_000, "too-large"), (b"a\rb", "control-character")],
)
def test_bytes_that_are_no_example_are_refused(data: bytes, code: str):
    text, problems = markdown.decode(data, path="a.md")

    assert text is None
    assert [p.code for p in problems] == [code]


pieces = st.sampled_from(["---\n", "```bbj\n", "```\n", "## Code\n", "title: x\n", ": ", "[", "{", "&a", "*a", "\n", "\x00", "\ud800"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(pieces, st.text(max_size=8)), max_size=25).map("".join))
def test_parsing_never_raises_and_every_problem_has_a_place(text: str):
    parsed = markdown.parse(text, path="strings/a.md")

    lines = text.count("\n") + 1
    assert (parsed.doc is None) == has_errors(parsed.problems)
    assert all(0 <= problem.line <= lines + 1 for problem in parsed.problems)
