"""Writing a frozen dataset version out: as a folder, or as one .zip, in any of the formats.

Byte-identical when repeated, on any machine: nothing but the frozen texts decides.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from curation.domain import chatml as templates
from curation.domain.weights import Weights
from curation.models import Snapshot
from curation.services import archiving
from curation.services.exports import chatml, frozen_texts, huggingface, markdown_tree, messages, raw_programs
from curation.services.exports.frozen_texts import ExportFile, ExportRefused

__all__ = ["FILES", "FORMATS", "ExportRefused", "archive", "export_snapshot", "made", "write_whole"]

MANIFEST = "manifest.json"
FILES = (MANIFEST, "train.jsonl", "validation.jsonl", "README.md")  # of chatml, each alone
LARGEST_BYTES = zipfile.ZIP64_LIMIT  # of a file in a .zip that every program can open


class Format(Protocol):
    """A module of curation/services/exports."""

    TITLE: str
    SAYS: str  # one sentence
    WEIGHABLE: bool  # its rows can have a column `weight`
    FOLDERS: tuple[str, ...]  # that are there even when they are empty

    def paths(self, manifest: dict[str, Any]) -> list[str]:
        """Every file that an export of this manifest may have."""

    def files(self, frozen: Snapshot, weights: Weights | None) -> Iterator[ExportFile]:
        """In the order in which they are written; manifest.json is the last one."""


FORMATS: dict[str, Format] = {
    "chatml": chatml,
    "messages": messages,
    "huggingface": huggingface,
    "markdown": markdown_tree,
    "corpus": raw_programs,
}


def export_snapshot(frozen: Snapshot, to: Path, *, format: str = "chatml", weights: bool = False) -> Path:
    """Write the files of a format into `to`. SHA-256 of its manifest.json is the digest.

    An older export there is replaced, files of others stay. Each file appears whole or not at all.

    Raises:
        ExportRefused: `to` holds something else under one of these names, or cannot be written.
    """
    to = Path(to)
    files = _files(frozen, format, weights)
    try:
        _make_room(frozen, to, FORMATS[format])
        for folder in FORMATS[format].FOLDERS:
            (to / folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            _no_link(to, file.path)
            (to / file.path).parent.mkdir(parents=True, exist_ok=True)
            _write(to / file.path, file.parts)
    except OSError as error:
        raise ExportRefused(
            f"{to}: cannot be written ({error.strerror}). Free space or give access, then repeat."
        ) from error
    return to


def archive(frozen: Snapshot, *, format: str, weights: bool = False) -> tuple[IO[bytes], int]:
    """The same as a .zip, and its size: an open file, which is gone once it is closed.

    Raises:
        ExportRefused: as for a folder; or a file is too large for a .zip.
    """
    folder = archive_name(frozen, format, weights).removesuffix(".zip")
    files = _files(frozen, format, weights)
    file = archiving.scratch()
    try:
        with zipfile.ZipFile(file, "w") as made:
            for one in files:
                entry = archiving.entry(f"{folder}/{one.path}", zipfile.ZIP_STORED)
                with made.open(entry, "w") as member:
                    _copy(one, member)
        return _rewound(file)
    except BaseException:
        file.close()
        raise


def archive_name(frozen: Snapshot, format: str, weights: bool) -> str:
    return f"bbj-{frozen.digest[:12]}-{format}{'-weighted' if weights else ''}.zip"


def made(frozen: Snapshot, name: str) -> tuple[IO[bytes], int]:
    """One of FILES alone, and its size: an open file, which is gone once it is closed.

    Raises:
        ExportRefused: the version was frozen for other templates than this studio has.
    """
    wanted = next(one for one in _files(frozen, "chatml", False) if one.path == name)
    file = archiving.scratch()
    try:
        _copy(wanted, file)
        return _rewound(file)
    except BaseException:
        file.close()
        raise


def _files(frozen: Snapshot, format: str, weights: bool) -> Iterator[ExportFile]:
    version = json.loads(frozen.manifest)["template_version"]
    if version != templates.TEMPLATE_VERSION:
        raise ExportRefused(
            f'{frozen.name} was frozen for templates "{version}"; here they are '
            f'"{templates.TEMPLATE_VERSION}". Freeze a new version, or export with the studio that froze it.'
        )
    if weights and not FORMATS[format].WEIGHABLE:
        raise ExportRefused(f"The format {format} has no rows to weigh. Leave the weights out.")
    return FORMATS[format].files(frozen, frozen_texts.weights_of(frozen) if weights else None)


def _make_room(frozen: Snapshot, to: Path, format: Format) -> None:
    """Remove what an older export left in `to`, and leave the sign of one that is not whole yet."""
    to.mkdir(parents=True, exist_ok=True)
    whole, begun = to / MANIFEST, to / f"{MANIFEST}.part"
    old = [path for manifest in (whole, begun) for path in _paths_of(manifest, format)]
    if not old:
        new = format.paths(json.loads(frozen.manifest))
        for name in sorted({path.partition("/")[0] for path in new}):
            if os.path.lexists(to / name):
                raise ExportRefused(f"{to / name} exists and is no part of an export. Give an empty folder.")
    if whole.exists():
        os.replace(whole, begun)
    for path in old:
        _no_link(to, path)
        (to / path).unlink(missing_ok=True)
    begun.write_bytes(frozen.manifest.encode())


def _paths_of(manifest: Path, format: Format) -> list[str]:
    """The files of the export that has this manifest; none where it is no manifest of a dataset version."""
    try:
        found = json.loads(manifest.read_bytes())
        paths = format.paths(found) if "manifest_version" in found else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
    # Whoever can write the file names its paths: none of them may lead out of the folder.
    return [path for path in paths if ".." not in PurePosixPath(path).parts and not path.startswith("/")]


def _no_link(to: Path, path: str) -> None:
    target = to / path
    for place in (target, *target.parents):
        if place == to:
            return
        if place.is_symlink():
            raise ExportRefused(f"{place} is a link. Remove the link or give another folder.")


def _copy(file: ExportFile, to: IO[bytes]) -> None:
    size_bytes = 0
    for part in file.parts:
        size_bytes += len(part)
        if size_bytes > LARGEST_BYTES:
            raise ExportRefused(
                f"{file.path} has more than 2 GB. Use manage.py export_snapshot on the server instead."
            )
        to.write(part)


def _rewound(file: IO[bytes]) -> tuple[IO[bytes], int]:
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    return file, size_bytes


def write_whole(file: Path, text: str) -> None:
    """The file appears whole or not at all."""
    _write(file, [text.encode()])


def _write(file: Path, parts: Iterable[bytes]) -> None:
    part = file.with_name(file.name + ".part")
    with open(part, "wb") as stream:
        stream.writelines(parts)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, file)
