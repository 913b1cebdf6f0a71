"""The list's filters and full-text search, on the database's own index."""

from __future__ import annotations

import pytest

from curation.models import Example
from curation.services import finding, reindexing, standing
from curation.services.finding import Filters
from tests import makers


def found(**filters: str) -> list[str]:
    return [example.path for example in finding.find_examples(Filters(**filters))]


def tagged(title: str, tags: str) -> str:
    return makers.example_text(title).replace("difficulty: basic", f"difficulty: basic\ntags: [{tags}]", 1)


def test_each_search_word_begins_a_word_of_path_title_or_text(db):
    makers.example(
        "gui/hello-window.md", makers.example_text("Greeting", code="rem x\nwin!.addToolButton(1)\n")
    )
    makers.example("strings/other.md", makers.example_text("Say good-bye"))

    assert found(q="hello wind") == ["gui/hello-window.md"]
    assert found(q="GREET toolb") == ["gui/hello-window.md"]
    assert found(q="greeting bye") == []
    assert found(q="* ' \" & |") == []


def test_an_edit_changes_what_a_search_finds(db):
    example = makers.example("strings/a.md", tagged("Zither", "music"))

    makers.edited(example, tagged("Trumpet", "brass, loud"))

    assert found(q="zither") == []
    assert found(q="trumpet") == found(tag="brass") == found(tag="loud") == ["strings/a.md"]
    assert found(tag="music") == []


def test_filters_ask_for_label_author_verdict_and_problems(db):
    author = makers.user("author", "ann")
    mine = makers.example("gui/a.md", makers.example_text("One", generation="[dwc, bbj-gui]"), author=author)
    makers.example("gui/b.md", makers.example_text("Two"))
    makers.review(mine, "request_changes")

    assert found(author="ann") == found(generation="dwc") == found(generation="bbj-gui") == ["gui/a.md"]
    assert found(generation="all") == ["gui/b.md"]
    assert found(verdict="request_changes") == found(status="changes_requested") == ["gui/a.md"]
    _, counts = finding.find_and_count(Filters())
    assert (counts.of("changes_requested"), counts.of("needs_review"), counts.of("")) == (1, 1, 2)


def test_an_example_with_a_warning_has_problems(db):
    makers.example("gui/warned.md", makers.example_text("Short", code="rem too short\n"))
    sound = makers.example("gui/sound.md")

    with_problems, without = found(problems="yes"), found(problems="no")

    assert "gui/warned.md" in with_problems
    assert sound.path in [*with_problems, *without]
    assert not set(with_problems) & set(without)


@pytest.mark.parametrize("loss", ["words", "columns"])
def test_reindexing_brings_back_all_that_lists_know(db, loss):
    example = makers.approved("gui/a.md", tagged("Zither", "music"))
    if loss == "words":
        example.words.delete()
        example.tags.all().delete()
        assert not reindexing.is_complete()
    else:
        Example.objects.update(status="rejected", generation_label="", written_by=None, title="?")

    reindexing.describe_all()
    standing.refresh_all()

    assert reindexing.is_complete()
    assert found(q="zither", tag="music", status="approved", generation="all") == ["gui/a.md"]
    again = Example.objects.get(pk=example.pk)
    assert (again.title, again.written_by) == ("Zither", example.revisions.get().author)
