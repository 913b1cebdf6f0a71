"""The content-addressed store: what goes in is found by its sha256 and never changes.

    artifacts/3f/3f9c…      a file, or a folder stored file by file

Writing is safe against a crash: copy to a .part on the same volume while hashing, flush, rename, flush the
folder. What was stored before is not stored again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.domain.failure import Failure
from training.domain.run_folder import file_sha256, sync_folder

_BLOCK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """What was put into the store. For a folder, size_bytes is the sum of its files."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Store:
    """A folder of artifacts. Any number of processes may put the same thing at the same time."""

    root: Path

    def put(self, path: Path) -> Stored:
        """Copy a file or folder into the store.

        A folder's digest is the sha256 of its sorted list of "sha256  relative/path" lines, as sha256sum
        prints them.

        Raises:
            FileNotFoundError: path is not there.
            ValueError: path is, or holds, something that is neither file nor folder (a link, a pipe).
            Failure: disk_full; nothing half-written is left.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        part = self.root / f"{uuid.uuid4().hex}.part"
        try:
            stored = (
                _copy_folder(path, part)
                if path.is_dir() and not path.is_symlink()
                else _copy_file(path, part)
            )
            self._move_in(part, stored.sha256)
        except OSError as error:
            if error.errno in _FULL:
                raise Failure(
                    "disk_full", f"{self.root}: no space left for {path.name}. Free some space."
                ) from error
            raise
        finally:
            _remove(part)
        return stored

    def path_of(self, sha256: str) -> Path:
        """Where a stored thing lies, whether or not it is (still) there.

        Raises:
            ValueError: not a sha256 in hexadecimal digits.
        """
        if not _DIGEST.fullmatch(sha256):
            raise ValueError(f'"{sha256}" is not a sha256: 64 hexadecimal digits are expected')
        return self.root / sha256[:2] / sha256

    def digest_now(self, sha256: str) -> str | None:
        """The digest that the stored thing has today, None when it is gone. Differs after damage."""
        path = self.path_of(sha256)
        if path.is_dir():
            return _folder_digest({name: file_sha256(path / name) for name in _file_names(path)})
        return file_sha256(path) if path.exists() else None

    def entries(self) -> Iterator[Path]:
        """All that lies in the store: whole things, and what a crash left half-written."""
        for child in sorted(self.root.glob("*")):
            if child.suffix == ".part":
                yield child
            elif child.is_dir():
                yield from sorted(child.iterdir())

    def _move_in(self, part: Path, sha256: str) -> None:
        target = self.path_of(sha256)
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            os.utime(target)  # it is wanted again: no garbage that happens to be old
            return
        try:
            part.rename(target)
        except OSError:
            if not target.exists():  # else: another process stored the same folder in between
                raise
        sync_folder(target.parent)


_FULL = {28, 122}  # ENOSPC, EDQUOT


def _copy_file(source: Path, part: Path) -> Stored:
    if not stat.S_ISREG(source.lstat().st_mode):
        raise ValueError(f"{source}: is neither a file nor a folder, so it cannot be stored")
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, part.open("xb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
            size += len(block)
        writer.flush()
        os.fsync(writer.fileno())
    part.chmod(0o444)
    return Stored(digest.hexdigest(), size)


def _copy_folder(source: Path, part: Path) -> Stored:
    digests: dict[str, str] = {}
    size = 0
    part.mkdir()
    for name in _file_names(source):
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        stored = _copy_file(source / name, part / name)
        digests[name] = stored.sha256
        size += stored.size_bytes
    if not digests:
        raise ValueError(f"{source}: is an empty folder, there is nothing to store")
    for folder in {(part / name).parent for name in digests}:
        sync_folder(folder)
    return Stored(_folder_digest(digests), size)


def _file_names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _folder_digest(digests: dict[str, str]) -> str:
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def _shop() -> Store:
    from django.conf import settings

    return Store(settings.VAR / "artifacts")


def put(path: Path) -> Stored:
    """Put a file or folder into this installation's store (STUDIO_VAR/artifacts); see Store.put."""
    return _shop().put(path)


def path_of(sha256: str) -> Path:
    """Where this installation's store keeps it; see Store.path_of."""
    return _shop().path_of(sha256)


def digest_now(sha256: str) -> str | None:
    """The digest that it has in this installation's store today; see Store.digest_now."""
    return _shop().digest_now(sha256)


def entries() -> Iterator[Path]:
    """All that lies in this installation's store; see Store.entries."""
    return _shop().entries()
