"""Export, edit on disk and in the studio, import: nothing is overwritten unseen, and nothing is lost."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from curation.domain import tree_manifest
from curation.models import AuditEntry, Example, ImportJob, ImportProblem
from curation.services import mending, queueing, reconciling, reporting, uploading, writing_back
from curation.services.finding import Filters
from tests import makers
from tests.makers import worked

CODE = "rem add up\ntotal = 0\nfor i = 1 to 10\n    total = total + i\nnext i\nprint total\n"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR = tmp_path / "var"


def text(title: str, *, code: str = CODE, why: str = "It adds.") -> str:
    front = f'title: "{title}"\ntype: completion\ngeneration: all\ndescription: "Add"'
    return f"---\n{front}\n---\n\n## Code\n\n```bbj\n{code}```\n\n## Explanation\n\n{why}\n"


@pytest.fixture
def tree(db, tmp_path: Path) -> Path:
    """Three examples, exported."""
    for name in "abc":
        makers.example(f"gui/{name}.md", text(f"Title {name}"))
    out = tmp_path / "out"
    writing_back.export_tree(out, Filters())
    return out


def saved(path: str, new: str) -> Example:
    return makers.edited(Example.objects.get(path=path), new)


def head(path: str) -> str:
    example = Example.objects.select_related("head").get(path=path)
    assert example.head
    return example.head.text


def checked(author, folder: Path) -> ImportJob:
    job = uploading.open_job(kind="folder", name=folder.name, source=folder, author=author, wake_worker=False)
    return worked(job)


def imported(job: ImportJob) -> ImportJob:
    queueing.confirm(job)
    return worked(job)


def changes(job: ImportJob) -> dict[str, str]:
    return dict(job.items.values_list("path", "change"))


@pytest.fixture
def conflict(tree, maintainer) -> ImportProblem:
    """gui/a.md got another title on disk, and another explanation in the studio."""
    makers.put(tree, "gui/a.md", text("On disk"))
    saved("gui/a.md", text("Title a", why="In the studio."))
    return reconciling.conflicts(checked(maintainer, tree)).get()


def decided(problem: ImportProblem, action: str, by, new: str = "") -> ImportJob:
    studio = Example.objects.get(path=problem.item.path).content_hash
    reconciling.decide(problem, action=action, by=by, studio_hash=studio, text=new)
    return problem.job


def test_one_update_one_conflict_and_nothing_lost(tree, maintainer):
    makers.put(tree, "gui/a.md", text("A on disk"))
    makers.put(tree, "gui/b.md", text("B on disk"))
    saved("gui/b.md", text("B in the studio"))
    saved("gui/c.md", text("C in the studio"))

    job = checked(maintainer, tree)
    assert changes(job) == {"gui/a.md": "changed", "gui/b.md": "conflict", "gui/c.md": "older"}
    imported(job)

    assert reporting.report_of(job).outcomes == {"changed": 1}
    assert head("gui/a.md") == text("A on disk")
    assert head("gui/b.md") == text("B in the studio")
    assert head("gui/c.md") == text("C in the studio")
    assert job.items.get(path="gui/b.md").file_text == text("B on disk")

    imported(decided(reconciling.conflicts(job).get(), "take", maintainer))

    assert head("gui/b.md") == text("B on disk")
    kept = Example.objects.get(path="gui/b.md").revisions.values_list("text", flat=True)
    assert list(kept) == [text("Title b"), text("B in the studio"), text("B on disk")]


@pytest.mark.parametrize("pack", ["zip", "tar"])
def test_an_archive_of_the_tree_says_the_same(tree, maintainer, pack):
    makers.put(tree, "gui/a.md", text("A on disk"))
    saved("gui/a.md", text("A in the studio"))
    saved("gui/c.md", text("C in the studio"))
    files = sorted((file for file in tree.rglob("*") if file.is_file()), reverse=True)  # the manifest last
    packed = io.BytesIO()
    if pack == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for file in files:
                archive.write(file, f"my-tree/{file.relative_to(tree)}")
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for file in files:
                tar.add(file, f"./my-tree/{file.relative_to(tree)}")

    name = {"zip": "set.zip", "tar": "set.tar.gz"}[pack]
    job = worked(
        uploading.upload(
            name=name, chunks=[packed.getvalue()], author=maintainer, idempotency_key=uuid.uuid4().hex
        )
    )

    assert changes(job) == {"gui/a.md": "conflict", "gui/b.md": "unchanged", "gui/c.md": "older"}


def test_a_downloaded_archive_comes_back_unchanged(tree, maintainer):
    file, _ = writing_back.export_archive(Filters())
    saved("gui/a.md", text("A in the studio"))

    with file:
        job = worked(
            uploading.upload(name="x.zip", chunks=[file.read()], author=maintainer, idempotency_key="x")
        )

    assert changes(job) == {"gui/a.md": "older", "gui/b.md": "unchanged", "gui/c.md": "unchanged"}
    assert not job.problems.filter(code__in=["both-changed", "older-text"]).exists()


@pytest.mark.parametrize("place", ["gui", "gui/a.md"])
def test_a_part_of_the_tree_knows_its_manifest(tree, maintainer, place):
    makers.put(tree, "gui/a.md", text("A on disk"))
    saved("gui/a.md", text("A in the studio"))

    assert changes(checked(maintainer, tree / place))["gui/a.md"] == "conflict"


def test_what_was_imported_and_then_changed_here_is_no_conflict(tree, maintainer):
    makers.put(tree, "gui/a.md", text("A on disk"))
    imported(checked(maintainer, tree))
    saved("gui/a.md", text("A in the studio"))

    assert changes(checked(maintainer, tree))["gui/a.md"] == "older"


def test_without_a_manifest_an_older_text_is_told_and_not_imported(tree, maintainer):
    (tree / tree_manifest.NAME).unlink()
    saved("gui/a.md", text("A in the studio"))
    makers.put(tree, "gui/b.md", text("B on disk"))

    job = imported(checked(maintainer, tree))

    assert changes(job) == {"gui/a.md": "older", "gui/b.md": "changed", "gui/c.md": "unchanged"}
    problem = job.problems.get(code="older-text")
    assert problem.message == "This is the text of revision 1; the studio has revision 2 by now."
    assert head("gui/a.md") == text("A in the studio")
    assert head("gui/b.md") == text("B on disk")


@pytest.mark.parametrize("manifest", ["{", '{"studio_tree": 7}', "[" * 5000])
def test_a_broken_manifest_stops_the_import(tree, maintainer, manifest):
    makers.put(tree, tree_manifest.NAME, manifest)

    job = checked(maintainer, tree)

    assert (job.state, job.items.count()) == ("failed", 0)
    assert "Take the file of the last export" in job.failure_message


def test_a_manifest_is_not_followed_through_a_link(tree, maintainer, tmp_path):
    (tree / tree_manifest.NAME).rename(tmp_path / "elsewhere")
    (tree / tree_manifest.NAME).symlink_to(tmp_path / "elsewhere")

    assert "a link is not followed" in checked(maintainer, tree).failure_message


def test_a_file_of_another_studio_is_asked_about(tree, maintainer):
    makers.put(tree, tree_manifest.NAME, tree_manifest.write({"gui/a.md": "f" * 64}))
    makers.put(tree, "gui/a.md", text("Theirs"))

    job = checked(maintainer, tree)

    problem = reconciling.conflicts(job).get()
    assert "never had" in problem.message
    assert reconciling.conflict_of(problem).base is None


# Deciding


def test_a_conflict_is_never_imported_undecided(conflict):
    imported(conflict.job)

    assert head("gui/a.md") == text("Title a", why="In the studio.")
    assert reporting.report_of(conflict.job).waiting == 1


def test_the_file_is_taken(conflict, maintainer):
    imported(decided(conflict, "take", maintainer))

    assert head("gui/a.md") == text("On disk")
    entry = AuditEntry.objects.get(action="import.reconcile")
    assert (entry.actor, entry.detail["path"], entry.detail["decision"]) == (maintainer, "gui/a.md", "take")


def test_the_studio_s_text_stays(conflict, maintainer):
    job = imported(decided(conflict, "leave_out", maintainer))

    assert head("gui/a.md") == text("Title a", why="In the studio.")
    assert reporting.report_of(job).changes == {"left_out": 1, "unchanged": 2}


def test_both_are_merged(conflict, maintainer):
    imported(decided(conflict, "edit", maintainer, text("On disk", why="In the studio.")))

    example = Example.objects.get(path="gui/a.md")
    assert head("gui/a.md") == text("On disk", why="In the studio.")
    assert example.title == "On disk"


@pytest.mark.parametrize("action", ["take", "leave_out", "edit"])
def test_every_decision_is_undone(conflict, maintainer, action):
    before = {name: getattr(conflict.item, name) for name in ("text", "content_hash", "meta", "change")}
    decided(conflict, action, maintainer, text("Merged"))
    conflict.refresh_from_db()

    reconciling.undo(conflict, by=maintainer)

    item = conflict.job.items.get(path="gui/a.md")
    assert {name: getattr(item, name) for name in before} == before
    assert reporting.report_of(conflict.job).waiting == 1


def test_a_merged_text_with_errors_decides_nothing(conflict, maintainer):
    with pytest.raises(reconciling.MergeRefused) as refused:
        decided(conflict, "edit", maintainer, "no front matter")

    assert refused.value.problems
    assert reporting.report_of(conflict.job).waiting == 1


def test_a_decision_is_about_the_text_that_was_on_the_screen(conflict, maintainer):
    old = Example.objects.get(path="gui/a.md").content_hash
    saved("gui/a.md", text("Saved meanwhile"))

    with pytest.raises(mending.DecisionRefused, match="after you opened this page"):
        reconciling.decide(conflict, action="take", by=maintainer, studio_hash=old)


def test_what_is_saved_after_a_decision_is_left_alone(conflict, maintainer):
    job = decided(conflict, "take", maintainer)
    saved("gui/a.md", text("Saved meanwhile"))

    imported(job)

    assert head("gui/a.md") == text("Saved meanwhile")
    assert reporting.report_of(job).outcomes == {"stale": 1}


def test_what_is_imported_is_not_decided_again(conflict, maintainer):
    imported(decided(conflict, "take", maintainer))
    conflict.refresh_from_db()

    with pytest.raises(mending.DecisionRefused, match="imported already"):
        reconciling.undo(conflict, by=maintainer)


# The pages


def shown(response) -> str:
    return response.content.decode()


def test_the_import_lists_its_conflicts(as_maintainer, conflict):
    page = shown(as_maintainer.get(reverse("import_page", args=[conflict.job_id])))

    assert "Changed on both sides" in page
    assert f"{reverse('import_conflicts', args=[conflict.job_id])}?at={conflict.pk}" in page
    assert "Nothing is imported yet: 1 waits for a decision" in page


def test_both_sides_and_three_choices_stand_on_a_page(as_maintainer, conflict):
    page = shown(as_maintainer.get(reverse("import_conflicts", args=[conflict.job_id])))

    assert "Revision 2 by " in page
    assert "<ins>On</ins>" in page
    assert "merging needs no choice" in page
    for key in "fsm":
        assert f'data-key="{key}"' in page


def test_choices_are_made_and_undone_on_the_page(as_maintainer, conflict):
    address = reverse("import_reconcile", args=[conflict.job_id, conflict.pk])
    studio = Example.objects.get(path="gui/a.md").content_hash

    chosen = as_maintainer.post(address, {"action": "take", "studio_hash": studio}, follow=True)
    conflict.refresh_from_db()
    assert conflict.action == "take"
    assert "All 1 are decided" in shown(chosen)
    again = as_maintainer.get(reverse("import_conflicts", args=[conflict.job_id]) + f"?at={conflict.pk}")
    assert "the file is taken" in shown(again)

    as_maintainer.post(address, {"action": "undo"})
    conflict.refresh_from_db()
    assert conflict.action == ""


@pytest.mark.parametrize("sent", [{}, {"action": "edit"}, {"action": "take", "studio_hash": "x"}])
def test_no_form_breaks_the_choice(as_maintainer, conflict, sent):
    address = reverse("import_reconcile", args=[conflict.job_id, conflict.pk])

    response = as_maintainer.post(address, sent, follow=True)

    conflict.refresh_from_db()
    assert response.status_code == 200
    assert conflict.action == ""


def merge_form(page, **more: str) -> dict[str, str]:
    names = ("theirs_hash", "mine_hash", "text")
    return {**{name: page.context[name] for name in names}, "action": "save", **more}


def test_a_conflict_is_merged_on_the_page_of_two_texts(as_maintainer, conflict):
    address = reverse("import_merge", args=[conflict.job_id, conflict.pk])

    page = as_maintainer.get(address)
    done = as_maintainer.post(address, merge_form(page))

    conflict.refresh_from_db()
    assert done.status_code == 302
    assert (conflict.action, conflict.text) == ("edit", text("On disk", why="In the studio."))
    imported(conflict.job)
    assert head("gui/a.md") == text("On disk", why="In the studio.")
    assert as_maintainer.get(address).status_code == 302


def test_a_merge_with_errors_stays_on_the_page(as_maintainer, conflict):
    address = reverse("import_merge", args=[conflict.job_id, conflict.pk])

    response = as_maintainer.post(address, merge_form(as_maintainer.get(address), text="my own words"))

    assert response.status_code == 422
    assert "my own words" in shown(response)
    assert response.context["problems"]


def test_a_merge_of_an_outdated_text_is_refused_until_it_is_begun_anew(as_maintainer, conflict):
    address = reverse("import_merge", args=[conflict.job_id, conflict.pk])
    page = as_maintainer.get(address)
    saved("gui/a.md", text("Saved meanwhile"))

    first = as_maintainer.post(address, merge_form(page, text=text("Mine")))
    again = as_maintainer.post(address, merge_form(first))

    for response in (first, again):
        assert response.status_code == 422
        assert "after you opened this page" in shown(response)
        assert response.context["text"] == text("Mine")


def test_a_conflict_is_no_defect_of_a_line(conflict, maintainer):
    for ask in (
        lambda: mending.decide(conflict, action="keep", by=maintainer),
        lambda: mending.undo(conflict),
    ):
        with pytest.raises(mending.DecisionRefused, match="changed on both sides"):
            ask()


@pytest.mark.parametrize("name", ["import_decide", "import_undo"])
def test_a_conflict_is_not_decided_as_a_defect(as_maintainer, conflict, name):
    address = reverse(name, args=[conflict.job_id, conflict.pk])

    assert as_maintainer.post(address, {"action": "mend"}).status_code == 404


def test_the_pages_of_defects_lead_to_the_conflicts(as_maintainer, conflict):
    one = as_maintainer.get(reverse("import_mend", args=[conflict.job_id, "both-changed"]))
    every = as_maintainer.post(
        reverse("import_mend_all", args=[conflict.job_id, "both-changed"]), {"undo": "1"}
    )

    assert one.url == reverse("import_conflicts", args=[conflict.job_id])
    assert every.status_code == 404


@pytest.mark.parametrize("change", ["conflict", "older", "left_out", "nonsense"])
def test_each_kind_of_change_has_its_list(as_maintainer, conflict, change):
    assert as_maintainer.get(reverse("import_items", args=[conflict.job_id, change])).status_code == 200


# The command


def test_the_command_shows_the_same(tree, capsys):
    makers.put(tree, "gui/a.md", text("A on disk"))
    makers.put(tree, "gui/b.md", text("B on disk"))
    saved("gui/a.md", text("A in the studio"))
    saved("gui/c.md", text("C in the studio"))

    call_command("import_examples", tree)

    said = capsys.readouterr().out
    job = ImportJob.objects.get()
    assert "gui/a.md: warning: The file and the studio's text were both changed" in said
    assert f"Changed here and in the studio: 1 files. Open /import/{job.pk}/conflicts/" in said
    assert "Older than the studio's text, and left alone: 1 files." in said
    assert head("gui/a.md") == text("A in the studio")
    assert head("gui/b.md") == text("B on disk")


def test_the_command_s_json_counts_them(tree, capsys):
    makers.put(tree, "gui/a.md", text("A on disk"))
    saved("gui/a.md", text("A in the studio"))
    saved("gui/c.md", text("C in the studio"))

    call_command("import_examples", tree, "--json")

    said = json.loads(capsys.readouterr().out)
    assert (said["conflicts"], said["older"], said["waiting"], said["unchanged"]) == (1, 1, 1, 1)
