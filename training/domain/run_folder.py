"""The folder of one stage: the whole contract between the studio and the process that trains.

    recipe.json     in: the values of the stage, complete
    watched         in, touched again and again: the supervisor is there (training.recipes.unwatched)
    keep            in, any time: end after this step and save what is trained (an empty file)
    metrics.jsonl   out: a JSON object a line, appended while training
    log.txt         out: what the process printed (written by training.adapters.process)
    gpu.json        out: how full and busy each GPU is now (written by training.services.watching)
    checkpoints/    out: a checkpoint counts only with its COMPLETE.json
    result.json     out, last: {"ok": true, "files": [...], …} or {"ok": false, "code": …, "message": …}

A reader never sees a half-written file: everything but the two growing files is written to NAME.part, flushed
to disk and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

COMPLETE = "COMPLETE.json"


@dataclass(frozen=True)
class RunFolder:
    """One stage's folder. Nothing is created before something is written."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path).absolute())

    @property
    def recipe_file(self) -> Path:
        return self.path / "recipe.json"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def log_file(self) -> Path:
        return self.path / "log.txt"

    @property
    def keep_file(self) -> Path:
        return self.path / "keep"

    @property
    def watched_file(self) -> Path:
        return self.path / "watched"

    @property
    def gpu_file(self) -> Path:
        return self.path / "gpu.json"

    @property
    def result_file(self) -> Path:
        return self.path / "result.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def write_recipe(self, values: dict[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.recipe_file, values)

    def recipe(self) -> dict[str, Any]:
        """The values of recipe.json.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not a JSON object.
        """
        return _json_object(self.recipe_file)

    def write_result(self, values: dict[str, Any]) -> None:
        write_json(self.result_file, values)

    def write_first_result(self, values: dict[str, Any]) -> None:
        """Write it unless another process of the stage already has: the first word names the cause."""
        own = self.path / f"result.{os.getpid()}"
        write_json(own, values)
        with suppress(FileExistsError):
            os.link(own, self.result_file)
        own.unlink()

    def result(self) -> dict[str, Any] | None:
        """What the stage reported, or None while it has not (or wrote something unreadable)."""
        try:
            return _json_object(self.result_file)
        except (OSError, ValueError):
            return None

    def clear_result(self) -> None:
        """Forget the result of an earlier attempt, so that it is never taken for the one that starts now."""
        self.result_file.unlink(missing_ok=True)

    def append_metrics(self, values: dict[str, Any]) -> None:
        """Append one line. A number that JSON cannot hold (NaN, infinity) becomes its name as a string."""
        clean = {key: _storable(value) for key, value in values.items()}
        line = json.dumps(clean, ensure_ascii=False, allow_nan=False) + "\n"
        with self.metrics_file.open("ab") as stream:
            stream.write(line.encode())

    def metrics(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The metric lines from byte `offset` on, and the offset to ask for next.

        An unfinished last line is left for the next call; a line that is no JSON object (the machine went
        down in the middle of it) is passed over.
        """
        try:
            with self.metrics_file.open("rb") as stream:
                stream.seek(offset)
                data = stream.read()
        except FileNotFoundError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        points = []
        for line in whole.split(b"\n"):
            try:
                point = json.loads(line) if line else None
            except ValueError:
                continue
            if isinstance(point, dict):
                points.append(point)
        return points, offset + len(whole)

    def log(self, offset: int = 0, *, most: int = 64 * 1024) -> tuple[str, int]:
        """At most `most` bytes of log.txt from byte `offset` on, and the offset to ask for next."""
        try:
            with self.log_file.open("rb") as stream:
                stream.seek(offset)
                data = stream.read(most)
        except FileNotFoundError:
            return "", offset
        return data.decode("utf-8", "replace"), offset + len(data)

    def log_tail(self, lines: int = 40, *, since: int = 0) -> str:
        """The last lines of log.txt, "" when there is none.

        Args:
            since: Byte offset where this attempt began; the log keeps the earlier attempts' lines.
        """
        try:
            with self.log_file.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(since, size - lines * 8192))
                data = stream.read()
        except FileNotFoundError:
            return ""
        return "\n".join(data.decode("utf-8", "replace").split("\n")[-lines - 1 :]).strip("\n")

    def log_matches(self, words: str, *, most: int) -> tuple[list[tuple[int, str]], int]:
        """The last lines of log.txt that hold `words`, in any case: (line number from 1, line), and how many
        hold it in all. Reads the whole log, which is at most 100 MB, a line at a time."""
        wanted, found, kept = words.casefold(), 0, deque[tuple[int, str]](maxlen=most)
        try:
            with self.log_file.open(encoding="utf-8", errors="replace", newline="\n") as stream:
                for number, line in enumerate(stream, 1):
                    if wanted in line.casefold():
                        found += 1
                        kept.append((number, line.rstrip("\n")))
        except FileNotFoundError:
            pass
        return list(kept), found

    def write_gpu_loads(self, loads: list[dict[str, int]], at: datetime) -> None:
        write_json(self.gpu_file, {"loads": loads, "at": at.isoformat(timespec="seconds")})

    def gpu_loads(self) -> dict[str, Any] | None:
        """{"loads": [{"used_bytes", "total_bytes", "busy_percent"}, …], "at"}; None where nobody measured."""
        try:
            return _json_object(self.gpu_file)
        except (OSError, ValueError):
            return None


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a JSON object in one step: .part, flushed to disk, renamed, and the folder flushed too."""
    part = file.with_name(file.name + ".part")
    with part.open("w", encoding="utf-8") as stream:
        json.dump(values, stream, ensure_ascii=False, indent=1, sort_keys=True, default=str)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut (where the system can flush a folder)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def values_digest(values: dict[str, Any]) -> str:
    """sha256 of a JSON object, the same for the same values whatever their order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def mark_complete(checkpoint: Path, *, inputs: str) -> None:
    """Write COMPLETE.json, last of all: the digests of every file of the checkpoint.

    Args:
        inputs: Digest of what the checkpoint was trained from; another recipe must not go on from it.
    """
    files = {
        file.relative_to(checkpoint).as_posix(): file_sha256(file)
        for file in sorted(checkpoint.rglob("*"))
        if file.is_file() and file.name != COMPLETE and file.suffix != ".part"
    }
    write_json(checkpoint / COMPLETE, {"files": files, "inputs": inputs})


def is_complete(checkpoint: Path, *, inputs: str) -> bool:
    """True when COMPLETE.json was written for the same inputs and every file still has its digest."""
    try:
        marker = _json_object(checkpoint / COMPLETE)
        return marker["inputs"] == inputs and all(
            file_sha256(checkpoint / name) == digest for name, digest in marker["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def newest_checkpoint(folder: Path, *, inputs: str) -> Path | None:
    """The whole checkpoint with the most steps, or None. Removes the ones that are not whole or of other
    inputs.

    Removing them matters: a trainer that keeps two checkpoints would count a broken one as one of the two.
    """
    whole: Path | None = None
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        if not is_complete(checkpoint, inputs=inputs):
            shutil.rmtree(checkpoint)
        elif whole is None:
            whole = checkpoint
    return whole


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _json_object(file: Path) -> dict[str, Any]:
    values = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{file.name}: holds a {type(values).__name__}, expected a JSON object.")
    return values


def _storable(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value
