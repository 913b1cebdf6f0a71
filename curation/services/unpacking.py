"""Archives that others made, read member by member: nothing is written to disk, nothing grows without end.

Source: docs/imports.md ("Archives")
"""

from __future__ import annotations

import gzip
import posixpath
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Self

from curation.domain import corpus, tree_manifest
from curation.domain.labels import TOPICS
from curation.domain.markdown import LARGEST_FILE_BYTES
from curation.domain.problems import Problem
from curation.services.source_files import (
    MAX_FILES,
    NOT_EXAMPLE_FILES,
    NOT_EXAMPLES,
    FolderRefused,
    SourceFile,
)

LARGEST_TOTAL_BYTES = 512 * 1024 * 1024  # unpacked
LARGEST_RATIO = 100  # unpacked : packed, once RATIO_FROM_BYTES are unpacked
RATIO_FROM_BYTES = 16 * 1024 * 1024
LARGEST_DIRECTORY_BYTES = 8 * 1024 * 1024  # of a zip; zipfile holds all of it in memory
LARGEST_TAR_HEADER_BYTES = 64 * 1024  # of a long name or pax header, which tarfile reads whole
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar", ".jsonl.gz", ".7z", ".rar", ".gz", ".bz2", ".xz")

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
_END_OF_ZIP = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"


class ArchiveRefused(FolderRefused):
    """The archive as a whole cannot be read safely; the message is a sentence for a person."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for in an archive."""

    suffixes: tuple[str, ...]
    path_of: Callable[[str], str]  # the name in the archive -> the path that is kept
    is_junk: Callable[[str], bool]  # whether an entry is skipped and not refused


@dataclass(frozen=True)
class Member:
    """One entry of an archive. `file` is None for what is skipped and listed: folders' notes, macOS junk."""

    name: str  # as it stands in the archive
    file: SourceFile | None
    done_bytes: int  # how far the reading has come in the archive itself


def members_of(archive: Path, wanted: Wanted | None = None) -> Iterator[Member]:
    """Every entry in the archive's order.

    Args:
        wanted: EXAMPLES if not given, whose paths begin at their topic folder.

    Raises:
        ArchiveRefused: broken, or larger than the limits; members before that were given.
    """
    seen: set[str] = set()
    read = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    count = 0
    try:
        for member in read(archive, wanted or EXAMPLES):
            count += 1
            if count > MAX_FILES:
                raise ArchiveRefused(
                    f"{archive.name}: more than {MAX_FILES:,} entries. Make several archives."
                )
            if member.file is not None:
                member = _once(member, member.file, seen)
            yield member
    except ArchiveRefused:
        raise
    except _BROKEN as error:
        raise ArchiveRefused(
            f"The archive is broken ({_sentence(error)}). Pack it again as .zip or .tar.gz."
        ) from error


def manifest_of(archive: Path) -> bytes | None:
    """The archive's .studio.json, of several the one nearest to the top; None when there is none.

    It may stand anywhere in the archive, and must be known before the first example: so it is read by itself.

    Raises:
        ArchiveRefused: broken, or larger than the limits.
    """
    found = _zip_manifest if zipfile.is_zipfile(archive) else _tar_manifest
    try:
        return found(archive)
    except ArchiveRefused:
        raise
    except _BROKEN as error:
        raise ArchiveRefused(
            f"The archive is broken ({_sentence(error)}). Pack it again as .zip or .tar.gz."
        ) from error


def _zip_manifest(archive: Path) -> bytes | None:
    _small_directory(archive)
    with zipfile.ZipFile(archive) as unpacked:
        named = [info for info in unpacked.infolist() if _is_manifest(info.filename)]
        if not named:
            return None
        with unpacked.open(min(named, key=lambda info: _depth(info.filename))) as content:
            return content.read(tree_manifest.LARGEST_BYTES + 1)


def _tar_manifest(archive: Path) -> bytes | None:
    found: tuple[tuple[int, str], bytes] | None = None
    with _opened_tar(archive) as (tar, _):
        for info in tar:
            tar.members = []
            if info.isreg() and _is_manifest(info.name) and (found is None or _depth(info.name) < found[0]):
                content = tar.extractfile(info)
                assert content is not None  # a plain file
                found = _depth(info.name), content.read(tree_manifest.LARGEST_BYTES + 1)
    return found[1] if found else None


def _is_manifest(name: str) -> bool:
    parts = name.split("/")
    return parts[-1] == tree_manifest.NAME and "__MACOSX" not in parts


def _depth(name: str) -> tuple[int, str]:
    return name.removeprefix("./").count("/"), name


class _Counted:
    """A stream that refuses to give more than the limits allow."""

    def __init__(self, stream: IO[bytes], packed_bytes: int) -> None:
        self._stream, self._packed, self.given = stream, max(packed_bytes, 1), 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.given += len(data)
        _within_limits(self.given, self._packed)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class _CarefulTarInfo(tarfile.TarInfo):
    """Refuses a header that would make tarfile read megabytes of names into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str | None, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)  # type: ignore[arg-type]
        extended = (
            tarfile.XHDTYPE,
            tarfile.XGLTYPE,
            tarfile.SOLARIS_XHDTYPE,
            tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK,
        )
        if info.size < 0 or (info.type in extended and info.size > LARGEST_TAR_HEADER_BYTES):
            raise ArchiveRefused("A header of the archive is too large. Pack it again with shorter names.")
        return info


def _tar_members(archive: Path, wanted: Wanted) -> Iterator[Member]:
    with _opened_tar(archive) as (tar, raw):
        for info in tar:
            tar.members = []  # tarfile would remember every header
            if info.isdir():
                continue
            yield Member(_shown(info.name), _tar_file(tar, info, wanted), raw.tell())


@contextmanager
def _opened_tar(archive: Path) -> Iterator[tuple[Any, BinaryIO]]:
    """The archive as a stream, and the file below it, which tells how far the reading has come."""
    size = archive.stat().st_size
    with archive.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        with (
            _Counted(stream, size) as counted,
            tarfile.open(fileobj=counted, mode="r|", tarinfo=_CarefulTarInfo) as tar,  # type: ignore[call-overload]
        ):
            yield tar, raw


def _tar_file(tar: tarfile.TarFile, info: tarfile.TarInfo, wanted: Wanted) -> SourceFile | None:
    name = _shown(info.name)
    if wanted.is_junk(info.name):
        return None
    if info.issym() or info.islnk():
        return _refused(name, "symlink", "A link is not followed.", "Pack the file itself.")
    if not info.isreg() or info.issparse():
        return _refused(name, "not-a-file", "Not a plain file.", "Pack text files only.")
    if problem := _name_problem(info.name, wanted) or _size_problem(info.name, info.size):
        return problem
    content = tar.extractfile(info)
    assert content is not None  # a plain file
    return _read(wanted.path_of(info.name), info.name, content)


def _zip_members(archive: Path, wanted: Wanted) -> Iterator[Member]:
    _small_directory(archive)
    size = archive.stat().st_size
    total = 0
    with zipfile.ZipFile(archive) as unpacked:
        for info in unpacked.infolist():
            if info.filename.endswith("/"):  # is_dir() stumbles over an empty name
                continue
            name = _shown(info.filename)
            file = _zip_file(unpacked, info, wanted)
            total += len(file.data or b"") if file else 0
            _within_limits(total, max(size, 1))
            yield Member(name, file, min(info.header_offset + info.compress_size, size))


def _zip_file(unpacked: zipfile.ZipFile, info: zipfile.ZipInfo, wanted: Wanted) -> SourceFile | None:
    name = _shown(info.filename)
    if wanted.is_junk(info.filename):
        return None
    mode = info.external_attr >> 16
    if mode and (mode & 0o170000) not in (0, 0o100000):
        kind = "symlink" if mode & 0o170000 == 0o120000 else "not-a-file"
        return _refused(name, kind, "Not a plain file.", "Pack the file itself.")
    if info.flag_bits & 0x1:
        return _refused(name, "encrypted", "The file is encrypted.", "Pack it without a password.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _refused(name, "compression", "Packed in an unusual way.", "Pack it as an ordinary .zip.")
    if problem := _name_problem(info.orig_filename, wanted) or _size_problem(info.filename, info.file_size):
        return problem
    try:
        with unpacked.open(info) as content:
            return _read(wanted.path_of(info.filename), info.filename, content)
    except _BROKEN as error:
        return _refused(name, "broken", f"Cannot be unpacked ({_sentence(error)}).", "Pack it again.")


def _small_directory(archive: Path) -> None:
    """Look at the end of a zip by hand, before zipfile reads its whole directory into memory."""
    with archive.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 65_557 - 20))
        tail = file.read()
    at = tail.rfind(_END_OF_ZIP)
    if at < 0 or len(tail) < at + 22:
        raise ArchiveRefused("The archive has no end. Pack it again.")
    entries, directory_bytes = struct.unpack_from("<HL", tail, at + 10)
    if tail[max(0, at - 20) : at][:4] == _ZIP64_LOCATOR or directory_bytes > LARGEST_DIRECTORY_BYTES:
        raise ArchiveRefused(f"The archive lists more than {MAX_FILES:,} files. Make several archives.")
    if entries > MAX_FILES:
        raise ArchiveRefused(f"The archive lists {entries:,} files; {MAX_FILES:,} are read. Make several.")


def _read(path: str, name: str, content: BinaryIO | IO[bytes]) -> SourceFile:
    data = content.read(LARGEST_FILE_BYTES + 1)  # markdown.decode refuses what is larger
    if len(data) > LARGEST_FILE_BYTES:
        return _too_large(name, len(data))
    return SourceFile(path, data)


def example_path(name: str) -> str:
    """The path from the topic folder on: "data/gui/x.md" is "gui/x.md". Without a topic the name as it is."""
    parts = name.split("/")
    at = next((n for n, part in enumerate(parts[:-1]) if part in TOPICS), 0)
    return "/".join(parts[at:])


def _once(member: Member, file: SourceFile, seen: set[str]) -> Member:
    """The same path twice, also in other case: many systems would let the second overwrite the first."""
    key = file.path.casefold()
    if key in seen:
        message = "An entry before it has the same path (large and small letters count as one)."
        refused = _refused(member.name, "path-twice", message, "Rename one of them.")
        return Member(member.name, refused, member.done_bytes)
    seen.add(key)
    return member


def _is_junk(name: str) -> bool:
    """What archivers add, and what lies beside the examples of a training-data folder."""
    parts = name.split("/")
    if _is_of_an_archiver(name) or parts[-1] in {tree_manifest.NAME} | NOT_EXAMPLE_FILES:
        return True
    return not any(part in TOPICS for part in parts[:1]) and any(part in NOT_EXAMPLES for part in parts[:-1])


def _is_no_program(name: str) -> bool:
    """Whatever else lies in a repository is no mistake."""
    return _is_of_an_archiver(name) or not name.lower().endswith((*corpus.SUFFIXES, *ARCHIVES))


def _is_of_an_archiver(name: str) -> bool:
    parts = name.split("/")
    names = {".DS_Store", "Thumbs.db", "desktop.ini"}
    return "__MACOSX" in parts or parts[-1] in names or parts[-1].startswith("._")


EXAMPLES = Wanted((".md",), example_path, _is_junk)
PROGRAMS = Wanted(corpus.SUFFIXES, posixpath.normpath, _is_no_program)


def _name_problem(name: str, wanted: Wanted) -> SourceFile | None:
    shown = _shown(name)
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        return _refused(
            shown, "path-outside", "The name leads out of the archive.", "Pack the folder itself."
        )
    if "\\" in name or any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in name):
        return _refused(
            shown, "file-name", "The name holds a sign that no path may hold.", "Rename the file."
        )
    if name.lower().endswith(ARCHIVES):
        return _refused(
            shown, "nested-archive", "An archive in an archive is not opened.", "Unpack it first."
        )
    if not name.lower().endswith(wanted.suffixes):
        return _refused(shown, "not-markdown", "Not a Markdown file.", "Leave it out, or name it .md.")
    return None


def _size_problem(name: str, size: int) -> SourceFile | None:
    return _too_large(name, size) if size > LARGEST_FILE_BYTES else None


def _too_large(name: str, size: int) -> SourceFile:
    message = f"{size:,} bytes; at most {LARGEST_FILE_BYTES:,} are read."
    return _refused(_shown(name), "too-large", message, "Split it.")


def _refused(path: str, code: str, message: str, suggestion: str) -> SourceFile:
    return SourceFile(path, None, (Problem(path, 1, code, "error", message, suggestion),))


def _within_limits(unpacked: int, packed: int) -> None:
    if unpacked > LARGEST_TOTAL_BYTES:
        raise ArchiveRefused(
            f"Unpacked it has more than {LARGEST_TOTAL_BYTES:,} bytes. Make several archives."
        )
    if unpacked > RATIO_FROM_BYTES and unpacked > LARGEST_RATIO * packed:
        raise ArchiveRefused(
            f"It unpacks to more than {LARGEST_RATIO} times its size, as text does not. Nothing was imported."
        )


def _shown(name: str) -> str:
    """A name for a page and a column: half characters and control characters made visible, cut at the end."""
    visible = name.encode("utf-8", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in visible)[:300]


def _sentence(error: BaseException) -> str:
    return (_shown(str(error)) or type(error).__name__)[:120]
