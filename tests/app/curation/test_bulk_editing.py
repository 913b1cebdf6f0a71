"""One action on many examples: done as planned or not at all, and taken back only where it still stands."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from curation.domain.bulk import Plan
from curation.models import Assignment, AuditEntry, Example, Review, Revision
from curation.services import assigning, authoring, bulk_editing, finding, owning, undoing
from studio import audit_trail
from tests import makers


@pytest.fixture
def editor(db) -> User:
    return makers.user("maintainer")


@pytest.fixture
def three(db) -> list[Example]:
    return [makers.example(f"gui/{name}.md") for name in "abc"]


def planned(by: User, examples, action: str, value: str) -> Plan:
    return bulk_editing.plan(action=action, value=value, ids=[one.pk for one in examples], by=by)


def done(by: User, examples, action: str, value: str) -> AuditEntry:
    plan = planned(by, examples, action, value)
    return bulk_editing.carry_out(
        action=action, value=value, ids=[one.pk for one in examples], by=by, digest=plan.digest
    )


def fresh(example: Example) -> Example:
    return Example.objects.select_related("head").get(pk=example.pk)


def head_of(example: Example) -> Revision:
    head = fresh(example).head
    assert head
    return head


def why(plan: Plan) -> dict[str, str]:
    return {one.path: one.why for one in plan.kept}


def left_alone(entry: AuditEntry) -> dict[str, str]:
    return {one["path"]: one["why"] for one in entry.detail["left_alone"]}


@pytest.mark.parametrize(
    ("action", "value", "filters"),
    [
        ("difficulty", "advanced", {"difficulty": "advanced"}),
        ("add_tag", "window", {"tag": "window"}),
        ("generation", "bbj-gui, dwc", {"generation": "dwc"}),
    ],
)
def test_a_change_of_the_file_is_a_revision_that_the_list_finds(editor, three, action, value, filters):
    entry = done(editor, three, action, value)

    assert [one.path for one in finding.find_examples(finding.Filters(**filters))] == [
        "gui/a.md",
        "gui/b.md",
        "gui/c.md",
    ]
    for example in three:
        head = head_of(example)
        assert (head.number, head.author) == (2, editor)
        assert authoring.read(head.text.encode(), path=example.path).ok
    assert entry.detail["examples"] == [example.pk for example in three]


def test_it_writes_the_rows_that_saving_one_by_one_writes(editor, three):
    done(editor, three[:1], "difficulty", "advanced")
    alone = makers.edited(three[1], head_of(three[1]).text.replace("basic", "advanced", 1), author=editor)

    columns = [field.attname for field in Example._meta.concrete_fields]
    unlike = {"id", "path", "head_id", "content_hash", "title", "created_at", "updated_at"}
    rows = [
        {name: getattr(fresh(example), name) for name in columns if name not in unlike}
        for example in (three[0], alone)
    ]
    assert rows[0] == rows[1]
    revisions = [head_of(example) for example in (three[0], alone)]
    for name in ("number", "author_id", "origin", "endorsed", "checker", "findings"):
        assert getattr(revisions[0], name) == getattr(revisions[1], name), name


def test_the_plan_counts_what_is_left_out_and_warns_of_lost_approvals(editor, three):
    makers.review(three[0])
    makers.edited(three[1], head_of(three[1]).text.replace("basic", "advanced", 1))

    plan = planned(editor, three, "difficulty", "advanced")

    assert [one.path for one in plan.planned] == ["gui/a.md", "gui/c.md"]
    assert why(plan) == {"gui/b.md": "it is advanced already"}
    assert plan.warnings[0].startswith("1 of them is approved.")


def test_what_changed_after_it_was_looked_at_is_not_done(editor, three):
    plan = planned(editor, three, "add_tag", "window")
    makers.edited(three[1], makers.example_text("Anew"))

    with pytest.raises(bulk_editing.PlanChanged) as changed:
        bulk_editing.carry_out(
            action="add_tag", value="window", ids=[one.pk for one in three], by=editor, digest=plan.digest
        )

    assert changed.value.plan.digest != plan.digest
    assert not AuditEntry.objects.filter(action="bulk.add_tag").exists()
    assert Revision.objects.filter(author=editor).count() == 0


def test_undo_brings_back_only_what_nobody_touched_since(editor, three):
    makers.review(three[0])
    entry = done(editor, three, "add_tag", "window")
    makers.edited(fresh(three[1]), makers.example_text("Anew"))
    makers.review(fresh(three[2]))

    undone = undoing.undo(entry, by=editor)

    assert undone.detail["changed"] == [three[0].pk]
    assert left_alone(undone) == {"gui/b.md": "it was edited since", "gui/c.md": "it was judged since"}
    first = fresh(three[0])
    assert (first.status, head_of(first).number) == ("approved", 3)  # the approval was of this very text
    assert not owning.is_work_of(editor, first)
    with pytest.raises(undoing.CannotUndo):
        undoing.undo(entry, by=editor)


def test_an_objection_reaches_all_but_ones_own_and_the_settled(three):
    reviewer = makers.user("reviewer")
    own = makers.example("gui/own.md", author=reviewer)
    rejected = makers.example("gui/rejected.md")
    makers.review(rejected, "reject")
    said = makers.example("gui/said.md")
    makers.review(said, "request_changes", reviewer=reviewer)

    plan = planned(reviewer, [*three, own, rejected, said], "request_changes", "Say what it prints.")
    entry = done(reviewer, [*three, own, rejected, said], "request_changes", "Say what it prints.")

    assert why(plan) == {
        "gui/own.md": "you wrote or edited it",
        "gui/rejected.md": "it is rejected already",
        "gui/said.md": "you said so already",
    }
    assert {fresh(one).status for one in three} == {"changes_requested"}
    given = Review.objects.filter(pk__in=entry.detail["reviews"])
    assert {(row.reviewer, row.reason) for row in given} == {(reviewer, "Say what it prints.")}


def test_undoing_an_objection_brings_back_what_this_reviewer_had_said_before(three):
    reviewer = makers.user("reviewer")
    makers.review(three[0], "approve", reviewer=reviewer)
    entry = done(reviewer, three, "reject", "Not BBj.")
    makers.edited(three[1], makers.example_text("Anew"))
    makers.review(three[2], "request_changes", reviewer=reviewer)

    undone = undoing.undo(entry, by=reviewer)

    assert fresh(three[0]).status == "approved"
    assert left_alone(undone) == {
        "gui/b.md": "its text changed since",
        "gui/c.md": "you gave another verdict since",
    }
    assert fresh(three[2]).status == "changes_requested"


def test_an_objection_that_counts_again_is_taken_back_too(editor, three):
    entry = done(editor, three, "reject", "nothing to learn")
    makers.review(three[0], reviewer=editor)
    approval = undoing.last_undoable(editor)
    assert approval
    undoing.undo(approval, by=editor)
    assert fresh(three[0]).status == "rejected"

    undone = undoing.undo(entry, by=editor)

    assert left_alone(undone) == {}
    assert {fresh(one).status for one in three} == {"needs_review"}


def test_a_blind_objection_to_many_is_in_no_log_before_all_have_spoken(editor, three):
    assigning.require_reviews(examples=[three[0].pk], needed=2, by=makers.user("maintainer"))
    entry = done(editor, three, "reject", "nothing to learn")
    other = makers.user("maintainer")
    assert entry in audit_trail.entries(audit_trail.Wanted(), reader=editor)
    assert entry not in audit_trail.entries(audit_trail.Wanted(), reader=other)

    makers.review(three[0], reviewer=other)

    assert entry in audit_trail.entries(audit_trail.Wanted(), reader=other)


def test_assignments_are_made_and_taken_back_but_nobody_gets_their_own_work(editor, three):
    reviewer = makers.user("reviewer", "rey")
    own = makers.example("gui/own.md", author=reviewer)
    makers.review(three[2])

    plan = planned(editor, [*three, own], "assign", "rey")
    entry = done(editor, [*three, own], "assign", "rey")

    assert why(plan) == {"gui/c.md": "it is approved already", "gui/own.md": "rey wrote or edited it"}
    assert set(Assignment.objects.values_list("example__path", flat=True)) == {"gui/a.md", "gui/b.md"}
    assigning.unassign(examples=[three[0].pk], to=[reviewer], by=editor)
    undone = undoing.undo(entry, by=editor)
    assert left_alone(undone) == {"gui/a.md": "it was taken back since"}
    assert not Assignment.objects.exists()


def test_taking_assignments_back_can_be_undone(editor, three):
    reviewer = makers.user("reviewer", "rey")
    assigning.assign(examples=[one.pk for one in three[:2]], to=[reviewer], by=editor)

    entry = done(editor, three, "unassign", "rey")
    assert not Assignment.objects.exists()
    undoing.undo(entry, by=editor)

    assert Assignment.objects.filter(reviewer=reviewer).count() == 2


def test_the_number_of_reviewers_decides_the_status_and_comes_back(editor, three):
    makers.review(three[0])

    plan = planned(editor, three, "needed", "2")
    entry = done(editor, three, "needed", "2")
    assert plan.warnings == ("1 of them is approved and may wait for more verdicts.",)
    assert fresh(three[0]).status == "needs_review"
    assigning.require_reviews(examples=[three[1].pk], needed=3, by=editor)
    undone = undoing.undo(entry, by=editor)

    assert [fresh(one).reviews_needed for one in three] == [1, 3, 1]
    assert fresh(three[0]).status == "approved"
    assert left_alone(undone) == {"gui/b.md": "the number was changed since"}


def test_more_than_a_bound_are_refused_with_a_way_out(editor, three, monkeypatch):
    monkeypatch.setattr(bulk_editing, "MOST", 2)

    for ask in (lambda: bulk_editing.matching(finding.Filters()), lambda: bulk_editing.chosen([1, 2, 3])):
        with pytest.raises(bulk_editing.Refused, match="Narrow the filters down"):
            ask()
    assert bulk_editing.matching(finding.Filters(q="gui/a")) == [three[0].pk]


def test_only_the_actor_undoes_it(editor, three):
    entry = done(editor, three, "add_tag", "window")

    with pytest.raises(undoing.CannotUndo):
        undoing.undo(entry, by=makers.user("maintainer"))


def test_nothing_to_do_is_not_written_down(editor, three):
    with pytest.raises(bulk_editing.Refused, match="Nothing would change"):
        done(editor, three, "remove_tag", "nowhere")

    assert not AuditEntry.objects.filter(actor=editor).exists()
