"""The examples as a tree of Markdown files, in a folder or a .zip, with what an import of it must know.

Byte-identical where nothing changed. A file that somebody edited and nobody imported is never overwritten.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain import markdown, tree_manifest
from curation.models import Revision
from curation.services import archiving, auditing, finding, looking, posing
from curation.services.exporting import ExportRefused, write_whole
from curation.services.source_files import MAX_FILES
from curation.services.unpacking import LARGEST_TOTAL_BYTES


@dataclass(frozen=True)
class TreeExport:
    written: int
    unchanged: int
    kept: tuple[str, ...] = ()  # files that were left alone: nobody imported what they say


def export_tree(to: Path, filters: finding.Filters) -> TreeExport:
    """Write the present text of each of these examples to <to>/<path>, and .studio.json.

    A file that holds the text already is not touched. Other files stay, and so does one whose text the studio
    never had.

    Raises:
        ExportRefused: A folder on the way is a link, or cannot be written; or .studio.json cannot be read.
    """
    to = Path(to)
    written = unchanged = 0
    kept: list[str] = []
    exported: dict[str, str] = {}
    known = _manifest_of(to)
    for path, text in _texts(filters):
        target = to / path
        try:
            if any(place.is_symlink() for place in (target, target.parent)):
                raise ExportRefused(
                    f"{target}: leads through a link. Remove the link or give another folder."
                )
            if target.is_file() and _bytes_of(target) == text.encode():
                unchanged += 1
            elif target.is_file() and not _was_of_the_studio(target, path):
                kept.append(path)
                continue
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, text)
                written += 1
        except OSError as error:
            raise ExportRefused(
                f"{target}: cannot be written ({error.strerror}). {written} files were written before it."
            ) from error
        exported[path] = markdown.content_hash(text)
    _write_manifest(to, {**known, **exported})
    return TreeExport(written, unchanged, tuple(kept))


def export_archive(filters: finding.Filters) -> tuple[IO[bytes], int]:
    """The same as a .zip, and its size: an open file, which is gone once it is closed.

    The same texts give the same bytes. It holds no more than one import takes.

    Raises:
        ExportRefused: More examples, or more bytes, than an import takes.
    """
    return _archive(_texts(filters))


@transaction.atomic
def export_tasks(*, by: User, why: str) -> tuple[IO[bytes], int]:
    """Every approved test task as tasks/<pool>/<name>.md in a .zip; it is a look at each of the holdout.

    Raises:
        ExportRefused: More tasks, or more bytes, than an import takes.
    """
    rows = list(posing.tasks().approved().select_related("head"))
    for task in rows:
        looking.look(task, by, f"download: {why}"[: looking.MAX_REASON])
    auditing.record(actor=by, action="task.download", tasks=len(rows), why=why)
    return _archive((f"tasks/{task.path}", task.head.text) for task in rows if task.head)


def _archive(texts: Iterable[tuple[str, str]]) -> tuple[IO[bytes], int]:
    file = archiving.scratch()
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            exported: dict[str, str] = {}
            size_bytes = 0
            for path, text in texts:
                data = text.encode()
                size_bytes += len(data)
                exported[path] = markdown.content_hash(text)
                if len(exported) >= MAX_FILES or size_bytes > LARGEST_TOTAL_BYTES:
                    raise ExportRefused(
                        f"These are more than the {MAX_FILES - 1:,} examples, or the "
                        f"{LARGEST_TOTAL_BYTES:,} bytes, that one import takes back. Filter by topic and "
                        "download each, or use manage.py export_examples on the server."
                    )
                archive.writestr(archiving.entry(path, zipfile.ZIP_DEFLATED), data)
            archive.writestr(
                archiving.entry(tree_manifest.NAME, zipfile.ZIP_DEFLATED), tree_manifest.write(exported)
            )
        size_bytes = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, size_bytes


def _texts(filters: finding.Filters) -> Iterator[tuple[str, str]]:
    rows = finding.find_examples(filters).values_list("path", "head__text")
    return ((path, text) for path, text in rows.iterator(chunk_size=500) if text is not None)


def _was_of_the_studio(target: Path, path: str) -> bool:
    """Whether the file holds a text that this example has or had here, whatever its line ends."""
    text, _ = markdown.decode(_bytes_of(target), path=path)
    if text is None:
        return False
    hashes = Revision.objects.filter(example__path=path, content_hash=markdown.content_hash(text))
    return hashes.exists()


def _bytes_of(target: Path) -> bytes:
    with target.open("rb") as stream:
        return stream.read(markdown.LARGEST_FILE_BYTES + 1)  # markdown.decode refuses what is larger


def _manifest_of(to: Path) -> dict[str, str]:
    file = to / tree_manifest.NAME
    try:
        if file.is_symlink():
            raise ExportRefused(f"{file}: is a link. Remove it or give another folder.")
        if not file.is_file():
            return {}
        with file.open("rb") as stream:
            return tree_manifest.read(stream.read(tree_manifest.LARGEST_BYTES + 1))
    except OSError as error:
        raise ExportRefused(
            f"{file}: cannot be read ({error.strerror}). Give this account access."
        ) from error
    except tree_manifest.ManifestRefused as refused:
        raise ExportRefused(f"{to}: {refused}") from refused


def _write_manifest(to: Path, files: dict[str, str]) -> None:
    file, text = to / tree_manifest.NAME, tree_manifest.write(files)
    try:
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            to.mkdir(parents=True, exist_ok=True)
            write_whole(file, text)
    except OSError as error:
        raise ExportRefused(
            f"{file}: cannot be written ({error.strerror}). Free space or give access, then repeat."
        ) from error
