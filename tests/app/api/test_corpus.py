"""Raw programs and general code, for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from curation.models import CorpusFile, GeneralExample
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def upload(program: Any, path: str, **fields: object) -> Any:
    shown = {"Authorization": f"Bearer {program.secret}"}
    return Client().post(f"/api/v1{path}", fields, headers=shown)


def sent(**files: bytes) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name.replace("_", "."), data) for name, data in files.items()]


def test_programs_are_added_found_read_and_changed(maintainer):
    terms = {"licence": "mit", "source": "acme"}
    files = {"a_bbj": b"print 1\n", "b_bbj": b"\xff"}
    tried = upload(maintainer, "/corpus", files=sent(**files), dry_run="true", **terms)
    added = upload(maintainer, "/corpus", files=sent(**files), **terms).json()
    listed = maintainer.get("/corpus?licence=MIT&q=acme").json()

    assert (tried.json()["new"], added["new"], added["refused"]) == (1, 1, 1)
    assert [problem["code"] for problem in added["problems"]] == ["not-utf8"]
    (row,) = listed["items"]
    assert (row["path"], row["licence"], row["included"]) == ("a.bbj", "MIT", True)

    place = f"/corpus/{row['id']}"
    answers = [
        maintainer.post(f"{place}/{word}", body).status_code
        for word, body in (
            ("licence", {"seen": 1, "licence": "own", "source": "sales"}),
            ("take-out", {"seen": 2, "reason": "old"}),
            ("take-out", {"seen": 2, "reason": "late"}),
            ("licence", {"seen": 3, "licence": "GPL", "source": "x"}),
            ("put-back", {"seen": 3, "reason": "not old"}),
        )
    ]
    shown = maintainer.get(place).json()
    assert answers == [200, 200, 409, 422, 200]
    assert shown["text"] == "print 1\n"
    assert [version["reason"] for version in shown["history"]] == ["not old", "old", "", ""]
    assert maintainer.get(f"{place}/versions/1").json()["licence"] == "MIT"
    assert maintainer.get(f"{place}/versions/9").status_code == 404


def test_terms_that_are_missing_are_told_together(maintainer):
    answer = upload(maintainer, "/corpus", licence="x", source="", files=sent(a_bbj=b"print 1"))

    assert answer.status_code == 422
    assert "is not a licence" in answer.json()["detail"]
    assert "The source is missing" in answer.json()["detail"]
    assert not CorpusFile.objects.exists()


def test_general_code_is_added_and_its_source_taken_out(maintainer):
    line = json.dumps({"prompt": "Reverse a list.", "completion": "values[::-1]"}).encode()
    (file,) = sent(x_jsonl=line + b"\n{")

    added = upload(maintainer, "/general", licence="MIT", source="a set", file=file).json()
    out = maintainer.post("/general/choose", {"source": "a set", "included": False, "reason": "wrong"}).json()

    assert (added["new"], added["refused"], added["problems"][0]["line"]) == (1, 1, 2)
    assert out == maintainer.get("/general").json()
    assert out["items"] == [
        {"source": "a set", "licence": "MIT", "count": 1, "included": False, "reason": "wrong"}
    ]
    assert GeneralExample.objects.count() == 1


def test_an_author_reads_and_changes_nothing(author):
    program = makers.raw_program("a.bbj")

    assert author.get(f"/corpus/{program.pk}").json()["path"] == "a.bbj"
    assert author.post(f"/corpus/{program.pk}/take-out", {"seen": 1, "reason": "x"}).status_code == 403
