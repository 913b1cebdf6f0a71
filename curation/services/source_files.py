"""Reading files that others wrote: nothing outside the folder, nothing huge, nothing but plain files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curation.domain import tree_manifest
from curation.domain.labels import TOPICS
from curation.domain.markdown import LARGEST_FILE_BYTES
from curation.domain.problems import Problem

MAX_FILES = 50_000
NOT_EXAMPLES = {"corpus", "tasks", "schema"}
NOT_EXAMPLE_FILES = {"FORMAT.md", "CONTRIBUTING.md", "README.md"}


class FolderRefused(Exception):
    """A folder or file that cannot be read at all; the message is a sentence for a person."""


@dataclass(frozen=True)
class SourceFile:
    path: str  # with "/", inside the folder that was read: "gui/hello-window.md"
    data: bytes | None  # None: refused before it was read, see problems
    problems: tuple[Problem, ...] = ()


def read_examples(root: Path) -> list[SourceFile]:
    """Every example file below `root`, in path order.

    Args:
        root: A training-data folder, one of its topic folders, or one Markdown file in a topic folder.

    Raises:
        FolderRefused: `root` is not there, is neither of these, or holds more than MAX_FILES files.
    """
    root = _there(root)
    if root.is_file():
        if root.suffix != ".md":
            raise FolderRefused(f"{root}: not a Markdown file. Give a file that ends in .md, or a folder.")
        return [_read(root, f"{root.parent.name}/{root.name}")]
    if root.name in TOPICS:
        return list(_tree(root, ".md", prefix=f"{root.name}/"))
    files: list[SourceFile] = []
    for entry in _entries(root):
        if entry.name.startswith(".") or entry.name in NOT_EXAMPLES | NOT_EXAMPLE_FILES:
            continue
        if entry.is_dir(follow_symlinks=False):
            files += _tree(Path(entry.path), ".md", prefix=f"{entry.name}/")
        elif entry.name.lower().endswith(".md") or entry.is_symlink():
            files.append(_read(Path(entry.path), entry.name))
        if len(files) > MAX_FILES:
            raise FolderRefused(f"{root}: more than {MAX_FILES} files. Import it topic by topic.")
    return files


def manifest_of(root: Path) -> bytes | None:
    """The .studio.json of the tree that `root` is, or is a topic or a file of; None when there is none.

    Raises:
        FolderRefused: It is a link, or cannot be read.
    """
    root = _there(root)
    top = root.parent.parent if root.is_file() else root.parent if root.name in TOPICS else root
    file = top / tree_manifest.NAME
    try:
        if file.is_symlink():
            raise FolderRefused(f"{file}: a link is not followed. Put the file itself there, or remove it.")
        if not file.is_file():
            return None
        with file.open("rb") as stream:
            return stream.read(tree_manifest.LARGEST_BYTES + 1)  # tree_manifest refuses what is larger
    except OSError as error:
        raise FolderRefused(
            f"{file}: cannot be read ({error.strerror}). Give this account access."
        ) from error


def read_tree(folder: Path, suffix: str | tuple[str, ...]) -> Iterator[SourceFile]:
    """Every file with this suffix below `folder`, paths relative to it; none when there is no such folder."""
    if folder.is_dir() and not folder.is_symlink():
        yield from _tree(folder, suffix)


def read_one(file: Path) -> SourceFile:
    """One plain file, under its own name."""
    return _read(file, file.name)


def _there(root: Path) -> Path:
    try:
        resolved = root.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise FolderRefused(f"{root}: there is no such file or folder. Check the spelling.") from error
    if not (resolved.is_file() or resolved.is_dir()):
        raise FolderRefused(f"{root}: neither a file nor a folder. Give a Markdown file or a folder.")
    return resolved


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise FolderRefused(
            f"{folder}: cannot be read ({error.strerror}). Give this account access."
        ) from error


def _tree(folder: Path, suffix: str | tuple[str, ...], *, prefix: str = "") -> Iterator[SourceFile]:
    for entry in _entries(folder):
        path = prefix + entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
            if entry.is_symlink() or entry.name.lower().endswith(suffix):
                yield _read(Path(entry.path), path)
        elif path.count("/") < 10:
            yield from _tree(Path(entry.path), suffix, prefix=f"{path}/")


def _read(file: Path, path: str) -> SourceFile:
    """Refuses what is no plain file without opening it: a pipe would block, a link may lead anywhere."""
    shown = path.encode("utf-8", "backslashreplace").decode()
    try:
        path.encode()
        status = file.lstat()
        if stat.S_ISLNK(status.st_mode):
            return _refused(shown, "symlink", "a symbolic link is not followed.", "Put the file itself here.")
        if not stat.S_ISREG(status.st_mode):
            return _refused(shown, "not-a-file", "not a plain file.", "Put a text file here.")
        if status.st_size > LARGEST_FILE_BYTES:
            message = f"{status.st_size} bytes; at most {LARGEST_FILE_BYTES} are read."
            return _refused(shown, "too-large", message, "Split it.")
        with os.fdopen(os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as stream:
            return SourceFile(path, stream.read(LARGEST_FILE_BYTES + 1))
    except UnicodeEncodeError:
        return _refused(
            shown, "file-name", "the file name is not UTF-8.", "Rename the file: lower case, hyphens."
        )
    except OSError as error:
        return _refused(
            shown, "not-readable", f"cannot be read ({error.strerror}).", "Give this account access."
        )


def _refused(path: str, code: str, message: str, suggestion: str) -> SourceFile:
    return SourceFile(path, None, (Problem(path, 0, code, "error", message, suggestion),))
