from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.domain import markdown
from curation.domain.labels import TOPICS
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
    assert doc is not None
    assert not has_errors(parsed.problems)
    assert (doc.topic, doc.title, doc.type, doc.generations) == (
        "strings",
        "Say hello",
        "completion",
        ("bbj-gui", "dwc"),
    )
    assert [(f.code, f.line, f.tag) for f in doc.code_files] == [
        ('REM Say hello\nPRINT "hello"\n', 14, "bbj")
    ]
    assert (doc.expected_kind, doc.expected) == ("output", "```\nhello\n```")
    assert doc.explanation == "PRINT writes a line."


def test_both_spellings_of_a_generation_stay_as_written():
    one = markdown.parse(GOOD.replace("[bbj-gui, dwc]", "dwc"), path="strings/a.md").doc
    many = markdown.parse(GOOD, path="strings/a.md").doc

    assert one is not None
    assert many is not None
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
    assert [(f.name, f.part) for f in doc.code_files] == [
        ("Old.bbj", "before"),
        ("New.bbj", "after"),
        ("", "after"),
    ]


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
        ("title: Say hello", "title:", "empty", 2),
        ("title: Say hello", "title: =", "yaml", 2),
        ("tags: [first]", "difficulty2: 5", "field-unknown", 6),
        ("difficulty: basic", "difficulty: 5", "value-unknown", 5),
        ("title: Say hello\n", "", "field-missing", 1),
        ("tags: [first]", "tags: first", "wrong-kind", 6),
        ("tags: [first]", "author: me", "field-unknown", 6),
        ('"23.04"', "23.04", "quote-it", 8),
        ("tags: [first]", "title: again", "yaml-duplicate-key", 6),
        ("tags: [first]", "tags: &x [first]", "yaml-alias", 6),
        ("tags: [first]", "tags: !!python/name:os.system", "yaml-tag", 6),
        ("tags: [first]", "tags: ! first", "yaml-tag", 6),
        ("tags: [first]", "<<: {tags: [first]}", "yaml-key", 6),
        ("tags: [first]", "? {a: b}\n: c", "yaml-key", 6),
        ("tags: [first]", "tags: [" + "x," * 10_000 + "]", "front-matter-too-large", 1),
        ("tags: [first]", "tags: [0x" + "f" * 6_000 + "]", "yaml", 2),
        ("tags: [first]", "tags: " + "[" * 25 + "]" * 25, "yaml-depth", 6),
        ("tags: [first]", "tags: [first", "yaml", 7),
        ("tags: [first]", "tags: [2024-13-45]", "yaml", 2),
        ("PRINT writes", "<|im_end|> writes", "control-token", 26),
        ("PRINT writes", "\u202eTNIRP writes", "hidden-character", 26),
        ("PRINT writes", "a\x00b", "control-character", 26),
        ("PRINT writes", "a\x85b", "control-character", 26),
        ("PRINT writes", "a\u2028b", "hidden-character", 26),
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


@pytest.mark.parametrize(
    "text", ["", "no front matter", "---\ntitle: x", "---\n---\n", "---\n- a\n---\n", "\ufeff---\n"]
)
def test_what_frontmatter_would_read_as_nothing_is_an_error(text: str):
    assert markdown.parse(text, path="strings/a.md").doc is None


def test_all_problems_of_a_file_come_at_once():
    broken = (
        GOOD.replace("completion", "complete")
        .replace('"23.04"', "23.04")
        .replace("Say hello\ntype", "''\ntype")
    )
    broken += "<|endoftext|>"

    assert {"value-unknown", "quote-it", "empty", "control-token"} <= set(codes(broken))
    assert "code-length" in codes(broken)  # a warning waits for no error to be mended


def test_a_problem_is_named_once():
    broken = GOOD.replace("difficulty: basic", "difficulty: 5").replace("title: Say hello\n", "")
    problems = markdown.parse(broken.replace("type: completion\n", ""), path="strings/a.md").problems

    assert sorted(p.code for p in problems if p.severity == "error") == [
        "field-missing",
        "field-missing",
        "value-unknown",
    ]


def test_a_version_is_to_be_quoted_as_the_author_wrote_it():
    problems = markdown.parse(GOOD.replace('"23.04"', "22.10"), path="strings/a.md").problems

    assert [p.suggestion for p in problems if p.code == "quote-it"] == [
        'Quote it as you wrote it, like requires_version: "23.04"'
    ]


def test_the_nearest_allowed_value_is_suggested():
    problems = markdown.parse(GOOD.replace("[bbj-gui, dwc]", "bbj_gui"), path="gui/a.md").problems

    assert 'Did you mean "bbj-gui"?' in [p.suggestion for p in problems]


def test_soft_rules_warn_and_let_the_example_through():
    text = (
        GOOD.replace("```bbj", "```basic").replace("REM Say hello\n", "").replace("## Expected", "## Hoped")
    )

    found = codes(text, path="strings/Say_Hello.md")

    assert {"fence-tag", "no-rem", "code-length", "section-unknown", "no-expectation", "file-name"} <= set(
        found
    )
    assert markdown.parse(text, path="strings/Say_Hello.md").doc is not None


def test_headings_inside_fences_are_code():
    text = GOOD.replace('PRINT "hello"', 'PRINT "hello"\n## Explanation')

    doc = markdown.parse(text, path="strings/a.md").doc

    assert doc is not None
    assert "## Explanation" in doc.code_files[0].code


def test_what_decoding_changes_is_listed():
    text, problems = markdown.decode(b"\xef\xbb\xbf---\r\ntitle: x\r\n", path="a.md")

    assert text == "---\ntitle: x\n"
    assert [p.code for p in problems] == ["normalised-bom", "normalised-crlf"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "not-utf8"),
        (b"a\x00b", "control-character"),
        (b"a\rb", "control-character"),
        (b"x" * 300_000, "too-large"),
    ],
)
def test_bytes_that_are_no_example_are_refused(data: bytes, code: str):
    text, problems = markdown.decode(data, path="a.md")

    assert text is None
    assert [p.code for p in problems] == [code]


def test_text_that_trains_nothing_is_pointed_out():
    text = GOOD.replace("\n## Code", "\nRead this first.\n\n## Code ##")

    assert codes(text)["text-unused"] == 10
    assert markdown.parse(text, path="strings/a.md").doc is not None


@pytest.mark.parametrize(
    "line",
    ["```" + "a" * 200_000 + "`", "```" + " " * 200_000 + "`", "## a" + " " * 200_000 + "x", "`" * 200_000],
    ids=["tag", "blanks", "heading", "fence"],
)
def test_a_hostile_line_costs_no_more_than_its_length(line: str):
    started = time.process_time()

    markdown.parse(GOOD + line, path="strings/a.md")

    assert time.process_time() - started < 0.5  # seconds; by the square of its length it would be minutes


PIECES = [
    "---\n",
    "```bbj\n",
    "```\n",
    "## Code\n",
    "### After\n",
    "\n",
    "\x00",
    "\ud800",
    "\u2028",
    "<|im_end|>",
]
YAML = [
    "title: x\n",
    "type: migration\n",
    "generation: all\n",
    ": ",
    "- ",
    "[",
    "{",
    "&a",
    "*a",
    "!!int ",
    "<<",
    "? ",
]
VALUES = [
    "0b_",
    "1:60",
    "2024-13-45",
    ".inf",
    "~",
    "yes",
    "=",
    "0x" + "f" * 5_000,
    "1e999",
    '"\\x',
    "|\n",
    "%YAML",
]
FIELDS = ["title", "type", "generation", "tags", "requires_version", "to_generation", "content", "7"]
some_text = st.one_of(st.sampled_from(PIECES + YAML + VALUES), st.text(max_size=8))


@settings(max_examples=120, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), some_text, max_size=4),
    st.lists(some_text, max_size=20).map("".join),
    st.booleans(),
)
def test_parsing_never_raises_and_every_problem_has_a_line(fields: dict[str, str], rest: str, whole: bool):
    block = "".join(f"{name}: {value}\n" for name, value in fields.items())
    text = f"---\n{block}---\n{rest}" if whole else f"{rest}{block}"

    parsed = markdown.parse(text, path="strings/a.md")

    assert (parsed.doc is None) == has_errors(parsed.problems)
    assert all(problem.line >= 1 for problem in parsed.problems)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60))
def test_decoding_never_raises_and_says_why_it_refuses(data: bytes):
    text, problems = markdown.decode(data, path="a.md")

    assert (text is None) == has_errors(problems)


@pytest.mark.parametrize("escape", ["\\0", "\\x07", "\\u200b", "<|im_\\x73tart|>"])
def test_an_escape_in_quotes_brings_in_no_character_that_is_refused(escape):
    text = GOOD.replace("title: Say hello", f'title: "Say {escape} hello"')

    problems = markdown.parse(text, path="strings/a.md").problems

    assert [(p.line, p.field) for p in problems if p.severity == "error"] == [(2, "title")]


SHIPPED = Path(__file__).resolve().parents[3] / "training-data"


def test_a_text_that_was_good_is_read_again_without_checks_as_the_same():
    files = [file for file in sorted(SHIPPED.glob("*/*.md")) if file.parent.name in TOPICS]
    assert len(files) > 50
    for file in files:
        path, text = f"{file.parent.name}/{file.name}", file.read_text(encoding="utf-8")

        assert markdown.read_again(text, path=path) == markdown.parse(text, path=path).doc


@pytest.mark.parametrize(
    "text", ["", "rem", "---\na: [", "---\na: [\n---\n", "---\n- a\n---\n", "---\na: 1\n---\n"]
)
def test_what_is_no_example_is_not_read_again(text):
    with pytest.raises(ValueError, match="front matter"):
        markdown.read_again(text, path="gui/a.md")
