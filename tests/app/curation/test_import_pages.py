"""Importing in the browser: send, watch, read the report, mend, import."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from curation.domain.defects import DEFECTS
from curation.models import Example, ImportJob, Revision
from tests import makers
from tests.chatml_set import SMALL, chatml_set
from tests.makers import worked

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR = tmp_path


def shown(response) -> str:
    return response.content.decode()


def send(client, data: bytes, name: str = "set.jsonl", **more):
    fields = {"file": SimpleUploadedFile(name, data), "key": str(uuid.uuid4()), **more}
    return client.post(reverse("import"), fields)


@pytest.fixture
def planted():
    return chatml_set(SMALL)


@pytest.fixture
def job(as_maintainer, planted) -> ImportJob:
    """A checked import of the small planted set."""
    send(as_maintainer, planted.data + b"{nope\n")
    return worked(ImportJob.objects.get())


def page(client, name: str, *words) -> str:
    response = client.get(reverse(name, args=words))
    assert response.status_code == 200
    return shown(response)


def test_sending_a_file_leads_to_its_page_which_looks_again_until_it_is_checked(as_maintainer, planted):
    response = send(as_maintainer, planted.data)

    job = ImportJob.objects.get()
    assert response.url == reverse("import_page", args=[job.pk])
    assert "every 1s" in page(as_maintainer, "import_page", job.pk)
    worked(job)
    assert "every 1s" not in page(as_maintainer, "import_page", job.pk)
    assert "Import the" in page(as_maintainer, "import_live", job.pk)


def test_a_button_pressed_twice_opens_one_import(as_maintainer, planted):
    key = str(uuid.uuid4())

    urls = {send(as_maintainer, planted.data, key=key).url for _ in range(2)}

    assert len(urls) == ImportJob.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("set.csv", b"x", "not one of"),
        ("set.jsonl", b"", "empty"),
        ("a.md", b"x", "needs its topic"),
    ],
)
def test_a_refused_file_is_a_sentence_at_the_field(as_maintainer, name, data, says):
    response = send(as_maintainer, data, name)

    assert response.status_code == 422
    assert says in shown(response)
    assert not ImportJob.objects.exists()


def test_the_folder_of_the_server_is_imported_by_the_same_way(as_maintainer, maintainer, training_data):
    makers.put(training_data, "gui/bad.md", "no front matter")
    as_maintainer.post(reverse("import_folder"), {"key": str(uuid.uuid4())})
    job = worked(ImportJob.objects.get())

    assert "Import the 2 good ones" in page(as_maintainer, "import_page", job.pk)
    assert not Example.objects.exists()
    as_maintainer.post(reverse("import_confirm", args=[job.pk]))
    worked(job)
    assert set(Revision.objects.values_list("author", flat=True)) == {maintainer.pk}
    assert "2 created" in page(as_maintainer, "import_page", job.pk)


def test_a_missing_folder_is_a_sentence_on_the_page(as_maintainer, settings, tmp_path):
    settings.STUDIO_TRAINING_DATA = tmp_path / "nowhere"
    as_maintainer.post(reverse("import_folder"), {"key": str(uuid.uuid4())})
    job = worked(ImportJob.objects.get())

    assert "there is no such file or folder" in page(as_maintainer, "import_page", job.pk)


def test_the_report_counts_every_code_and_leads_to_its_items(as_maintainer, job):
    report = page(as_maintainer, "import_page", job.pk)

    assert "0 of 5" in report  # repeated prompts, not their lines
    assert reverse("import_problems", args=[job.pk, "json"]) in report
    assert "line 91" in page(as_maintainer, "import_problems", job.pk, "json")
    assert "{nope" in page(as_maintainer, "import_line", job.pk, 91)
    for change in ("new", "refused", "waiting", "example", "record", "nonsense"):
        page(as_maintainer, "import_items", job.pk, change)


def test_items_come_a_page_at_a_time(as_maintainer, job):
    first = as_maintainer.get(reverse("import_items", args=[job.pk, "new"]))
    second = as_maintainer.get(reverse("import_items", args=[job.pk, "new"]) + first.context["page"].next)

    positions = [item.position for response in (first, second) for item in response.context["page"].rows]
    assert positions == list(range(1, 91))


@pytest.mark.parametrize("word", ["x", "-1", "9" * 40, "\0", "1;drop"])
def test_any_place_in_the_address_gives_a_page(as_maintainer, job, word):
    for name, words in (
        ("import_items", [job.pk, "new"]),
        ("import_problems", [job.pk, "json"]),
        ("import_mend", [job.pk, "escaped-newlines"]),
        ("import_mend", [job.pk, "repeated-prompt"]),
    ):
        query = {"after": word, "at": word, "q": word}
        assert as_maintainer.get(reverse(name, args=words), query).status_code == 200


@pytest.mark.parametrize("code", DEFECTS)
def test_every_kind_of_defect_has_a_mending_page(as_maintainer, job, code):
    assert DEFECTS[code].split()[0] in page(as_maintainer, "import_mend", job.pk, code)


def test_no_other_kind_of_defect_has_one(as_maintainer, job):
    assert as_maintainer.get(reverse("import_mend", args=[job.pk, "json"])).status_code == 404


def test_a_decision_leads_to_the_next_line_and_can_be_undone(as_maintainer, job):
    place = reverse("import_mend", args=[job.pk, "escaped-newlines"])
    first = as_maintainer.get(place).context["problem"]

    response = as_maintainer.post(
        reverse("import_decide", args=[job.pk, first.pk]), {"action": "mend"}, follow=True
    )

    assert "1 of 4" in shown(response)
    assert response.context["problem"] != first
    as_maintainer.post(reverse("import_undo", args=[job.pk, first.pk]))
    assert "0 of 4" in page(as_maintainer, "import_mend", job.pk, "escaped-newlines")


def test_all_of_a_kind_are_mended_with_one_button(as_maintainer, job):
    assert "Mend all 4 alike" in page(as_maintainer, "import_mend", job.pk, "escaped-newlines")

    response = as_maintainer.post(reverse("import_mend_all", args=[job.pk, "escaped-newlines"]), follow=True)

    assert "All 4 are decided" in shown(response)
    as_maintainer.post(reverse("import_mend_all", args=[job.pk, "escaped-newlines"]), {"undo": "1"})
    assert "0 of 4" in page(as_maintainer, "import_mend", job.pk, "escaped-newlines")


@pytest.mark.parametrize("code", ["mixed-newlines", "short-answer"])
def test_what_needs_a_person_has_no_such_button(as_maintainer, job, code):
    assert "alike" not in page(as_maintainer, "import_mend", job.pk, code)
    response = as_maintainer.post(reverse("import_mend_all", args=[job.pk, code]), follow=True)
    assert "look at each" in shown(response)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Choose what to do"),
        ({"action": "nonsense"}, "Choose what to do"),
        ({"action": "edit", "text": "  "}, "answer is empty"),
        ({"action": "edit", "text": "a<|im_end|>b"}, "control token"),
        ({"action": "mend"}, "No rule mends"),
    ],
)
def test_a_decision_that_makes_no_sense_is_a_sentence(as_maintainer, job, fields, says):
    problem = job.problems.filter(code="short-answer").first()

    response = as_maintainer.post(reverse("import_decide", args=[job.pk, problem.pk]), fields)

    assert response.status_code == 422
    assert says in shown(response)


def test_repeated_prompts_stand_side_by_side_and_one_is_chosen(as_maintainer, job):
    place = reverse("import_mend", args=[job.pk, "repeated-prompt"])
    context = as_maintainer.get(place).context
    group, chosen = context["group"], context["answers"][1].problem.item

    response = as_maintainer.post(
        reverse("import_choose", args=[job.pk, group]), {"chosen": chosen.position}, follow=True
    )

    assert "1 of 5" in shown(response)
    assert [item.change for item in job.items.filter(problems__group=group)].count("left_out") == len(
        context["answers"]
    ) - 1
    as_maintainer.post(reverse("import_undo", args=[job.pk, context["answers"][0].problem.pk]))
    assert not job.items.filter(change="left_out").exists()


@pytest.mark.parametrize("fields", [{}, {"chosen": "99999"}, {"chosen": "x"}])
def test_a_choice_that_makes_no_sense_is_a_sentence(as_maintainer, job, fields):
    group = job.problems.filter(code="repeated-prompt").first().group

    response = as_maintainer.post(reverse("import_choose", args=[job.pk, group]), fields, follow=True)

    assert "notice bad" in shown(response)
    assert not job.problems.filter(code="repeated-prompt").exclude(action="").exists()


def test_hostile_text_is_shown_as_text(as_maintainer):
    evil = '<script>alert(1)</script> {{ 7|add:"1" }}'
    line = f'{{"messages": [{{"role": "{evil.replace(chr(34), "")}"}}, 1, 2]}}\n'
    send(as_maintainer, line.encode(), "<b>x.jsonl")
    job = worked(ImportJob.objects.get())

    for html in (
        page(as_maintainer, "import_page", job.pk),
        page(as_maintainer, "import_problems", job.pk, "role"),
        page(as_maintainer, "import_line", job.pk, 1),
    ):
        assert "<script>alert" not in html
        assert "<b>x" not in html


def test_cancelling_says_that_nothing_was_imported(as_maintainer, job):
    as_maintainer.post(reverse("import_cancel", args=[job.pk]))

    assert "nothing was imported" in page(as_maintainer, "import_page", job.pk)
