"""Who gave an example its generation label is kept with every text, whatever way it comes."""

from __future__ import annotations

from curation.models import Example, LabelMark
from curation.services import authoring, finding, importing, reindexing, revising
from curation.services.finding import Filters
from tests import makers

SIDES = """---
title: Into the browser
type: migration
generation: dwc
from_generation: character
to_generation: dwc
---

## Code

### Before (character)

```bbj
print @(1,1),"a"
```

### After (dwc)

```bbj
rem new
```

## Explanation

It runs in a browser now.
"""


def source(example: Example) -> str:
    example.refresh_from_db()
    return example.label_source


def newest_mark() -> LabelMark:
    return LabelMark.objects.order_by("-pk")[0]


def saved(example: Example, text: str, *, labelled: str = "") -> Example:
    authoring.save(
        author=makers.user(), path=example.path, text=text, base_hash=example.content_hash, labelled=labelled
    )
    example.refresh_from_db()
    return example


def imported(tmp_path, text: str) -> Example:
    makers.put(tmp_path, "gui/a.md", text)
    importing.run_import(importing.plan_import(tmp_path), author=makers.user("maintainer"))
    return Example.objects.get(path="gui/a.md")


def test_what_an_author_writes_is_labelled_by_a_person(author):
    example = makers.example(author=author)

    mark = LabelMark.objects.get()
    assert source(example) == "person"
    assert (mark.by, mark.part, mark.generations, mark.content_hash) == (
        author,
        "",
        ["all"],
        example.content_hash,
    )


def test_an_imported_label_stays_imported_while_only_the_words_change(tmp_path, db):
    example = imported(tmp_path, makers.example_text("One"))

    saved(example, makers.example_text("Two"))

    assert source(example) == "import"
    assert LabelMark.objects.get().source == "import"


def test_whoever_changes_an_imported_label_gives_it(tmp_path, db):
    example = imported(tmp_path, makers.example_text("One"))

    saved(example, makers.example_text("One", generation="[dwc, bbj-gui]"))

    assert source(example) == "person"
    assert newest_mark().generations == ["bbj-gui", "dwc"]


def test_a_suggestion_that_an_author_accepted_is_counted_apart(db):
    example = makers.example()

    saved(example, makers.example_text("New", generation="dwc"), labelled="suggestion")

    assert source(example) == "suggestion"


def test_a_label_in_another_order_is_the_same_label(tmp_path, db):
    example = imported(tmp_path, makers.example_text("One", generation="[bbj-gui, dwc]"))

    saved(example, makers.example_text("One", generation="[dwc, bbj-gui]"))

    assert source(example) == "import"


def test_a_text_that_comes_back_brings_its_label_back_as_it_was(tmp_path, author):
    example = imported(tmp_path, makers.example_text("One"))
    saved(example, makers.example_text("One", generation="dwc"))

    revising.restore(example=example, number=1, author=author, base_hash=example.content_hash)

    assert source(example) == "import"


def test_a_migration_is_labelled_by_the_weaker_of_its_sides(tmp_path, db):
    example = imported(tmp_path, SIDES)

    saved(example, SIDES.replace("from_generation: character", "from_generation: vpro5"))

    assert source(example) == "import"
    newest = newest_mark()
    assert (newest.part, newest.generations, newest.source) == ("before", ["vpro5"], "person")


def test_lists_count_and_filter_by_who_labelled_and_by_what_the_traces_say(tmp_path, db):
    makers.example("gui/person.md", makers.example_text("P", code='rem x\nprint @(1,1),"a"\n'))
    imported(tmp_path, makers.example_text("One"))

    def found(**filters: str) -> list[str]:
        return [example.path for example in finding.find_examples(Filters(**filters))]

    counts = {"": 0, "import": 1, "suggestion": 0, "person": 1}
    assert finding.label_counts(Filters(labelled="person")) == (counts, False)
    assert finding.label_counts(Filters(q="gui")) == (counts, False)
    assert found(labelled="person") == found(traces="differs") == ["gui/person.md"]
    assert (
        found(labelled="import") == found(labelled="not_person") == found(traces="conforms") == ["gui/a.md"]
    )
    assert found(labelled="unknown") == []


def test_an_update_reads_what_the_traces_say_again(db):
    example = makers.example()
    Example.objects.update(label_verdict="")
    assert not reindexing.is_complete()

    reindexing.describe_all()

    example.refresh_from_db()
    assert example.label_verdict == "conforms"
    assert reindexing.is_complete()
