"""Every format of a dataset version: what is in it, and that its bytes are the same everywhere."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import frontmatter
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from curation.models import ChatRecord, ImmutableRowError, Snapshot
from curation.services import archiving, choosing, exporting, importing
from curation.services.exports import frozen_texts
from tests import makers

pytestmark = [pytest.mark.one_database, pytest.mark.django_db]


@pytest.fixture
def version(tmp_path: Path) -> Snapshot:
    return made(tmp_path)


def made(folder: Path) -> Snapshot:
    """Both sides hold examples; of labels there are one frequent and two rare; a program, a conversation."""
    for n in range(9):
        label = {0: "vpro5", 1: "[bbj-gui, dwc]"}.get(n, "all")
        text = makers.example_text(f"Export {n}", generation=label, explanation=f"Line \u2028 {n} – é")
        makers.approved(f"strings/export-{n}.md", text.replace("\u2028", "and"))
    for n in range(4):
        makers.put(folder, f"made/corpus/program-{n}.bbj", makers.program(f"Program {n}"))
    importing.import_corpus(folder / "made")
    record = ChatRecord.objects.create(
        prompt="Which?", answer="Both.", content_hash="c" * 64, why="no code", author=makers.user()
    )
    choosing.choose(records=[record], by=makers.user("reviewer"), chosen=True)
    return makers.freeze(name="v1", author=makers.user("maintainer"), validation_per_mille=300)


def zipped(frozen: Snapshot, format: str, weights: bool = False) -> bytes:
    file, size_bytes = exporting.archive(frozen, format=format, weights=weights)
    with file:
        data = file.read()
    assert len(data) == size_bytes
    return data


def opened(data: bytes) -> dict[str, bytes]:
    """The files of an archive by their paths below its one folder."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def lines(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.decode().split("\n") if line]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.mark.parametrize("format", exporting.FORMATS)
def test_a_format_has_the_same_files_in_a_folder_and_in_a_zip(version, tmp_path, format):
    folder = exporting.export_snapshot(version, tmp_path / "out", format=format)
    data = zipped(version, format)

    assert contents(folder) == opened(data)
    assert zipped(version, format) == data
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert names[-1] == f"bbj-{version.digest[:12]}-{format}/manifest.json"
    assert {name.partition("/")[2] for name in names} <= {
        *exporting.FORMATS[format].paths(json.loads(version.manifest))
    }
    assert hashlib.sha256(opened(data)["manifest.json"]).hexdigest() == version.digest


def test_a_zip_says_nothing_of_the_machine_that_made_it(version):
    for info in zipfile.ZipFile(io.BytesIO(zipped(version, "markdown"))).infolist():
        assert (info.date_time, info.compress_type) == ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED)
        assert (info.create_system, info.external_attr) == (3, 0o100644 << 16)


ELSEWHERE = """\
import hashlib, json, sys
import django
django.setup()
from curation.models import Snapshot
from curation.services import exporting
frozen, told = Snapshot.objects.get(), {}
for format, one in exporting.FORMATS.items():
    for weights in {False, one.WEIGHABLE}:
        file, _ = exporting.archive(frozen, format=format, weights=weights)
        told[f"{format} {weights}"] = hashlib.sha256(file.read()).hexdigest()
print(json.dumps(told))
"""


@pytest.mark.slow(6)
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a database by its file")
def test_another_process_in_another_zone_and_locale_writes_the_same_bytes(tmp_path):
    frozen = made(tmp_path)
    environment = os.environ | {
        "STUDIO_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "STUDIO_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "studio.settings",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "4711",
        "PYTHONUTF8": "0",
    }

    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        env=environment,
        cwd=settings.ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )

    there = json.loads(told.stdout.decode().strip().rpartition("\n")[2])
    here = {
        f"{format} {weights}": hashlib.sha256(zipped(frozen, format, weights)).hexdigest()
        for format, one in exporting.FORMATS.items()
        for weights in {False, one.WEIGHABLE}
    }
    assert there == here
    assert len(set(here.values())) == len(here) == 8


def test_messages_are_prompt_and_completion_in_one_list(version):
    rows, whole = (opened(zipped(version, format)) for format in ("chatml", "messages"))

    for split in frozen_texts.SPLITS:
        apart, joined = lines(rows[f"{split}.jsonl"]), lines(whole[f"{split}.jsonl"])
        assert joined == [{"messages": row["prompt"] + row["completion"]} for row in apart]
        assert {len([m for m in row["messages"] if m["role"] == "system"]) for row in joined} <= {1}


def test_the_markdown_tree_holds_the_frozen_files_byte_for_byte(version, tmp_path):
    example = version.entries.get(path="strings/export-3.md").revision.example
    makers.edited(example, makers.example_text("Edited since"))

    folder = exporting.export_snapshot(version, tmp_path / "tree", format="markdown")

    assert len(list(folder.rglob("*.md"))) == 9
    for entry in version.entries.select_related("revision"):
        file = folder / entry.path
        assert file.read_bytes() == entry.revision.text.encode()
        assert frontmatter.load(str(file))["title"].startswith("Export ")
    assert json.loads((folder / ".studio.json").read_text())["files"] == dict(
        version.entries.values_list("path", "content_hash")
    )


def test_raw_programs_are_files_with_their_own_bytes(version):
    files = opened(zipped(version, "corpus"))

    programs = {path: data for path, data in files.items() if path.endswith(".bbj")}
    assert {path.rpartition("/")[2] for path in programs} == {f"program-{n}.bbj" for n in range(4)}
    for row in version.corpus_files.select_related("corpus_file"):
        assert programs[f"corpus/{row.split}/{row.corpus_file.path}"] == row.corpus_file.text.encode()


def test_weights_even_out_how_frequent_a_label_is_among_the_training_rows(version):
    files = opened(zipped(version, "huggingface", weights=True))
    train, validation = (lines(files[f"data/{split}.jsonl"]) for split in frozen_texts.SPLITS)

    labelled = [row for row in train if row["generation"]]
    assert sum(row["weight"] for row in labelled) / len(labelled) == pytest.approx(1, abs=1e-5)
    assert {row["weight"] for row in [*validation, *(r for r in train if not r["generation"])]} <= {1.0}
    frequent = next(row["weight"] for row in labelled if row["generation"] == ["all"])
    assert all(row["weight"] > frequent for row in labelled if row["generation"] != ["all"])
    assert [row["weight"] for row in train] == [
        row["weight"] for row in lines(opened(zipped(version, "chatml", weights=True))["train.jsonl"])
    ]


def test_a_format_without_rows_has_no_weights(version, tmp_path):
    with pytest.raises(exporting.ExportRefused, match="no rows to weigh"):
        exporting.export_snapshot(version, tmp_path, format="corpus", weights=True)


def test_an_older_export_is_replaced_and_files_of_others_stay(version, tmp_path):
    out = exporting.export_snapshot(version, tmp_path / "out", format="markdown")
    makers.put(out, "strings/mine.md", "mine")
    (out / "manifest.json").rename(out / "manifest.json.part")  # as if it had been stopped half-way
    makers.review(version.entries.get(path="strings/export-3.md").revision.example, "reject")
    later = makers.freeze(name="v2", author=makers.user("maintainer"), validation_per_mille=300)

    exporting.export_snapshot(later, out, format="markdown")

    left = {path.name for path in (out / "strings").iterdir()}
    assert left == {"mine.md", *(f"export-{n}.md" for n in range(9) if n != 3)}
    assert hashlib.sha256((out / "manifest.json").read_bytes()).hexdigest() == later.digest


def test_a_strangers_manifest_removes_nothing_outside_the_folder(version, tmp_path):
    kept = makers.put(tmp_path, "kept.md", "kept")
    evil = {"manifest_version": 1, "examples": [{"path": "../kept.md"}, {"path": str(kept)}], "corpus": []}
    makers.put(tmp_path, "out/manifest.json", json.dumps(evil))

    exporting.export_snapshot(version, tmp_path / "out", format="markdown")

    assert kept.read_text() == "kept"


def test_an_export_never_writes_through_a_link(version, tmp_path):
    out = exporting.export_snapshot(version, tmp_path / "out", format="corpus")
    (tmp_path / "elsewhere").mkdir()
    for file in out.rglob("*.bbj"):
        file.unlink()
    for folder in (out / "corpus").iterdir():
        folder.rmdir()
    (out / "corpus").rmdir()
    (out / "corpus").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(exporting.ExportRefused, match="is a link"):
        exporting.export_snapshot(version, out, format="corpus")

    assert not list((tmp_path / "elsewhere").iterdir())


def test_few_texts_are_in_memory_at_a_time(version, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(frozen_texts, "CHUNK", 2)
    monkeypatch.setattr(archiving, "IN_MEMORY_BYTES", 10)
    n = version.entries.filter(split="train").count()

    with django_assert_num_queries(1 + -(-n // 2) + 2 + version.conversations.filter(split="train").count()):
        rows = sum(1 for _ in frozen_texts.rows(version, "train"))

    assert rows == n + version.conversations.filter(split="train").count()
    assert len(zipped(version, "chatml")) > 1000


def test_a_frozen_text_that_no_rule_explains_is_named(version, monkeypatch):
    with pytest.raises(ImmutableRowError):
        version.entries.first().revision.save()
    makers.tamper("UPDATE curation_revision SET text = 'broken'")

    with pytest.raises(exporting.ExportRefused, match=r"strings/export-\d\.md: .*it has no front matter"):
        zipped(version, "chatml")


# Pages, API


def test_each_format_can_be_downloaded(as_author, version):
    page = as_author.get(reverse("snapshot_page", args=[version.pk])).content.decode()

    for format in exporting.FORMATS:
        address = reverse("snapshot_export", args=[version.pk, format])
        response = as_author.get(address)
        assert b"".join(response.streaming_content) == zipped(version, format)
        assert exporting.archive_name(version, format, False) in response["Content-Disposition"]
        assert f'href="{address}"' in page
    weighed = as_author.get(reverse("snapshot_export", args=[version.pk, "messages"]) + "?weights=1")
    assert b"".join(weighed.streaming_content) == zipped(version, "messages", True)


def test_what_cannot_be_exported_is_a_sentence(as_author, version):
    address = reverse("snapshot_export", args=[version.pk, "corpus"])

    response = as_author.get(address + "?weights=1", follow=True)

    assert "no rows to weigh" in response.content.decode()
    assert as_author.get(address.replace("corpus", "parquet")).status_code == 404
    assert as_author.get(reverse("snapshot_export", args=[0, "corpus"])).status_code == 404


def test_a_program_gets_the_same_and_is_told_when_it_has_it(version, author: User):
    from studio import tokens

    secret = tokens.create(owner=author, name="t", scopes=["snapshots:read"], days=1)[1]
    client, shown = Client(), {"Authorization": f"Bearer {secret}"}
    address = f"/api/v1/snapshots/{version.pk}/exports/messages?weights=true"

    first = client.get(address, headers=shown)
    again = client.get(address, headers={**shown, "If-None-Match": first["ETag"]})

    assert b"".join(first) == zipped(version, "messages", True)
    assert again.status_code == 304
    refused = client.get(f"/api/v1/snapshots/{version.pk}/exports/corpus?weights=true", headers=shown)
    assert refused.status_code == 409
    assert "no rows to weigh" in refused.json()["detail"]
