"""Fix and approve: who may mend, what becomes of it, and how it is taken back."""

from __future__ import annotations

import pytest

from curation.models import AuditEntry, Draft
from curation.services import amending, authoring, reserving, reviewing, undoing
from tests import makers


@pytest.fixture
def example(author):
    return makers.example("gui/a.md", makers.example_text("A", generation="bbj-gui"), author=author)


def mend(example, reviewer, text: str = "", **more) -> authoring.Saved:
    saved = authoring.save(
        author=reviewer,
        path=example.path,
        text=text or makers.example_text("Mended", generation="bbj-gui"),
        base_hash=example.content_hash,
        draft=amending.begin(example=example, reviewer=reviewer),
        **more,
    )
    example.refresh_from_db()
    return saved


def test_a_mended_text_is_the_first_that_others_are_shown(example, author, reviewer):
    older, other = makers.example(), makers.user("reviewer")
    newer = makers.example()

    saved = mend(newer, reviewer, note="the loop ends now")

    assert saved.revision
    assert saved.revision.endorsed
    assert reserving.take_next(other) == newer
    assert reserving.place_in_queue(other, newer) == reserving.Place(1, 3)
    assert reserving.take_next(other, after=newer.pk) == example
    reserving.release(other)
    assert reserving.take_next(reviewer) == example
    assert older in reserving.waiting_for(reviewer)
    assert newer not in reserving.waiting_for(reviewer)
    assert AuditEntry.objects.get(action="example.mend").detail["note"] == "the loop ends now"


def test_whoever_mended_it_does_not_approve_it_and_one_other_does(example, author, reviewer):
    mend(example, reviewer)

    for own in (author, reviewer):
        with pytest.raises(reviewing.OwnWork):
            makers.review(example, reviewer=own)
    makers.review(example)

    assert reviewing.status_of(example) == "approved"


def test_the_text_before_is_the_last_one_that_nobody_mended(example, reviewer):
    assert amending.before(example) is None
    original = example.head

    mend(example, reviewer)
    mend(example, reviewer, makers.example_text("Mended again"))

    assert amending.before(example) == original
    assert example.endorsed


def test_nobody_mends_what_they_wrote(example, author):
    with pytest.raises(reviewing.OwnWork):
        amending.begin(example=example, reviewer=author)


def test_the_mark_of_a_draft_whose_author_edited_meanwhile_counts_for_nothing(example, reviewer):
    draft = amending.begin(example=example, reviewer=reviewer)
    makers.edited(example, makers.example_text("As an author"), author=reviewer)

    authoring.save(
        author=reviewer,
        path=example.path,
        text=makers.example_text("And again"),
        base_hash=example.content_hash,
        draft=draft,
    )

    example.refresh_from_db()
    assert not example.endorsed
    assert not AuditEntry.objects.filter(action="example.mend").exists()


def test_an_edit_takes_the_mark_away(example, author, reviewer):
    mend(example, reviewer)

    makers.edited(example, makers.example_text("By the author"), author=author)

    assert not example.endorsed
    assert amending.before(example) is None


def test_a_mended_text_that_is_sent_back_goes_to_its_author_too(example, author, reviewer):
    mend(example, reviewer)

    makers.review(example, "request_changes")

    assert [row.example for row in reviewing.sent_back_to(author)] == [example]
    assert [row.example for row in reviewing.sent_back_to(reviewer)] == [example]


def test_what_a_reviewer_types_is_never_lost(example, author, reviewer):
    broken = mend(example, reviewer, "no front matter")
    assert broken.draft
    assert broken.draft.text == "no front matter"

    opened = example.content_hash
    makers.edited(example, makers.example_text("By the author"), author=author)
    with pytest.raises(authoring.StaleText) as stale:
        authoring.save(
            author=reviewer,
            path=example.path,
            text=makers.example_text("Mine"),
            base_hash=opened,
            draft=broken.draft,
        )

    assert stale.value.draft == Draft.objects.get(author=reviewer)
    assert stale.value.draft.mends
    assert not AuditEntry.objects.filter(action="example.mend").exists()


def relabel(example, reviewer, *generations: str):
    made = amending.relabel(
        example=example, reviewer=reviewer, generations=generations, content_hash=example.content_hash
    )
    example.refresh_from_db()
    return made


def test_relabelling_changes_the_label_and_nothing_else(example, reviewer):
    before = example.head.text

    made = relabel(example, reviewer, "dwc", "bbj-gui")

    assert made.text == before.replace("generation: bbj-gui", "generation: [bbj-gui, dwc]")
    assert (made.note, made.endorsed) == ("generation: bbj-gui, dwc instead of bbj-gui", True)
    assert example.generation_label == "bbj-gui dwc"
    assert relabel(example, reviewer, "bbj-gui", "dwc") is None


@pytest.mark.parametrize(
    ("generations", "says"), [(["swing"], "not one of"), (["all", "dwc"], "excludes"), ([], "at least one")]
)
def test_what_is_no_label_is_refused(example, reviewer, generations, says):
    with pytest.raises(amending.CannotRelabel, match=says):
        relabel(example, reviewer, *generations)


def test_an_author_and_a_stale_screen_are_refused(example, author, reviewer):
    with pytest.raises(reviewing.OwnWork):
        relabel(example, author, "dwc")
    with pytest.raises(reviewing.StaleReview):
        amending.relabel(example=example, reviewer=reviewer, generations=["dwc"], content_hash="0" * 64)


@pytest.mark.parametrize("how", ["mend", "relabel"])
def test_a_fix_is_taken_back_and_the_reviewer_may_judge_again(example, reviewer, how):
    before = example.head.text
    if how == "mend":
        mend(example, reviewer)
    else:
        relabel(example, reviewer, "dwc")
    entry = undoing.last_undoable(reviewer)
    assert entry

    undoing.undo(entry, by=reviewer)

    example.refresh_from_db()
    assert example.head.text == before
    assert example.head.number == 3
    makers.review(example, reviewer=reviewer)
    assert reviewing.status_of(example) == "approved"


def test_a_fix_that_somebody_judged_is_not_taken_back(example, reviewer):
    mend(example, reviewer)
    makers.review(example)

    assert undoing.last_undoable(reviewer) is None


def test_the_diff_is_against_what_one_judged_oneself_or_else_against_what_anybody_did(example, reviewer):
    assert reviewing.judged_before(example, reviewer) is None
    by_other = makers.review(example, "reject")
    assert reviewing.judged_before(example, reviewer) is None  # it is of the present text
    makers.edited(example, makers.example_text("Second"))
    assert reviewing.judged_before(example, reviewer) == by_other
    by_me = makers.review(example, "reject", reviewer=reviewer)
    makers.edited(example, makers.example_text("Third"))
    makers.review(example, "reject")
    makers.edited(example, makers.example_text("Fourth"))

    assert reviewing.judged_before(example, reviewer) == by_me
