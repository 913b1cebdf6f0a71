"""Archives that others made: hostile ones are refused with a sentence, and nothing else is raised."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.domain.markdown import LARGEST_FILE_BYTES
from curation.services import unpacking
from curation.services.unpacking import ArchiveRefused, Member, members_of
from tests import makers

pytestmark = pytest.mark.one_database


def zipped(path: Path, files: dict[str, bytes], **more) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def info(name: str, type: bytes = tarfile.REGTYPE, linkname: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = type, linkname
    return made


def codes(archive: Path) -> list[str]:
    return [
        "skipped" if m.file is None else m.file.problems[0].code if m.file.problems else "read"
        for m in members_of(archive)
    ]


@pytest.fixture(params=["zip", "tar.gz"])
def pack(request, tmp_path):
    """Makes an archive of either kind from names and bytes."""

    def make(files: dict[str, bytes]) -> Path:
        path = tmp_path / f"packed.{request.param}"
        if request.param == "zip":
            return zipped(path, files)
        return tarred(path, *((info(name), data) for name, data in files.items()))

    return make


def test_members_come_from_their_topic_folder_on(pack):
    text = makers.example_text("Packed").encode()

    members = list(members_of(pack({"training-data/gui/a.md": text, "strings/b.md": text})))

    assert [m.file.path for m in members if m.file] == ["gui/a.md", "strings/b.md"]
    assert all(m.file.data == text for m in members if m.file)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../gui/a.md", "path-outside"),
        ("/gui/a.md", "path-outside"),
        ("gui/../../a.md", "path-outside"),
        ("C:/gui/a.md", "path-outside"),
        ("..\\gui\\a.md", "path-outside"),
        ("gui\\a.md", "file-name"),
        ("gui/a\nb.md", "file-name"),
        ("gui/inner.zip", "nested-archive"),
        ("gui/inner.tar.gz", "nested-archive"),
        ("gui/a.exe", "not-markdown"),
        ("__MACOSX/gui/._a.md", "skipped"),
        ("gui/.DS_Store", "skipped"),
        ("gui/._a.md", "skipped"),
        ("training-data/tasks/holdout/a.md", "skipped"),
        ("FORMAT.md", "skipped"),
        ("gui/a.md", "read"),
    ],
)
def test_each_name_is_read_refused_or_skipped(pack, name, code):
    assert codes(pack({name: b"x"})) == [code]


def test_a_name_that_a_nul_ends_at_once_is_refused(tmp_path):
    path = zipped(tmp_path / "damaged.zip", {"gui/a.md": b"x"})
    path.write_bytes(path.read_bytes().replace(b"gui/a.md", b"\0ui/a.md"))

    assert codes(path) == ["file-name"]


def test_a_member_over_the_limit_is_refused_and_the_next_one_read(pack):
    assert codes(pack({"gui/a.md": b"x" * (LARGEST_FILE_BYTES + 1), "gui/b.md": b"x"})) == [
        "too-large",
        "read",
    ]


def test_the_same_path_twice_is_refused_also_in_other_case(pack):
    assert codes(pack({"gui/a.md": b"x", "gui/A.md": b"y", "data/gui/a.md": b"z"})) == [
        "read",
        "path-twice",
        "path-twice",
    ]


@pytest.mark.parametrize(
    ("type", "code"),
    [
        (tarfile.SYMTYPE, "symlink"),
        (tarfile.LNKTYPE, "symlink"),
        (tarfile.CHRTYPE, "not-a-file"),
        (tarfile.BLKTYPE, "not-a-file"),
        (tarfile.FIFOTYPE, "not-a-file"),
    ],
)
def test_a_tar_gives_plain_files_only(tmp_path, type, code):
    archive = tarred(tmp_path / "x.tar.gz", (info("gui/a.md", type, "/etc/passwd"), b""))

    assert codes(archive) == [code]


@pytest.mark.parametrize(("kind", "code"), [(stat.S_IFLNK, "symlink"), (stat.S_IFIFO, "not-a-file")])
def test_a_zip_gives_plain_files_only(tmp_path, kind, code):
    entry = zipfile.ZipInfo("gui/a.md")
    entry.external_attr = (kind | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")

    assert codes(tmp_path / "x.zip") == [code]


def test_an_encrypted_member_is_refused(tmp_path):
    archive = zipped(tmp_path / "x.zip", {"gui/a.md": b"x"})
    data = bytearray(archive.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    archive.write_bytes(data)

    assert codes(archive) == ["encrypted"]


def bounded(archive: Path) -> int:
    """The peak of memory in bytes while an archive is read to its end or its refusal."""
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveRefused):
            codes(archive)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_tar_bomb_is_refused_by_its_ratio_and_in_little_memory(tmp_path):
    path = tmp_path / "bomb.tar.gz"
    header = tarfile.TarInfo("gui/a.bin")
    header.size = 10**10
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(header.tobuf())
        for _ in range(30):
            stream.write(bytes(1024 * 1024))

    assert bounded(path) < 8 * 1024 * 1024


@pytest.mark.parametrize("type", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_huge_header_of_a_tar_is_not_read_into_memory(tmp_path, type):
    path = tmp_path / "bomb.tar.gz"
    header = tarfile.TarInfo("x")
    header.type, header.size = type, 14 * 1024 * 1024
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(header.tobuf())
        stream.write(bytes(header.size))

    assert bounded(path) < 4 * 1024 * 1024


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "RATIO_FROM_BYTES", 1024 * 1024)
    archive = zipped(tmp_path / "x.zip", {f"gui/{n}.md": bytes(200_000) for n in range(20)})

    with pytest.raises(ArchiveRefused, match="times its size"):
        codes(archive)


@pytest.mark.parametrize("entries", [60_000, 65_535])
def test_a_zip_that_claims_too_many_files_is_not_opened(tmp_path, entries):
    (tmp_path / "x.zip").write_bytes(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, 0, 0, 0))

    with pytest.raises(ArchiveRefused, match="files"):
        codes(tmp_path / "x.zip")


def test_a_zip_with_a_large_directory_is_not_opened(tmp_path):
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 90_000_000, 0, 0)
    (tmp_path / "x.zip").write_bytes(end)

    with pytest.raises(ArchiveRefused):
        codes(tmp_path / "x.zip")


def test_more_entries_than_allowed_are_refused(pack, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_FILES", 2)

    with pytest.raises(ArchiveRefused, match="2"):
        codes(pack({f"gui/{n}.md": b"x" for n in range(3)}))


@pytest.mark.parametrize(
    "data", [b"", b"x", b"PK\x03\x04" + b"x" * 50, b"\x1f\x8b\x08" + b"x" * 50, b"\0" * 2000]
)
def test_what_is_no_archive_holds_nothing(tmp_path, data):
    assert read_all(tmp_path / "x", data) == []


def read_all(path: Path, data: bytes) -> list[Member]:
    path.write_bytes(data)
    try:
        return list(members_of(path))
    except ArchiveRefused:
        return []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_archive_raises_nothing_else(tmp_path, data):
    good = data.draw(st.sampled_from(["zip", "tar.gz", "tar"]))
    path = tmp_path / "good"
    if good == "zip":
        zipped(path, {"gui/a.md": b"hello" * 50, "gui/b.md": b"x"})
    else:
        tarred(path, (info("gui/a.md"), b"hello" * 50), (info("gui/b.md"), b"x"))
    whole = path.read_bytes() if good != "tar" else gzip.decompress(path.read_bytes())
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))

    read_all(path, bytes(damaged))
    read_all(path, bytes(damaged[:cut]))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_raise_anything_else(tmp_path, data):
    read_all(tmp_path / "x", data)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=50), max_size=4))
def test_names_of_any_kind_are_told_as_text(tmp_path, files):
    path = tmp_path / "x.tar.gz"
    tarred(path, *((info(name.replace("\0", "0")), data) for name, data in files.items()))

    for member in read_all(path, path.read_bytes()):
        member.name.encode()


def test_ten_thousand_members_take_a_moment(tmp_path):
    archive = zipped(tmp_path / "x.zip", {f"gui/{n}.md": b"x" for n in range(10_000)})
    started = time.process_time()

    assert len(codes(archive)) == 10_000
    assert time.process_time() - started < 10
