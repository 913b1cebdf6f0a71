"""A revision is told in a few words: the label with both values, any other part by its name."""

from __future__ import annotations

import time

import pytest

from curation.domain.changes import change

TEXT = """\
---
title: "Print a line"
type: completion
generation: all
difficulty: basic
---

## Code

```bbj
rem one line
print "x"
```

## Explanation

It prints.
"""


@pytest.mark.parametrize(
    ("old", "new", "words", "added", "removed"),
    [
        ("generation: all", "generation: [bbj-gui, dwc]", ("label all → bbj-gui, dwc",), 1, 1),
        ("generation: all", "generation: dwc", ("label all → dwc",), 1, 1),
        ("difficulty: basic\n", "", ("difficulty basic → none",), 0, 1),
        ('print "x"\n', 'print "x"\nprint "y"\n', ("code",), 1, 0),
        ("It prints.", "It prints a line.", ("explanation",), 1, 1),
        ("Print a line", "Print", ("title",), 1, 1),
        ("\n\n## Explanation", "\n\n\n## Explanation", ("text",), 1, 0),
        ("type: completion", "type: nonsense", ("text",), 1, 1),
    ],
)
def test_what_changed_is_a_word(old, new, words, added, removed):
    found = change(TEXT, TEXT.replace(old, new))

    assert (found.words, found.added, found.removed) == (words, added, removed)


def test_a_first_text_is_no_change():
    assert change(None, TEXT).words == ("first text",)


def test_a_hard_text_takes_no_time():
    started = time.monotonic()

    change(TEXT + "\n" * 256_000, TEXT + "x\n\n" * 80_000)

    assert time.monotonic() - started < 2
