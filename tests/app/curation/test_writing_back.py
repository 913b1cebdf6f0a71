"""Examples leave as files: the same bytes each time, and no file that somebody edited is overwritten."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.urls import reverse

from curation.domain import markdown, tree_manifest
from curation.services import archiving, exporting, writing_back
from curation.services.finding import Filters
from tests import makers

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def var(tmp_path: Path, settings) -> Path:
    settings.VAR = tmp_path / "var"
    return settings.VAR


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def manifest(out: Path) -> dict[str, str]:
    return tree_manifest.read((out / tree_manifest.NAME).read_bytes())


def content(response) -> bytes:
    return b"".join(response.streaming_content)


def opened(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_tree_says_what_each_file_was(db, out):
    example = makers.example("gui/a.md")

    writing_back.export_tree(out, Filters())

    assert manifest(out) == {"gui/a.md": example.content_hash}
    assert example.head
    assert (out / "gui/a.md").read_text() == example.head.text


def test_a_second_export_moves_on_what_it_writes_and_nothing_else(db, out):
    a, b = makers.approved("gui/a.md"), makers.approved("gui/b.md")
    writing_back.export_tree(out, Filters())
    old = a.content_hash
    makers.edited(a, makers.example_text("New A"))
    makers.edited(b, makers.example_text("New B"))
    makers.review(b)

    done = writing_back.export_tree(out, Filters(status="approved"))

    assert (done.written, done.unchanged, done.kept) == (1, 0, ())
    assert manifest(out) == {"gui/a.md": old, "gui/b.md": b.content_hash}


def test_a_file_that_nobody_imported_is_left_alone(db, out):
    example = makers.example("gui/a.md")
    writing_back.export_tree(out, Filters())
    edited = makers.example_text("Edited on disk")
    (out / "gui/a.md").write_text(edited)
    old = example.content_hash
    makers.edited(example, makers.example_text("Edited in the studio"))

    done = writing_back.export_tree(out, Filters())

    assert done.kept == ("gui/a.md",)
    assert (out / "gui/a.md").read_text() == edited
    assert manifest(out) == {"gui/a.md": old}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_older_text_of_the_studio_is_overwritten(db, out, ends):
    example = makers.example("gui/a.md", makers.example_text("Old"))
    makers.put(out, "gui/a.md", makers.example_text("Old").replace("\n", ends))
    makers.edited(example, makers.example_text("New"))

    done = writing_back.export_tree(out, Filters())

    assert (done.written, done.kept) == (1, ())
    assert (out / "gui/a.md").read_text() == makers.example_text("New")


@pytest.mark.parametrize("text", ["{", '{"studio_tree": 9}'])
def test_a_broken_manifest_stops_the_export(db, out, text):
    makers.example("gui/a.md")
    makers.put(out, tree_manifest.NAME, text)

    with pytest.raises(exporting.ExportRefused, match=r"\.studio\.json"):
        writing_back.export_tree(out, Filters())

    assert not (out / "gui").exists()


def test_the_manifest_is_never_written_through_a_link(db, tmp_path, out):
    makers.example("gui/a.md")
    out.mkdir()
    (out / tree_manifest.NAME).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(exporting.ExportRefused, match="is a link"):
        writing_back.export_tree(out, Filters())

    assert not (tmp_path / "elsewhere").exists()


def test_a_download_holds_what_is_approved(as_author):
    approved = makers.approved("gui/a.md")
    makers.example("gui/b.md")

    response = as_author.get(reverse("example_download"))

    files = opened(content(response))
    assert response["Content-Disposition"] == 'attachment; filename="examples-approved.zip"'
    assert list(files) == ["gui/a.md", tree_manifest.NAME]
    assert markdown.content_hash(files["gui/a.md"]) == approved.content_hash
    assert tree_manifest.read(files[tree_manifest.NAME].encode()) == {"gui/a.md": approved.content_hash}


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ({"status": ""}, ["gui/a.md", "oop/b.md"]),
        ({"status": "needs_review"}, ["oop/b.md"]),
        ({"topic": "oop"}, []),
        ({"topic": "oop", "status": ""}, ["oop/b.md"]),
    ],
)
def test_a_download_takes_the_filters_of_the_list(as_author, query, paths):
    makers.approved("gui/a.md")
    makers.example("oop/b.md")

    response = as_author.get(reverse("example_download"), query)

    assert list(opened(content(response))) == [*paths, tree_manifest.NAME]


def test_the_same_texts_give_the_same_bytes(as_author):
    for n in range(3):
        makers.approved(f"gui/n{n}.md")

    first, again = (content(as_author.get(reverse("example_download"))) for _ in range(2))

    assert first == again


def test_a_wrong_filter_downloads_nothing(as_author):
    makers.approved("gui/a.md")

    response = as_author.get(reverse("example_download"), {"topic": "nonsense"}, follow=True)

    assert "nothing was made" in response.content.decode()


def test_more_than_an_import_takes_is_refused(as_author, monkeypatch):
    monkeypatch.setattr(writing_back, "MAX_FILES", 2)
    for n in range(2):
        makers.approved(f"gui/n{n}.md")

    response = as_author.get(reverse("example_download"), {"topic": "gui"}, follow=True)

    assert response.redirect_chain[0][0].endswith("?topic=gui")
    assert "Filter by topic" in response.content.decode()


def test_a_large_download_lies_on_disk_while_it_is_sent(as_author, monkeypatch, var):
    monkeypatch.setattr(archiving, "IN_MEMORY_BYTES", 10)
    makers.approved("gui/a.md")

    response = as_author.get(reverse("example_download"))

    assert list(opened(content(response))) == ["gui/a.md", tree_manifest.NAME]
    assert not list((var / "exports").iterdir())


@pytest.mark.django_db(transaction=True)
def test_the_server_of_the_studio_sends_the_same(author):
    makers.approved("gui/a.md")
    client = AsyncClient()

    async def fetch() -> tuple[int, bytes]:
        await client.aforce_login(author)
        response = await client.get(reverse("example_download"))
        assert isinstance(response, StreamingHttpResponse)
        return int(response["Content-Length"]), b"".join([block async for block in response])

    size, data = asyncio.run(fetch())

    assert len(data) == size
    assert list(opened(data)) == ["gui/a.md", tree_manifest.NAME]


def test_the_list_offers_the_download_with_its_filters(as_author):
    makers.approved("gui/a.md")
    address = reverse("example_download")

    every = as_author.get(reverse("example_list"), {"topic": "gui", "after": "a"}).content.decode()
    some = as_author.get(reverse("example_list"), {"status": "approved"}).content.decode()

    assert f'href="{address}?topic=gui"' in every
    assert f'href="{address}?topic=gui&amp;status="' in every
    assert f'href="{address}?&amp;status=approved"' in some
