from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from curation.models import CorpusFile, CorpusProgram, GeneralExample
from curation.services import stocking
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TERMS = {"licence": "mit", "source": "github.com/acme"}


def sent(**files: str | bytes) -> list[SimpleUploadedFile]:
    return [
        SimpleUploadedFile(name.replace("_", "."), data.encode() if isinstance(data, str) else data)
        for name, data in files.items()
    ]


def post(client: Client, **data: object) -> str:
    response = client.post(reverse("corpus_add"), {**TERMS, **data})
    assert response.status_code == (200 if "report-title" in response.content.decode() else 422)
    return " ".join(response.content.decode().split())


def test_several_files_go_in_at_once_and_every_problem_is_on_the_page(as_maintainer):
    page = post(as_maintainer, programs=sent(a_bbj="print 1", b_src="print 2", c_bbj=b"\xff"))

    assert "3 programs: 2 added" in page
    assert "c.bbj" in page
    assert "Byte 0xff is not UTF-8." in page
    assert 'value="mit"' in page  # what was typed stays
    assert dict(CorpusProgram.objects.values_list("path", "licence")) == {"a.bbj": "MIT", "b.src": "MIT"}


def test_only_check_writes_nothing(as_maintainer):
    page = post(as_maintainer, programs=sent(a_bbj="print 1"), check="yes")

    assert "1 would be added" in page
    assert "Nothing was written." in page
    assert not CorpusFile.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "This field is required"),
        ({"programs": sent(a_exe="MZ")}, "send files that end in .bbj"),
        ({"programs": sent(a_bbj="print 1"), "licence": "GPL"}, "Write GPL-2.0-only or"),
        ({"programs": sent(a_bbj="print 1"), "source": ""}, "The source is missing"),
        ({"programs": sent(a_bbj="print 1"), "folder": "../x"}, "is no folder of the corpus"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(as_maintainer, wrong, says):
    assert says in post(as_maintainer, **wrong).replace("&quot;", '"')
    assert not CorpusFile.objects.exists()


def test_the_list_filters_and_costs_the_same_for_any_number(as_author, django_assert_max_num_queries):
    for n in range(8):
        makers.raw_program(f"p{n}.bbj", licence="MIT" if n % 2 else "own", source=f"source {n}")
    out = CorpusProgram.objects.get(path="p0.bbj")
    stocking.take_out(program=out, by=makers.user("maintainer"), seen=1, reason="old")

    with django_assert_max_num_queries(9):
        page = as_author.get(reverse("corpus_list")).content.decode()
    of_mit = as_author.get(reverse("corpus_list"), {"licence": "MIT", "q": "source 3"}).content.decode()
    gone = as_author.get(reverse("corpus_list"), {"state": "out"}).content.decode()

    assert [f"p{n}.bbj" in page for n in range(8)] == [True] * 8
    assert [f"p{n}.bbj" in of_mit for n in range(8)] == [n == 3 for n in range(8)]
    assert "p0.bbj" in gone
    assert "p1.bbj" not in gone
    assert "MIT (4)" in page
    assert "Add programs" not in page


@pytest.mark.parametrize("query", ["?licence=nothing", "?state=x", "?after=%00", "?q=" + "a" * 300, "?q=%25"])
def test_any_address_of_the_list_is_a_page(as_author, query):
    makers.raw_program("a.bbj")

    assert as_author.get(reverse("corpus_list") + query).status_code == 200


def test_a_program_is_shown_in_colours_with_its_versions(as_author, maintainer):
    program = makers.raw_program("a.bbj", 'rem <b>\nprint "x"\n')
    stocking.relicense(program=program, licence="MIT", source="acme", by=maintainer, seen=1)
    program.refresh_from_db()
    stocking.take_out(program=program, by=maintainer, seen=2, reason="They <b>asked</b>.")

    page = as_author.get(reverse("corpus_page", args=[program.pk])).content.decode()
    first = as_author.get(reverse("corpus_version", args=[program.pk, 1])).content.decode()

    assert '<span class="tok-k">print</span>' in page
    assert "rem &lt;b&gt;" in page
    assert "They &lt;b&gt;asked&lt;/b&gt;." in page
    assert "licence: own → MIT; source: the sales department → acme" in page
    assert "taken out" in page
    assert "Change licence" not in page
    assert "This is an older version" in first
    assert as_author.get(reverse("corpus_version", args=[program.pk, 9])).status_code == 404


def test_a_version_shows_what_it_changed_in_the_text(as_author):
    makers.raw_program("a.bbj", 'rem one\nprint "a"\n')
    program = makers.raw_program("a.bbj", 'rem one\nprint "b"\n')

    page = as_author.get(reverse("corpus_page", args=[program.pk])).content.decode()

    assert "What it changed against version 1" in page
    assert "<del>" in page
    assert "other text" in page


def test_a_long_program_is_shown_without_colours(as_author):
    program = makers.raw_program("a.bbj", "print <x>\n" * 8000)

    page = as_author.get(reverse("corpus_page", args=[program.pk])).content.decode()

    assert "Too long to be shown in colours." in page
    assert page.count("<span>print &lt;x&gt;</span>") == 8000


def test_a_maintainer_changes_terms_takes_out_and_puts_back(as_maintainer):
    program = makers.raw_program("a.bbj")
    page = reverse("corpus_page", args=[program.pk])

    def do(name: str, *args: object, **data: object) -> int:
        return as_maintainer.post(reverse(name, args=[program.pk, *args]), data).status_code

    assert do("corpus_relicense", seen=1, **TERMS) == 302
    assert do("corpus_choose", "out", seen=2, reason="old") == 302
    assert "Taken out of the corpus" in as_maintainer.get(page).content.decode()
    assert do("corpus_choose", "back", seen=3, reason="not so old") == 302
    assert do("corpus_choose", "away", seen=4, reason="x") == 404
    assert list(stocking.versions_of(program).values_list("number", "licence", "included")) == [
        (4, "MIT", True),
        (3, "MIT", False),
        (2, "MIT", True),
        (1, "own", True),
    ]


def test_a_word_about_an_older_version_is_refused_and_what_was_typed_stays(as_maintainer):
    program = makers.raw_program("a.bbj")
    as_maintainer.post(reverse("corpus_relicense", args=[program.pk]), {"seen": 1, **TERMS})

    late = as_maintainer.post(
        reverse("corpus_choose", args=[program.pk, "out"]), {"seen": 1, "reason": "a reason I typed"}
    )
    wrong = as_maintainer.post(
        reverse("corpus_relicense", args=[program.pk]), {"seen": 2, "licence": "GPL", "source": "typed too"}
    )

    assert (late.status_code, wrong.status_code) == (422, 422)
    assert "has a newer version by now" in late.content.decode()
    assert 'value="a reason I typed"' in late.content.decode()
    assert 'value="typed too"' in wrong.content.decode()
    assert CorpusFile.objects.count() == 2


def test_general_code_is_brought_in_and_a_source_taken_out(as_maintainer, as_author):
    line = json.dumps({"prompt": "Reverse a list.", "completion": "values[::-1]"})

    page = as_maintainer.post(
        reverse("general_add"), {**TERMS, "file": SimpleUploadedFile("set.jsonl", f"{line}\n{{\n".encode())}
    ).content.decode()
    out = as_maintainer.post(
        reverse("general_choose"), {"source": TERMS["source"], "included": "no", "reason": "wrong licence"}
    )

    assert "2 lines: 1 added" in page
    assert "set.jsonl" in page
    assert GeneralExample.objects.get().licence == "MIT"
    assert out.status_code == 302
    shown = as_author.get(reverse("corpus_list")).content.decode()
    assert "wrong licence" in shown
    assert "taken out" in shown


def test_a_share_of_general_code_is_asked_for_where_a_version_is_frozen(as_maintainer):
    for _ in range(3):
        makers.approved()
    makers.general_example("A question?", licence="CC-BY-4.0")
    address = reverse("snapshot_freeze")

    planned = as_maintainer.get(address, {"general_per_mille": "250"})
    wrong = as_maintainer.post(address, {"name": "v1", "seed": 7, "general_per_mille": "900"})
    form = {"name": "v1", "seed": 7, "validation_per_mille": 100, "general_per_mille": "250"}
    warnings = planned.context["plan"].gates.open_warnings
    reasons = {f"waive-{gate.code}": "a first version" for gate in warnings}
    frozen = as_maintainer.post(address, form | reasons, follow=True)

    assert "General code</dt>" in planned.content.decode()
    assert wrong.status_code == 422
    assert "less than or equal to 500" in wrong.content.decode()
    assert frozen.context["snapshot"].general.count() == 1
    assert "CC-BY-4.0 1" in frozen.content.decode()
