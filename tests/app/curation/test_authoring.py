from __future__ import annotations

import pytest

from curation.models import Draft, Example, ImmutableRowError, Revision
from curation.services import authoring, drafting
from tests import makers


def test_a_text_with_errors_is_kept_as_a_draft_and_nothing_else(author):
    saved = authoring.save(author=author, path="gui/a.md", text="no front matter", base_hash="")

    assert not saved.ok
    assert not Example.objects.exists()
    assert Draft.objects.get().text == "no front matter"


def test_a_saved_draft_is_gone(author):
    draft = drafting.open_draft(author=author, path="gui/a.md", text="no front matter")

    saved = authoring.save(
        author=author, path="gui/a.md", text=makers.example_text(), base_hash="", draft=draft
    )

    assert saved.revision is not None
    assert not Draft.objects.exists()


def test_an_unchanged_text_makes_no_revision(author):
    example = makers.example()
    text = Revision.objects.get().text

    saved = authoring.save(author=author, path=example.path, text=text, base_hash=example.content_hash)

    assert (saved.ok, saved.revision) == (True, None)
    assert Revision.objects.count() == 1


def test_two_authors_at_once_lose_nothing(author):
    example = makers.example()
    opened = example.content_hash
    theirs = makers.example_text("Theirs")
    makers.edited(example, theirs)

    with pytest.raises(authoring.StaleText) as raised:
        authoring.save(author=author, path=example.path, text=makers.example_text("Mine"), base_hash=opened)

    assert raised.value.theirs == theirs
    assert raised.value.mine == makers.example_text("Mine")
    assert Draft.objects.get(author=author).text == makers.example_text("Mine")


def test_a_text_that_is_safe_elsewhere_is_refused_without_touching_the_authors_draft(author):
    example = makers.example()
    opened = example.content_hash
    drafting.keep(drafting.draft_of(author=author, example=example), text="half a thought")
    makers.edited(example, makers.example_text("Theirs"))

    broken = authoring.write(author=author, path=example.path, text="no front matter", base_hash=opened)
    with pytest.raises(authoring.OtherText):
        authoring.write(author=author, path=example.path, text=makers.example_text("Mine"), base_hash=opened)

    assert not broken.ok
    assert Draft.objects.get().text == "half a thought"


def test_a_new_example_cannot_take_a_path_that_is_taken(author):
    taken = makers.example("gui/a.md")

    saved = authoring.save(author=author, path="gui/a.md", text=makers.example_text("Mine"), base_hash="")

    assert [problem.code for problem in saved.problems][:1] == ["path-taken"]
    assert Draft.objects.get(author=author).example is None
    assert taken.revisions.count() == 1


@pytest.mark.parametrize(
    "path",
    ["", "a.md", "gui/../../etc/a.md", "gui/..md", "/gui/a.md", "gui/a.txt", "gui/.hidden.md", "gui\\a.md"],
)
def test_a_path_outside_the_topic_folders_is_refused(author, path):
    saved = authoring.save(author=author, path=path, text=makers.example_text(), base_hash="")

    assert not saved.ok
    assert not Example.objects.exists()


def test_findings_stand_at_the_line_of_the_file(author):
    text = makers.example_text(code='rem broken\nprint "never closed\n')

    saved = authoring.save(author=author, path="gui/a.md", text=text, base_hash="")

    assert saved.revision is not None
    finding = saved.revision.findings[0]
    assert finding["line"] == 2
    assert text.split("\n")[finding["source_line"] - 1] == 'print "never closed'


def test_an_example_without_an_answer_is_warned_about(author):
    text = makers.example_text(type="comprehension").split("## Explanation")[0]

    saved = authoring.save(author=author, path="gui/a.md", text=text, base_hash="")

    assert saved.ok
    assert "not-trainable" in [problem.code for problem in saved.problems]


def test_a_title_that_no_column_holds_is_a_problem(author):
    saved = authoring.save(author=author, path="gui/a.md", text=makers.example_text("t" * 301), base_hash="")

    assert [(p.code, p.line) for p in saved.problems if p.severity == "error"] == [("title-too-long", 2)]


def test_a_draft_of_an_example_is_one_an_author(author):
    example = makers.example()

    first = drafting.open_draft(author=author, path=example.path)
    again = drafting.open_draft(author=author, path=example.path)

    assert first == again
    assert first.base_hash == example.content_hash


def test_each_failed_attempt_may_get_drafts_of_its_own(author):
    first = drafting.open_draft(author=author, path="gui/a.md", text="x", origin="attempt:17")
    again = drafting.open_draft(author=author, path="gui/a.md", text="x", origin="attempt:17")

    assert first != again


def test_a_revision_never_changes(author):
    revision = Revision.objects.get(example=makers.example())
    revision.text = "other"

    with pytest.raises(ImmutableRowError):
        revision.save()
