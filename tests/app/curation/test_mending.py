"""What people decide about defects: an answer follows from its line and the decisions; each can be undone."""

from __future__ import annotations

import json
import uuid

import pytest

from curation.models import Example, ImportJob, ImportProblem, Revision
from curation.services import mending, queueing, reporting, uploading
from tests.chatml_set import SMALL, chatml_set, message_row
from tests.makers import worked

pytestmark = pytest.mark.one_database

CODE = 'rem Say it\na$ = "hi"\nprint a$'
FENCE = f"```bbj\n{CODE}\n```"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR = tmp_path


def job_of(author, *rows: tuple[str, str]) -> ImportJob:
    data = b"".join(json.dumps(message_row(*row)).encode() + b"\n" for row in rows)
    return worked(
        uploading.upload(name="s.jsonl", chunks=[data], author=author, idempotency_key=uuid.uuid4().hex)
    )


def only(job: ImportJob, code: str) -> ImportProblem:
    return job.problems.select_related("item", "job").get(code=code, severity="defect")


def codes(job: ImportJob) -> list[str]:
    return sorted(job.problems.filter(severity="defect", action="").values_list("code", flat=True))


def test_mending_makes_the_item_good(author):
    job = job_of(author, ("How?", CODE))
    assert reporting.report_of(job).good == 0

    mending.decide(only(job, "code-without-fence"), action="mend", by=author)

    problem = only(job, "code-without-fence")
    assert mending.row_of(problem.item).answer == FENCE
    assert (problem.action, problem.decided_by, reporting.report_of(job).good) == ("mend", author, 1)


def test_a_key_pressed_twice_decides_once(author):
    job = job_of(author, ("How?", CODE))

    for _ in range(2):
        mending.decide(only(job, "code-without-fence"), action="mend", by=author)

    assert mending.row_of(job.items.get()).answer == FENCE


def test_mending_one_defect_uncovers_the_next_and_undoing_covers_it_again(author):
    job = job_of(author, ("How?", f"```\n{CODE}\n```".replace("\n", "\\n")))
    assert codes(job) == ["escaped-newlines"]

    mending.decide(only(job, "escaped-newlines"), action="mend", by=author)
    assert codes(job) == ["fence-without-tag"]

    mending.decide(only(job, "fence-without-tag"), action="mend", by=author)
    assert codes(job) == []
    assert mending.row_of(job.items.get()).answer == FENCE

    mending.undo(only(job, "escaped-newlines"))
    assert codes(job) == ["escaped-newlines"]


def test_what_is_kept_is_imported_as_it_is(author):
    job = job_of(author, ("How long is it?", "Yes."))

    mending.decide(only(job, "short-answer"), action="keep", by=author)
    queueing.confirm(job)
    worked(job)

    assert Revision.objects.get().text.endswith("## Explanation\n\nYes.\n")


def test_what_is_left_out_is_not_imported_and_stands_in_the_counts(author):
    job = job_of(author, ("How long is it?", "Yes."))

    mending.decide(only(job, "short-answer"), action="leave_out", by=author)
    queueing.confirm(job)
    worked(job)

    assert not Example.objects.exists()
    assert reporting.report_of(job).changes == {"left_out": 1}


def test_an_edited_answer_replaces_the_line_s(author):
    job = job_of(author, ("How long is it?", "Yes."))

    mending.decide(only(job, "short-answer"), action="edit", by=author, text="It is as long as\r\nyou like.")

    assert mending.row_of(job.items.get()).answer == "It is as long as\nyou like."
    assert mending.original(job.items.get()).answer == "Yes."


def test_of_mixed_line_breaks_a_person_chooses_each(author):
    job = job_of(author, ("How?", '```bbj\nprint "a\\nb"\\nend\n```'))
    problem = only(job, "mixed-newlines")

    mending.decide(problem, action="mend", by=author, places=[1])

    assert mending.row_of(problem.item).answer == '```bbj\nprint "a\\nb"\nend\n```'


def three_alike(author, *answers: str) -> ImportJob:
    return job_of(author, *(("How do I print?", answer) for answer in answers))


OTHER = FENCE.replace("hi", "ho")


def test_of_repeated_prompts_one_is_kept(author):
    job = three_alike(author, FENCE, OTHER)

    mending.choose(job, 1, chosen=2, by=author)

    assert [item.change for item in job.items.all()] == ["left_out", "new"]
    assert reporting.report_of(job).waiting == 0


def test_of_repeated_prompts_both_may_stay(author):
    job = three_alike(author, FENCE, OTHER)

    mending.choose(job, 1, chosen=None, by=author)

    assert [item.change for item in job.items.all()] == ["new", "new"]


def test_repeated_prompts_are_merged_by_editing(author):
    job = three_alike(author, FENCE, OTHER)

    mending.choose(job, 1, chosen=1, by=author, text="The best of both.")

    first, second = job.items.all()
    assert mending.row_of(first).answer == "The best of both."
    assert second.change == "left_out"


def test_a_choice_is_undone_for_all_its_lines(author):
    job = three_alike(author, FENCE, OTHER)
    mending.choose(job, 1, chosen=2, by=author)

    mending.undo(mending.members(job, 1).get(item__position=2))

    assert [item.change for item in job.items.all()] == ["new", "new"]
    assert reporting.report_of(job).waiting == 2


def test_equal_answers_are_settled_at_once_and_conflicting_ones_are_not(author):
    job = job_of(author, ("same?", FENCE), ("same?", FENCE), ("other?", FENCE), ("other?", OTHER))

    assert mending.choose_first_of_same(job, by=author) == 1

    assert [item.change for item in job.items.all()] == ["new", "left_out", "new", "new"]
    assert reporting.report_of(job).waiting == 2


def test_all_decisions_of_a_kind_are_undone_at_once_but_those_that_are_imported(author):
    job = job_of(author, ("one?", CODE), ("two?", CODE.replace("hi", "ho")))
    first = job.problems.select_related("item", "job").filter(severity="defect").earliest("pk")
    mending.decide(first, action="mend", by=author)
    queueing.confirm(job)
    worked(job)
    assert mending.decide_all(job, "code-without-fence", by=author) == 1

    assert mending.undo_all(job, "code-without-fence") == 1

    assert [item.outcome for item in job.items.all()] == ["created", ""]
    assert codes(job) == ["code-without-fence"]


def test_nothing_is_decided_while_an_import_runs(author):
    job = job_of(author, ("How?", CODE))
    ImportJob.objects.update(state="importing")

    with pytest.raises(mending.DecisionRefused, match="not waiting"):
        mending.decide(only(job, "code-without-fence"), action="mend", by=author)


def test_what_is_imported_is_not_decided_again(author):
    job = job_of(author, ("How?", CODE))
    mending.decide(only(job, "code-without-fence"), action="mend", by=author)
    queueing.confirm(job)
    worked(job)

    with pytest.raises(mending.DecisionRefused, match="imported already"):
        mending.undo(only(job, "code-without-fence"))


def test_what_waited_can_be_decided_and_imported_later(author):
    job = job_of(author, ("How?", CODE), ("How do I print?", FENCE))
    queueing.confirm(job)
    worked(job)
    mending.decide(only(job, "code-without-fence"), action="mend", by=author)

    queueing.confirm(job)
    worked(job)

    assert Example.objects.count() == 2
    assert reporting.report_of(job).outcomes == {"created": 2}


def test_the_whole_small_set_can_be_decided(author):
    data = chatml_set(SMALL).data
    job = worked(uploading.upload(name="s.jsonl", chunks=[data], author=author, idempotency_key="k"))

    for code in mending.MENDABLE_ALIKE:
        mending.decide_all(job, code, by=author)
    mending.choose_first_of_same(job, by=author)
    for problem in job.problems.filter(severity="defect", action="").select_related("item", "job"):
        if problem.group:
            mending.choose(job, problem.group, chosen=problem.group, by=author)
        else:
            mending.decide(problem, action="keep", by=author)
    queueing.confirm(job)
    worked(job)

    report = reporting.report_of(job)
    assert report.waiting == 0
    assert report.outcomes == {"created": 90 - report.changes["left_out"]}
