"""`.studio.json` beside exported examples: what each file was when it left the studio.

    {"studio_tree": 1, "files": {"gui/hello-window.md": "<SHA-256 of its text>"}}

An import knows by it who changed a file since: nobody, the folder, the studio, or both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

NAME = ".studio.json"
VERSION = 1
LARGEST_BYTES = 16 * 1024 * 1024  # 50,000 files with the longest paths

_HASH = re.compile(r"[0-9a-f]{64}")


class ManifestRefused(Exception):
    """It cannot be read; the message says where, and what to do."""


def write(files: Mapping[str, str]) -> str:
    """The same text for the same files, whatever their order."""
    return json.dumps({"studio_tree": VERSION, "files": dict(sorted(files.items()))}, indent=0) + "\n"


def read(data: bytes) -> dict[str, str]:
    """Path -> content hash at export.

    Raises:
        ManifestRefused: too large, no JSON, or of another form.
    """
    if len(data) > LARGEST_BYTES:
        raise _refused(f"it has more than {LARGEST_BYTES:,} bytes")
    try:
        said = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _refused(str(error).partition("\n")[0][:120] or "it is nested too deeply") from error
    if not isinstance(said, dict) or said.get("studio_tree") != VERSION:
        raise _refused(f'"studio_tree" is not {VERSION}')
    files = said.get("files")
    if not isinstance(files, dict):
        raise _refused('"files" is no object')
    for path, content_hash in files.items():
        if not (isinstance(content_hash, str) and _HASH.fullmatch(content_hash)):
            raise _refused(f'the value of "{path[:80]}" is no SHA-256')
    return files


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _refused(what: str) -> ManifestRefused:
    return ManifestRefused(
        f"{NAME}: {what}. Take the file of the last export, or remove it: then nobody knows who changed "
        "what, and a changed file replaces the studio's text."
    )
