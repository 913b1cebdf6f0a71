"""A .zip that has the same bytes whoever makes it, in a file that is gone once it is closed."""

from __future__ import annotations

import zipfile
from tempfile import SpooledTemporaryFile
from typing import IO

from django.conf import settings

IN_MEMORY_BYTES = 8 * 1024 * 1024  # a larger file lies in STUDIO_VAR while it is made and sent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a .zip can name


def scratch() -> IO[bytes]:
    folder = settings.VAR / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    return SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(folder))


def entry(path: str, compression: int) -> zipfile.ZipInfo:
    """What the archive says of a file: nothing of this machine, its clock or its accounts.

    Args:
        compression: zipfile.ZIP_STORED where the bytes must be the same everywhere: zlib's differ by version.
    """
    info = zipfile.ZipInfo(path, EPOCH)
    info.compress_type = compression
    info.create_system = 3  # whatever system this is
    info.external_attr = 0o100644 << 16
    return info
